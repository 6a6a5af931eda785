//! The rows of the study's tables, one type a file. Field names are the column names.
//!
//! Layers, neurons, positions (`[CLS]` is 0) and prompts count from 0. Logits are written as the
//! f64 that equals the model's f32, so that a reader's own difference equals `logit_drop`.

use serde::Serialize;

use crate::{LesionOutcome, Prediction, Selection};

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
    /// p adjusted by Benjamini-Hochberg over the layer.
    pub q: f64,
    /// Cohen's `d_z` (paired) or `d`.
    pub effect: f64,
    /// The label where the neuron is significant, else empty.
    pub label: Option<&'a str>,
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

/// The rows of `neurons.csv`: all layers, all neurons.
pub fn neurons(selection: &Selection) -> impl Iterator<Item = NeuronRow<'_>> {
    selection.layers.iter().enumerate().flat_map(move |(layer, tested)| {
        tested.tests.iter().enumerate().map(move |(neuron, test)| NeuronRow {
            layer,
            neuron,
            mean_a: test.mean_a,
            mean_b: test.mean_b,
            t: test.t,
            df: test.df,
            p: test.p_two_sided,
            q: tested.q[neuron],
            effect: test.effect,
            label: tested.label(neuron, &selection.contrast),
        })
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
