//! Diagnostics of the activations at the targets: whether they are near Gaussian before the activation
//! function and sparse after it, as the paper says.

use bert_model::Site;
use neuron_stats::{
    Histogram, Matrix, Moments, NormalityTest, StatsError, concentration, dagostino_pearson,
    jarque_bera, moments, share_below, share_of_zeros,
};

use crate::{
    error::StudyError,
    passes::progress::{Progress, report},
    selection::activations::Activations,
};

/// Bins of a histogram. They span every value of the site in any layer, between whole numbers.
const BINS: usize = 100;
/// An activation after the activation function counts as silent below each of these.
const THRESHOLDS: [f64; 5] = [1e-6, 1e-4, 1e-3, 1e-2, 1e-1];

/// The distribution of one layer's activations at one site.
#[derive(Clone, Debug)]
pub struct LayerHistogram {
    /// The layer.
    pub layer: usize,
    /// The site.
    pub site: Site,
    /// The counts; the edges are the same for all layers.
    pub histogram: Histogram,
}

/// The normality of pre-activations: those of one neuron over the stimuli, or of a whole layer.
#[derive(Clone, Debug)]
pub struct Normality {
    /// The layer.
    pub layer: usize,
    /// The neuron; `None` for all neurons of the layer pooled.
    pub neuron: Option<usize>,
    /// Mean, variance, skewness, excess kurtosis.
    pub moments: Moments,
    /// Jarque and Bera's test; NaN if undefined.
    pub jarque_bera: NormalityTest,
    /// D'Agostino and Pearson's K²; NaN if undefined, for example with fewer than 8 values.
    pub k_squared: NormalityTest,
}

/// A measure of the sparsity of a layer's activations after the activation function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sparsity {
    /// Share of values that are exactly 0.
    Zero,
    /// Share of values with |a| below this.
    Below(f64),
    /// Share of the squared norm in this number of neurons, the strongest ones.
    Top(usize),
}

/// Diagnostics of all layers.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    /// For each layer, before and after the activation function.
    pub histograms: Vec<LayerHistogram>,
    /// For each layer, pooled and then neuron by neuron.
    pub normality: Vec<Normality>,
    /// Layer, measure and value between 0 and 1.
    pub sparsity: Vec<(usize, Sparsity, f64)>,
}

/// Diagnoses the activations at the targets of the stimuli, both sides together. `progress` counts
/// layers.
///
/// # Errors
/// If an activation is not a finite number, or `progress` cancels the run.
pub fn diagnose(
    activations: &Activations,
    progress: Progress<'_>,
) -> Result<Diagnostics, StudyError> {
    let mut diagnostics =
        Diagnostics { histograms: Vec::new(), normality: Vec::new(), sparsity: Vec::new() };
    let edges = [Site::Pre, Site::Post].map(|site| (site, bin_edges(activations, site)));
    for layer in 0..activations.layers {
        diagnostics
            .add_layer(activations, layer, &edges)
            .map_err(|source| StudyError::stats_of_layer(source, layer))?;
        report(progress, layer + 1, activations.layers)?;
    }
    Ok(diagnostics)
}

impl Diagnostics {
    fn add_layer(
        &mut self,
        activations: &Activations,
        layer: usize,
        edges: &[(Site, Vec<f64>)],
    ) -> Result<(), StatsError> {
        for (site, edges) in edges {
            let values = activations.layer(layer, *site);
            let [a, b] = activations.sentences();
            let matrix = Matrix::new(&values, a + b, activations.neurons)?;
            let mut histogram = Histogram::new(edges.clone())?;
            histogram.push(matrix);
            self.histograms.push(LayerHistogram { layer, site: *site, histogram });
            match site {
                Site::Pre => {
                    self.normality.push(test_normality(layer, None, Moments::of(&values)));
                    for (neuron, moments) in moments(matrix).into_iter().enumerate() {
                        self.normality.push(test_normality(layer, Some(neuron), moments));
                    }
                }
                Site::Post => self.sparsity.extend(measure_sparsity(layer, matrix)?),
            }
        }
        Ok(())
    }
}

