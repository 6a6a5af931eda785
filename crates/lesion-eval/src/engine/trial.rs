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

/// The logits that a model gives for one prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The candidates' logits, the right word's first.
    pub logits: Vec<f32>,
    /// The logarithm of the sum of exp(logit) over the whole vocabulary; NaN if only the candidates
    /// were read.
    pub log_sum: f64,
    /// The change of the whole distribution from the plain pass, if it was read.
    pub change: Option<DistributionChange>,
}

/// The change of the distribution over the vocabulary from the plain pass to a lesioned one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DistributionChange {
    /// Kullback-Leibler divergence of the lesioned distribution from the plain one, in nats:
    /// Σ p ln(p / p'), with p of the plain pass.
    pub divergence: f64,
    /// Whether another word is on top.
    pub changes_top: bool,
}

impl DistributionChange {
    /// The change from plain logits over the vocabulary to lesioned ones.
    pub(crate) fn between(clean: &[f32], lesioned: &[f32]) -> Self {
        let log_sum_clean = log_sum_exp(clean);
        let log_sum_lesioned = log_sum_exp(lesioned);
        let mut divergence = 0.0;
        for (&clean, &lesioned) in clean.iter().zip(lesioned) {
            let log_p = f64::from(clean) - log_sum_clean;
            let log_q = f64::from(lesioned) - log_sum_lesioned;
            divergence += log_p.exp() * (log_p - log_q);
        }
        let changes_top = find_top(clean) != find_top(lesioned);
        Self { divergence: divergence.max(0.0), changes_top }
    }
}

/// The first token with the largest logit.
fn find_top(logits: &[f32]) -> Option<usize> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter().position(|&logit| logit >= largest)
}

impl Reading {
    /// Picks a prompt's candidates out of the logits of the whole vocabulary.
    pub(crate) fn pick(prompt: &MaskedPrompt, logits: &[f32]) -> Self {
        let candidates = prompt.candidates.iter().map(|candidate| logits[candidate.id as usize]);
        Self { logits: candidates.collect(), log_sum: log_sum_exp(logits), change: None }
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

/// The effect of a lesion on one prediction.
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

/// The logits of a prediction that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The candidates' logits.
    Candidates,
    /// Their probabilities too, which needs the logits of the whole vocabulary.
    Probabilities,
    /// Their probabilities, and how the whole distribution differs from that of the plain pass.
    Distribution,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_change_of_a_distribution_is_its_divergence_and_a_new_top() {
        let change = |lesioned: [f32; 3]| DistributionChange::between(&[1.0, 0.5, 0.0], &lesioned);
        // A shift that all logits share changes nothing.
        assert!(change([3.0, 2.5, 2.0]).divergence < 1e-12);
        let other = change([0.0, 2.0, 0.0]);
        // scipy.stats.entropy(softmax([1, 0.5, 0]), softmax([0, 2, 0]))
        assert!((other.divergence - 0.604_961_7).abs() < 1e-6, "{}", other.divergence);
        assert!(other.changes_top && !change([3.0, 2.5, 2.0]).changes_top);
    }

    #[test]
    fn a_common_shift_drops_logits_but_no_margin() {
        let reading =
            |logits: [f32; 3]| Reading { logits: logits.to_vec(), log_sum: 6.0, change: None };
        let (clean, lesioned) = (reading([5.0, 2.0, 0.0]), reading([4.0, 1.0, -1.0]));
        let mut outcome = Outcome { clean, lesioned };
        let drops = outcome.drops();
        assert!((drops.logit - 1.0).abs() < f64::EPSILON && drops.margin.abs() < f64::EPSILON);
        // Another candidate becomes the strongest other one.
        outcome.lesioned.logits[2] = 3.0;
        assert!((outcome.drops().margin - 2.0).abs() < f64::EPSILON);
    }
}
