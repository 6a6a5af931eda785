//! The paper's lesion in all prompts together.

use serde::Serialize;

use crate::{engine::trial::Drops, paper_lesion::lesion::LesionOutcome};

/// The effect of a lesion in all prompts together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LesionSummary {
    /// Number of prompts in which neurons were silenced.
    pub prompts: usize,
    /// Number of these in which the right word's logit fell.
    pub logit_falls: usize,
    /// Number of these in which its margin fell.
    pub margin_falls: usize,
    /// The mean fall of the right word's logit; NaN if there is no prompt.
    pub logit_drop: f64,
    /// The mean fall of its margin; NaN if there is no prompt.
    pub margin_drop: f64,
    /// The largest change of any logit of the controls. It must be 0.
    pub control_moved: f64,
}

impl LesionSummary {
    /// Summarises the outcomes of all prompts and their controls.
    #[must_use]
    pub fn of(outcomes: &[LesionOutcome]) -> Self {
        let lesioned = outcomes.iter().filter(|outcome| outcome.neurons > 0);
        let drops: Vec<Drops> = lesioned.map(|lesioned| lesioned.outcome.drops()).collect();
        let mean = Drops::mean(&drops);
        let mut control_moved: f64 = 0.0;
        for control in outcomes.iter().filter(|outcome| outcome.neuron_set.is_none()) {
            for candidate in 0..control.words.len() {
                control_moved = control_moved.max(control.logit_drop(candidate).abs());
            }
        }
        Self {
            prompts: drops.len(),
            logit_falls: drops.iter().filter(|drops| drops.logit > 0.0).count(),
            margin_falls: drops.iter().filter(|drops| drops.margin > 0.0).count(),
            logit_drop: mean.logit,
            margin_drop: mean.margin,
            control_moved,
        }
    }
}
