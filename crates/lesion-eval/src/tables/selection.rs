//! What was selected, and what the activations look like.

use neuron_stats::Correction;
use serde::Serialize;

use crate::selection::{
    adjustment::Adjustment,
    diagnose::{Diagnostics, Sparsity},
    replication::Replication,
    select::{Adjusted, Selection},
};

/// A row of `neurons.csv`: one neuron's test.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NeuronRow<'a> {
    /// Layer.
    pub layer: usize,
    /// Neuron.
    pub neuron: usize,
    /// Mean pre-activation on side a.
    pub mean_a: f64,
    /// Mean pre-activation on side b.
    pub mean_b: f64,
    /// t statistic of a − b; NaN for a neuron without variance.
    pub t: f64,
    /// Degrees of freedom.
    pub df: f64,
    /// Two-sided p.
    pub p: f64,
    /// p under the chosen correction, scope and direction.
    pub q: f64,
    /// Cohen's `d_z` (paired) or `d`.
    pub effect: f64,
    /// The label where the neuron is significant, else empty.
    pub label: Option<&'a str>,
    /// Lower end of the confidence interval of the mean difference.
    pub ci_low: f64,
    /// Upper end.
    pub ci_high: f64,
    /// Storey's q-value; this and the following in the chosen scope and direction.
    pub p_storey: f64,
    /// p under Benjamini-Hochberg.
    pub p_bh: f64,
    /// p under Benjamini-Yekutieli.
    pub p_by: f64,
    /// p by permutation, with the distribution of the largest t.
    pub p_max_t: f64,
    /// p under Holm.
    pub p_holm: f64,
    /// p under Bonferroni.
    pub p_bonferroni: f64,
}

/// A row of `selection.csv`: how many neurons of a layer get a label, one way of correcting.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SelectionRow<'a> {
    /// Layer.
    pub layer: usize,
    /// The tests that are adjusted together: `layer` or `model`.
    pub scope: String,
    /// Whether each direction is adjusted by itself.
    pub directional: bool,
    /// The correction.
    pub correction: String,
    /// The label.
    pub label: &'a str,
    /// Number of neurons.
    pub neurons: usize,
}

/// A row of `histogram.csv`: one bin of one layer at one site.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HistogramRow {
    /// Layer.
    pub layer: usize,
    /// `pre` or `post`.
    pub site: String,
    /// Lower edge, which belongs to the bin.
    pub low: f64,
    /// Upper edge, which belongs to the next bin (or to the last bin).
    pub high: f64,
    /// Number of activations.
    pub count: u64,
}

/// A row of `normality.csv`: the pre-activations of one neuron, or of a layer pooled.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NormalityRow {
    /// Layer.
    pub layer: usize,
    /// Neuron; empty for all of the layer's pooled.
    pub neuron: Option<usize>,
    /// Number of values.
    pub count: u64,
    /// Mean.
    pub mean: f64,
    /// Standard deviation, with n − 1.
    pub sd: f64,
    /// Skewness; 0 for a normal distribution.
    pub skewness: f64,
    /// Excess kurtosis; 0 for a normal distribution.
    pub excess_kurtosis: f64,
    /// Jarque and Bera's statistic.
    pub jarque_bera: f64,
    /// Its p.
    pub jarque_bera_p: f64,
    /// D'Agostino and Pearson's K².
    pub k_squared: f64,
    /// Its p.
    pub k_squared_p: f64,
}

/// A row of `sparsity.csv`: one measure of a layer's activations after GELU.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SparsityRow {
    /// Layer.
    pub layer: usize,
    /// `zero`: values exactly 0; `below`: values with |a| < `at`; `top`: squared norm of the `at`
    /// strongest neurons.
    pub measure: &'static str,
    /// The threshold or the number of neurons; empty for `zero`.
    pub at: Option<f64>,
    /// The share, between 0 and 1.
    pub share: f64,
}

/// A row of `held_out.csv`: the neurons of one label on stimuli that they were not selected on.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HeldOutRow<'a> {
    /// Layer.
    pub layer: usize,
    /// Label.
    pub label: &'a str,
    /// Neurons that carry it.
    pub neurons: usize,
    /// Of these, those that differ in the same direction.
    pub same_direction: usize,
    /// Of these, those that are significant again.
    pub replicated: usize,
}

