//! Part 1: which neurons respond to the contrast.

use activation_capture::TokenCapture;
use bert_model::{Site, TokenBatch};
use neuron_stats::{Correction, Matrix, TTest, TestKind, significant, t_tests};

use crate::{
    Contrast, NeuronSet, Stimuli, StudyError, Subject,
    subject::{BATCH_ROWS, by_length},
};

/// How neurons are tested and which of them are selected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SelectionPlan {
    /// The t-test, on a − b.
    pub test: TestKind,
    /// A neuron is selected where q is at most this; also the level of the uncorrected count.
    pub alpha: f64,
}

/// The tests of one layer's neurons.
#[derive(Clone, Debug)]
pub struct LayerSelection {
    /// One test a neuron.
    pub tests: Vec<TTest>,
    /// Benjamini-Hochberg adjusted two-sided p-values over this layer.
    pub q: Vec<f64>,
    significant: Vec<bool>,
}

/// The tests of every neuron of every layer.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The labels.
    pub contrast: Contrast,
    /// How it was tested.
    pub plan: SelectionPlan,
    /// Number of stimulus pairs.
    pub pairs: usize,
    /// The layers, from the first.
    pub layers: Vec<LayerSelection>,
}

/// Runs the stimuli through the model, keeps the pre-activation of every neuron at the target
/// token, and tests each neuron for a difference between the sides.
///
/// `progress` is told the sentences done and all sentences after every batch.
///
/// # Errors
/// Where alpha is no level, a target is not one token of the model, or an activation is not a
/// finite number.
pub fn select(
    subject: Subject<'_>,
    stimuli: &Stimuli,
    plan: SelectionPlan,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Selection, StudyError> {
    if !(plan.alpha > 0.0 && plan.alpha < 1.0) {
        return Err(StudyError::Alpha { alpha: plan.alpha });
    }
    let pairs = stimuli.pairs().len();
    let activations = capture(subject, stimuli, progress)?;
    let layers = activations
        .iter()
        .enumerate()
        .map(|(layer, [a, b])| {
            test_layer(a, b, pairs, plan).map_err(|source| StudyError::Stats { layer, source })
        })
        .collect::<Result<_, _>>()?;
    Ok(Selection { contrast: stimuli.contrast().clone(), plan, pairs, layers })
}

/// For each layer the pre-activations at the target, `[pairs, intermediate]`, for both sides.
fn capture(
    subject: Subject<'_>,
    stimuli: &Stimuli,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<[Vec<f32>; 2]>, StudyError> {
    let config = subject.model.config();
    let neurons = config.intermediate_size;
    let pairs = stimuli.pairs().len();
    let mut sentences = Vec::with_capacity(2 * pairs);
    for pair in stimuli.pairs() {
        for word in &pair.template.braces[0] {
            sentences.push(subject.fill(&stimuli.file, &pair.template, 0, word)?);
        }
    }

    let mut layers =
        vec![[vec![0.0; pairs * neurons], vec![0.0; pairs * neurons]]; config.num_hidden_layers];
    let (mut done, all) = (0, sentences.len());
    for group in by_length(sentences.iter().map(|s| s.ids.len()), BATCH_ROWS) {
        let batch = TokenBatch::new(group.iter().map(|&i| sentences[i].ids.clone()).collect())?;
        let positions: Vec<usize> = group.iter().map(|&i| sentences[i].position).collect();
        let mut capture = TokenCapture::new(Site::Pre, &batch, &positions)?;
        subject.model.forward(&batch, &mut capture)?;
        for (sides, captured) in layers.iter_mut().zip(capture.into_layers()?) {
            for (&sentence, row) in group.iter().zip(captured.chunks_exact(neurons)) {
                let (pair, side) = (sentence / 2, sentence % 2);
                sides[side][pair * neurons..(pair + 1) * neurons].copy_from_slice(row);
            }
        }
        done += group.len();
        progress(done, all);
    }
    Ok(layers)
}

/// The level of the confidence intervals.
const CONFIDENCE: f64 = 0.95;

fn test_layer(
    a: &[f32],
    b: &[f32],
    pairs: usize,
    plan: SelectionPlan,
) -> Result<LayerSelection, neuron_stats::StatsError> {
    let neurons = a.len() / pairs;
    let (a, b) = (Matrix::new(a, pairs, neurons)?, Matrix::new(b, pairs, neurons)?);
    let tests = t_tests(plan.test, a, b, CONFIDENCE)?;
    let p: Vec<f64> = tests.iter().map(|test| test.p_two_sided).collect();
    let q = Correction::BenjaminiHochberg.adjust(&p)?;
    let significant = significant(&q, plan.alpha)?
        .into_iter()
        .zip(&tests)
        .map(|(significant, test)| significant && test.defined)
        .collect();
    Ok(LayerSelection { tests, q, significant })
}

impl LayerSelection {
    /// The neuron's label: that of side a where it is significant with t > 0, that of side b with
    /// t < 0, none where it is not significant.
    #[must_use]
    pub fn label<'c>(&self, neuron: usize, contrast: &'c Contrast) -> Option<&'c str> {
        let side = if self.tests[neuron].t > 0.0 { &contrast.a } else { &contrast.b };
        self.significant[neuron].then_some(side.as_str())
    }

    /// Neurons with uncorrected p below `alpha`, of either sign.
    #[must_use]
    pub fn uncorrected(&self, alpha: f64) -> usize {
        self.tests.iter().filter(|test| test.p_two_sided < alpha).count()
    }
}

impl Selection {
    /// The neurons of `layer` that carry `label`, in ascending order.
    #[must_use]
    pub fn set(&self, layer: usize, label: &str) -> NeuronSet {
        let tested = &self.layers[layer];
        let neurons = (0..tested.tests.len())
            .filter(|&neuron| tested.label(neuron, &self.contrast) == Some(label))
            .collect();
        NeuronSet { label: label.to_owned(), neurons }
    }

    /// The share of the layer's neurons that are significant.
    #[must_use]
    pub fn share(&self, layer: usize) -> f64 {
        let significant = &self.layers[layer].significant;
        significant.iter().filter(|&&s| s).count() as f64 / significant.len() as f64
    }
}
