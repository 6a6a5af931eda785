//! A lesion that is tried, and what came of it.

use std::sync::Arc;

use crate::{encoding::masked_prompt::MaskedPrompt, passes::logits::log_sum};

/// A lesion of one prompt.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Index of the prompt among the laboratory's.
    pub prompt: usize,
    /// The lesioned layers, each with its neurons.
    pub layers: Vec<(usize, Arc<[usize]>)>,
}

impl Trial {
    /// A lesion of one layer.
    #[must_use]
    pub fn single(prompt: usize, layer: usize, neurons: Arc<[usize]>) -> Self {
        Self { prompt, layers: vec![(layer, neurons)] }
    }
}

/// What a model says at a mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The candidates' logits, the right word's first.
    pub logits: Vec<f32>,
    /// The logarithm of the sum of exp(logit) over the whole vocabulary; not a number where only
    /// the candidates were read.
    pub log_sum: f64,
}

impl Reading {
    pub(crate) fn of(prompt: &MaskedPrompt, logits: &[f32]) -> Self {
        let candidates = prompt.candidates.iter().map(|candidate| logits[candidate.id as usize]);
        Self { logits: candidates.collect(), log_sum: log_sum(logits) }
    }

    /// The probability of a candidate over the whole vocabulary; not a number where only the
    /// candidates were read.
    ///
    /// # Panics
    /// Where there is no such candidate.
    #[must_use]
    pub fn prob(&self, candidate: usize) -> f64 {
        (f64::from(self.logits[candidate]) - self.log_sum).exp()
    }
}

/// What a lesion did at a mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Without the lesion, from the clean pass of the prompt's group.
    pub clean: Reading,
    /// With it.
    pub lesioned: Reading,
}

/// How far the right word fell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drops {
    /// The fall of its logit.
    pub logit: f64,
    /// The fall of its margin over the strongest other candidate. A shift common to all logits
    /// changes no prediction, and no margin.
    pub margin: f64,
}

impl Drops {
    /// The mean of each; not a number where there is none.
    pub(crate) fn mean(drops: &[Self]) -> Self {
        let mean =
            |part: fn(&Self) -> f64| drops.iter().map(part).sum::<f64>() / drops.len() as f64;
        Self { logit: mean(|drops| drops.logit), margin: mean(|drops| drops.margin) }
    }
}

impl Outcome {
    /// The fall of the right word.
    ///
    /// # Panics
    /// Where there is no candidate.
    #[must_use]
    pub fn drops(&self) -> Drops {
        let margin = |reading: &Reading| margin(reading.logits.iter().copied());
        Drops {
            logit: f64::from(self.clean.logits[0]) - f64::from(self.lesioned.logits[0]),
            margin: margin(&self.clean) - margin(&self.lesioned),
        }
    }
}

/// The margin: the first logit, the right word's, less the largest of the others.
fn margin(mut logits: impl Iterator<Item = f32>) -> f64 {
    let right = logits.next().unwrap_or(f32::NAN);
    f64::from(right) - f64::from(logits.fold(f32::NEG_INFINITY, f32::max))
}

/// What is read at a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The candidates' logits.
    Candidates,
    /// Their probabilities too, which takes the logits of the whole vocabulary.
    Probabilities,
}
