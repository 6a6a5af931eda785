//! Counts and means of a table's rows, which screen, page and JSON print.

use serde::Serialize;

use crate::tables::{LesionRow, PredictionRow};

/// How often a model is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Accuracy {
    /// Number of prompts.
    pub prompts: usize,
    /// In how many the right word has a higher logit than every other candidate.
    pub right: usize,
    /// In how many it is also the top of the whole vocabulary.
    pub top: usize,
}

impl Accuracy {
    /// Counts over the rows of `predictions.csv`, in their order.
    #[must_use]
    pub fn of(rows: &[PredictionRow]) -> Self {
        let mut found = Self { prompts: 0, right: 0, top: 0 };
        for prompt in PredictionRow::by_prompt(rows) {
            found.prompts += 1;
            if prompt[1..].iter().all(|other| other.logit < prompt[0].logit) {
                found.right += 1;
                found.top += usize::from(prompt[0].rank == 1);
            }
        }
        found
    }
}

impl PredictionRow {
    /// The rows of each prompt; the right word is first.
    pub fn by_prompt(rows: &[Self]) -> impl Iterator<Item = &[Self]> {
        rows.chunk_by(|a, b| (a.prompt, a.position) == (b.prompt, b.position))
    }
}

impl PredictionRow {
    /// The margin of a prompt: the right word's logit minus the largest of the other candidates.
    #[must_use]
    pub fn margin(candidates: &[Self]) -> f64 {
        let others = candidates[1..].iter().map(|row| row.logit);
        candidates[0].logit - others.fold(f64::NEG_INFINITY, f64::max)
    }
}

impl LesionRow {
    /// The rows of each prompt, controls too; the right word is first.
    pub fn by_prompt(rows: &[Self]) -> impl Iterator<Item = &[Self]> {
        rows.chunk_by(|a, b| {
            (a.prompt, a.position, &a.neuron_set) == (b.prompt, b.position, &b.neuron_set)
        })
    }
}

/// The effect of a lesion over all its prompts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LesionSummary {
    /// Number of prompts in which neurons were set to zero.
    pub prompts: usize,
    /// In how many the right word's logit fell.
    pub logit_falls: usize,
    /// In how many its margin fell.
    pub margin_falls: usize,
    /// The mean fall of the right word's logit; not a number if there is no prompt.
    pub logit_drop: f64,
    /// The mean fall of its margin; not a number if there is no prompt.
    pub margin_drop: f64,
    /// Largest change of a control logit; must be 0.
    pub control_moved: f64,
}

impl LesionSummary {
    /// Sums up the rows of `lesions.csv`, in their order.
    #[must_use]
    pub fn of(rows: &[LesionRow]) -> Self {
        let prompts = || LesionRow::by_prompt(rows).map(|prompt| &prompt[0]);
        let lesioned = || prompts().filter(|row| row.neurons > 0);
        let count = lesioned().count();
        let controls = rows.iter().filter(|row| row.neuron_set.is_none());
        Self {
            prompts: count,
            logit_falls: lesioned().filter(|row| row.logit_drop > 0.0).count(),
            margin_falls: lesioned().filter(|row| row.margin_drop > 0.0).count(),
            logit_drop: lesioned().map(|row| row.logit_drop).sum::<f64>() / count as f64,
            margin_drop: lesioned().map(|row| row.margin_drop).sum::<f64>() / count as f64,
            control_moved: controls.map(|row| row.logit_drop.abs()).fold(0.0, f64::max),
        }
    }
}
