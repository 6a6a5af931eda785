//! The rows of the study's tables, one type a file. Field names are the column names.
//!
//! Layers, neurons, positions (`[CLS]` is 0) and prompts count from 0. Logits are written as the
//! f64 that equals the model's f32, so that a reader's own difference equals `logit_drop`.

use serde::Serialize;

use neuron_stats::Correction;

use crate::{Adjustment, Controlled, Diagnostics, LesionOutcome, Prediction, Selection, Sparsity};

/// A row of `neurons.csv`: one neuron's test.
#[derive(Clone, Debug, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
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

/// A row of `predictions.csv`: one candidate at one mask.
#[derive(Clone, Debug, Serialize)]
pub struct PredictionRow<'a> {
    /// Index of the prompt's template.
    pub prompt: usize,
    /// Position of the mask.
    pub position: usize,
    /// The right word.
    pub target: &'a str,
    /// The candidate.
    pub candidate: &'a str,
    /// Its logit.
    pub logit: f64,
    /// Its probability over the whole vocabulary.
    pub prob: f64,
    /// Its rank over the whole vocabulary; 1 is the top.
    pub rank: usize,
}

/// A row of `lesions.csv`: one candidate at one lesioned mask, or in the control.
#[derive(Clone, Debug, Serialize)]
pub struct LesionRow<'a> {
    /// The lesioned layer.
    pub layer: usize,
    /// Index of the prompt's template.
    pub prompt: usize,
    /// Position of the target.
    pub position: usize,
    /// The right word.
    pub target: &'a str,
    /// The label of the silenced neurons; empty in the unmasked, unlesioned control.
    pub neuron_set: Option<&'a str>,
    /// How many neurons were silenced.
    pub neurons: usize,
    /// The candidate.
    pub candidate: &'a str,
    /// Its logit in the plain pass.
    pub logit_clean: f64,
    /// Its logit in the lesioned pass.
    pub logit_lesioned: f64,
    /// `logit_clean - logit_lesioned`.
    pub logit_drop: f64,
    /// The fall of the right word's margin; the same for every candidate of a prompt.
    pub margin_drop: f64,
}

/// A row of `nulls.csv`: one lesion of a controlled comparison.
#[derive(Clone, Debug, Serialize)]
pub struct NullRow<'a> {
    /// The lesioned layer.
    pub layer: usize,
    /// Index of the prompt's template.
    pub prompt: usize,
    /// Position of the mask.
    pub position: usize,
    /// The right word.
    pub target: &'a str,
    /// The label of the matched set.
    pub neuron_set: &'a str,
    /// `matched`, `swapped`, `least-tuned`, `random` or `random-active`.
    pub kind: String,
    /// Which draw of a random kind it is.
    pub draw: usize,
    /// How many neurons were silenced.
    pub neurons: usize,
    /// The fall of the right word's logit.
    pub logit_drop: f64,
    /// The fall of the right word's margin.
    pub margin_drop: f64,
}

/// The rows of `nulls.csv`.
pub fn nulls(layer: usize, controlled: &[Controlled]) -> impl Iterator<Item = NullRow<'_>> {
    controlled.iter().flat_map(move |of| {
        of.lesions.iter().map(move |lesion| NullRow {
            layer,
            prompt: of.prompt,
            position: of.position,
            target: &of.target,
            neuron_set: &of.label,
            kind: lesion.kind.to_string(),
            draw: lesion.draw,
            neurons: of.neurons,
            logit_drop: lesion.logit_drop,
            margin_drop: lesion.margin_drop,
        })
    })
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
        selection.adjusted.iter().flat_map(move |adjusted| {
            let (a, b) = selection.count(adjusted, layer);
            [(&selection.contrast.a, a), (&selection.contrast.b, b)].map(|(label, neurons)| {
                SelectionRow {
                    layer,
                    scope: adjusted.scope.to_string(),
                    directional: adjusted.directional,
                    correction: adjusted.adjustment.to_string(),
                    label,
                    neurons,
                }
            })
        })
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

/// The rows of `predictions.csv`.
pub fn predictions(predictions: &[Prediction]) -> impl Iterator<Item = PredictionRow<'_>> {
    predictions.iter().flat_map(|prediction| {
        prediction.scores.iter().map(|score| PredictionRow {
            prompt: prediction.prompt,
            position: prediction.position,
            target: prediction.target(),
            candidate: &score.word,
            logit: f64::from(score.logit),
            prob: score.prob,
            rank: score.rank,
        })
    })
}

/// The rows of `lesions.csv`.
pub fn lesions(layer: usize, outcomes: &[LesionOutcome]) -> impl Iterator<Item = LesionRow<'_>> {
    outcomes.iter().flat_map(move |outcome| {
        let margin_drop = outcome.margin_drop();
        outcome.effects.iter().map(move |effect| LesionRow {
            layer,
            prompt: outcome.prompt,
            position: outcome.position,
            target: outcome.target(),
            neuron_set: outcome.neuron_set.as_deref(),
            neurons: outcome.neurons,
            candidate: &effect.candidate,
            logit_clean: f64::from(effect.clean),
            logit_lesioned: f64::from(effect.lesioned),
            logit_drop: effect.logit_drop(),
            margin_drop,
        })
    })
}