/// The rows of `neurons.csv`: all layers, all neurons.
pub fn neurons(selection: &Selection) -> impl Iterator<Item = NeuronRow<'_>> {
    let chosen = selection.chosen();
    let under = |correction| &selection.under(Adjustment::Correction(correction)).p;
    let storey = under(Correction::Storey);
    let bh = under(Correction::BenjaminiHochberg);
    let by = under(Correction::BenjaminiYekutieli);
    let holm = under(Correction::Holm);
    let bonferroni = under(Correction::Bonferroni);
    let max_t = &selection.under(Adjustment::MaxT).p;
    selection.tests.iter().enumerate().map(move |(index, test)| NeuronRow {
        layer: index / selection.neurons,
        neuron: index % selection.neurons,
        mean_a: test.mean_a,
        mean_b: test.mean_b,
        t: test.t,
        df: test.df,
        p: test.p_two_sided,
        q: chosen.p[index],
        effect: test.effect,
        label: selection.label(chosen, index),
        ci_low: test.ci.0,
        ci_high: test.ci.1,
        p_storey: storey[index],
        p_bh: bh[index],
        p_by: by[index],
        p_max_t: max_t[index],
        p_holm: holm[index],
        p_bonferroni: bonferroni[index],
    })
}

/// The rows of `selection.csv`: every layer under every way of correcting.
pub fn selection(selection: &Selection) -> impl Iterator<Item = SelectionRow<'_>> {
    (0..selection.layers).flat_map(move |layer| {
        selection.adjusted.iter().flat_map(move |adjusted| counts(selection, adjusted, layer))
    })
}

/// Those rows of `selection.csv` that decided which neurons carry a label.
pub fn chosen(selection: &Selection) -> impl Iterator<Item = SelectionRow<'_>> {
    (0..selection.layers).flat_map(|layer| counts(selection, selection.chosen(), layer))
}

fn counts<'a>(selection: &'a Selection, by: &Adjusted, layer: usize) -> [SelectionRow<'a>; 2] {
    let (a, b) = selection.count(by, layer);
    [(&selection.contrast.a, a), (&selection.contrast.b, b)].map(|(label, neurons)| SelectionRow {
        layer,
        scope: by.scope.to_string(),
        directional: by.directional,
        correction: by.adjustment.to_string(),
        label,
        neurons,
    })
}

/// The rows of `histogram.csv`.
pub fn histogram(diagnostics: &Diagnostics) -> impl Iterator<Item = HistogramRow> {
    diagnostics.histograms.iter().flat_map(|of| {
        let bins = of.histogram.edges().windows(2).zip(of.histogram.counts());
        bins.map(|(edges, &count)| HistogramRow {
            layer: of.layer,
            site: of.site.to_string(),
            low: edges[0],
            high: edges[1],
            count,
        })
    })
}

/// The rows of `normality.csv`.
pub fn normality(diagnostics: &Diagnostics) -> impl Iterator<Item = NormalityRow> {
    diagnostics.normality.iter().map(|of| NormalityRow {
        layer: of.layer,
        neuron: of.neuron,
        count: of.moments.count(),
        mean: of.moments.mean(),
        sd: of.moments.variance().sqrt(),
        skewness: of.moments.skewness(),
        excess_kurtosis: of.moments.excess_kurtosis(),
        jarque_bera: of.jarque_bera.statistic,
        jarque_bera_p: of.jarque_bera.p,
        k_squared: of.k_squared.statistic,
        k_squared_p: of.k_squared.p,
    })
}

/// The rows of `sparsity.csv`.
pub fn sparsity(diagnostics: &Diagnostics) -> impl Iterator<Item = SparsityRow> {
    diagnostics.sparsity.iter().map(|&(layer, measure, share)| {
        let (measure, at) = match measure {
            Sparsity::Zero => ("zero", None),
            Sparsity::Below(threshold) => ("below", Some(threshold)),
            Sparsity::Top(count) => ("top", Some(count as f64)),
        };
        SparsityRow { layer, measure, at, share }
    })
}

/// The rows of `held_out.csv`.
pub fn held_out(replications: &[Replication]) -> impl Iterator<Item = HeldOutRow<'_>> {
    replications.iter().map(|of| HeldOutRow {
        layer: of.layer,
        label: &of.label,
        neurons: of.neurons,
        same_direction: of.same_direction,
        replicated: of.replicated,
    })
}
