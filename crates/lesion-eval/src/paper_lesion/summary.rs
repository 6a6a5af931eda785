//! The paper's lesion in all prompts together.

use serde::Serialize;

use crate::paper_lesion::lesion::LesionOutcome;

/// What a lesion did in all its prompts together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LesionSummary {
    /// Number of prompts in which neurons were silenced.
    pub prompts: usize,
    /// In how many the right word's logit fell.
    pub logit_falls: usize,
    /// In how many its margin fell.
    pub margin_falls: usize,
    /// The mean fall of the right word's logit; not a number where there is no prompt.
    pub logit_drop: f64,
    /// The mean fall of its margin; not a number where there is no prompt.
    pub margin_drop: f64,
    /// How far any logit of the controls moved. It is 0, or something is wrong.
    pub control_moved: f64,
}

impl LesionSummary {
    /// Of what the lesion did in each prompt, and in its controls.
    #[must_use]
    pub fn of(outcomes: &[LesionOutcome]) -> Self {
        let lesioned = outcomes.iter().filter(|of| of.neurons > 0);
        let (logits, margins): (Vec<f64>, Vec<f64>) =
            lesioned.map(|of| of.outcome.drops()).map(|drops| (drops.logit, drops.margin)).unzip();
        let falls = |drops: &[f64]| drops.iter().filter(|&&drop| drop > 0.0).count();
        let mean = |drops: &[f64]| drops.iter().sum::<f64>() / drops.len() as f64;
        let controls = outcomes.iter().filter(|of| of.neuron_set.is_none());
        let moved = controls
            .flat_map(|of| (0..of.words.len()).map(|candidate| of.logit_drop(candidate).abs()));
        Self {
            prompts: logits.len(),
            logit_falls: falls(&logits),
            margin_falls: falls(&margins),
            logit_drop: mean(&logits),
            margin_drop: mean(&margins),
            control_moved: moved.fold(0.0, f64::max),
        }
    }
}
