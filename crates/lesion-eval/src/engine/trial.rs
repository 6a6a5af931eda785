//! Lesions to run, and their outcomes.

use std::sync::Arc;

use study_record::Measured;

use crate::{encoding::masked_prompt::MaskedPrompt, passes::logits::log_sum_exp};

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

/// The logits that a model gives at a mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The candidates' logits, the right word's first.
    pub logits: Vec<f32>,
    /// The logarithm of the sum of exp(logit) over the whole vocabulary; NaN if only the candidates
    /// were read.
    pub log_sum: f64,
}

impl Reading {
    /// Picks a prompt's candidates out of the logits of the whole vocabulary.
    pub(crate) fn pick(prompt: &MaskedPrompt, logits: &[f32]) -> Self {
        let candidates = prompt.candidates.iter().map(|candidate| logits[candidate.id as usize]);
        Self { logits: candidates.collect(), log_sum: log_sum_exp(logits) }
    }

    /// The probability of a candidate over the whole vocabulary; NaN if only the candidates were
    /// read.
    ///
    /// # Panics
    /// If there is no such candidate.
    #[must_use]
    pub fn prob(&self, candidate: usize) -> f64 {
        (f64::from(self.logits[candidate]) - self.log_sum).exp()
    }

    /// The right word's logit less the largest of the others.
    pub(crate) fn margin(&self) -> f64 {
        let others = self.logits[1..].iter().copied().fold(f32::NEG_INFINITY, f32::max);
        f64::from(self.logits[0]) - f64::from(others)
    }
}

/// The effect of a lesion at a mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Without the lesion. In the laboratory this is the prompt's row of the clean pass that its
    /// lesions start from.
    pub clean: Reading,
    /// With the lesion.
    pub lesioned: Reading,
}

/// Falls of the right word's logit and margin under a lesion; negative where they rise. A shift common
/// to all logits changes no prediction, and no margin.
pub type Drops = Measured<f64>;

/// The mean of each drop; NaN if there is none.
pub(crate) fn mean_drops(drops: &[Drops]) -> Drops {
    let count = drops.len() as f64;
    Drops {
        logit: drops.iter().map(|drops| drops.logit).sum::<f64>() / count,
        margin: drops.iter().map(|drops| drops.margin).sum::<f64>() / count,
    }
}

impl Outcome {
    /// The falls of the right word.
    ///
    /// # Panics
    /// If there is no candidate.
    #[must_use]
    pub fn drops(&self) -> Drops {
        Drops {
            logit: f64::from(self.clean.logits[0]) - f64::from(self.lesioned.logits[0]),
            margin: self.clean.margin() - self.lesioned.margin(),
        }
    }
}

/// Which logits are read at a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The candidates' logits.
    Candidates,
    /// Their probabilities too, which needs the logits of the whole vocabulary.
    Probabilities,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_shift_drops_logits_but_no_margin() {
        let reading = |logits: [f32; 3]| Reading { logits: logits.to_vec(), log_sum: 6.0 };
        let (clean, lesioned) = (reading([5.0, 2.0, 0.0]), reading([4.0, 1.0, -1.0]));
        let mut outcome = Outcome { clean, lesioned };
        let drops = outcome.drops();
        assert!((drops.logit - 1.0).abs() < f64::EPSILON && drops.margin.abs() < f64::EPSILON);
        // Another candidate becomes the strongest other one.
        outcome.lesioned.logits[2] = 3.0;
        assert!((outcome.drops().margin - 2.0).abs() < f64::EPSILON);
    }
}