/// The edges of equal bins that span every value of the site.
fn bin_edges(activations: &Activations, site: Site) -> Vec<f64> {
    let mut smallest = f32::INFINITY;
    let mut largest = f32::NEG_INFINITY;
    for &value in activations.at(site).iter().flatten() {
        smallest = smallest.min(value);
        largest = largest.max(value);
    }
    // Whole numbers, so that the edges are readable, and at least 1 apart.
    let low = f64::from(smallest).floor();
    let high = f64::from(largest).ceil().max(low + (low.abs() * 1e-6).max(1.0));
    (0..=BINS).map(|i| low + (high - low) * i as f64 / BINS as f64).collect()
}

fn test_normality(layer: usize, neuron: Option<usize>, moments: Moments) -> Normality {
    let undefined = NormalityTest { statistic: f64::NAN, p: f64::NAN };
    Normality {
        layer,
        neuron,
        moments,
        jarque_bera: jarque_bera(&moments).unwrap_or(undefined),
        k_squared: dagostino_pearson(&moments).unwrap_or(undefined),
    }
}

fn measure_sparsity(
    layer: usize,
    matrix: Matrix<'_, f32>,
) -> Result<Vec<(usize, Sparsity, f64)>, StatsError> {
    let mut found = vec![(layer, Sparsity::Zero, share_of_zeros(matrix))];
    for threshold in THRESHOLDS {
        found.push((layer, Sparsity::Below(threshold), share_below(matrix, threshold)?));
    }
    let shares = concentration(matrix);
    let neurons = matrix.neurons();
    let mut counts = vec![1, 10, neurons / 100, neurons / 10, neurons / 2];
    counts.retain(|&count| count >= 1 && count <= neurons);
    counts.sort_unstable();
    counts.dedup();
    found.extend(counts.into_iter().map(|count| (layer, Sparsity::Top(count), shares[count])));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use study_record::TTestKind;

    use super::*;
    use crate::{
        passes::progress::unwatched,
        texts::{contrast::Contrast, stimuli_layout::StimuliLayout},
    };

    fn activations(pre: [Vec<f32>; 2]) -> Activations {
        let post = pre.clone().map(|side| side.iter().map(|&v| v.max(0.0)).collect());
        let contrast = Contrast { a: "him".into(), b: "her".into(), words: true };
        let layout = StimuliLayout::of_pairs(&[None; 2]);
        let test = TTestKind::Paired;
        Activations { contrast, layout, test, layers: 1, neurons: 2, pre, post }
    }

    #[test]
    fn every_value_is_counted_once_and_shares_are_shares() {
        let measured = activations([vec![-1.5, 2.0, 0.5, 3.0], vec![-0.5, 1.0, 0.25, -4.0]]);
        let diagnostics = diagnose(&measured, &mut unwatched()).unwrap();
        for LayerHistogram { histogram, .. } in &diagnostics.histograms {
            assert_eq!(histogram.counts().iter().sum::<u64>(), 8);
        }
        let pooled = &diagnostics.normality[0];
        assert_eq!((pooled.neuron, pooled.moments.count()), (None, 8));
        assert_eq!(diagnostics.normality.len(), 3);
        // Three of the eight are below 0 and so exactly 0 afterwards.
        assert_eq!(diagnostics.sparsity[0], (0, Sparsity::Zero, 3.0 / 8.0));
        assert!(diagnostics.sparsity.iter().all(|&(_, _, share)| (0.0..=1.0).contains(&share)));
    }

    #[test]
    fn silent_layers_have_edges_and_damaged_ones_are_errors() {
        assert!(diagnose(&activations([vec![0.0; 4], vec![0.0; 4]]), &mut unwatched()).is_ok());
        let damaged = activations([vec![0.0, f32::NAN, 0.0, 0.0], vec![0.0; 4]]);
        assert!(matches!(
            diagnose(&damaged, &mut unwatched()),
            Err(StudyError::Activation { neuron: 1, .. })
        ));
    }
}
