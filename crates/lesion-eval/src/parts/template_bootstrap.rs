//! Intervals by resampling templates: prompts that were made from one template are not independent.

use neuron_stats::{Bootstrap, StatsError};

use crate::{encoding::masked_prompt::MaskedPrompt, error::StudyError};

/// The prompts of each template.
pub(crate) struct Templates(Vec<Vec<usize>>);

impl Templates {
    /// Of prompts in the order of their file.
    pub(crate) fn of(prompts: &[MaskedPrompt]) -> Self {
        let indices: Vec<usize> = (0..prompts.len()).collect();
        let of_one = indices.chunk_by(|&a, &b| prompts[a].prompt == prompts[b].prompt);
        Self(of_one.map(<[usize]>::to_vec).collect())
    }

    /// Whether there are enough for an interval.
    pub(crate) fn suffice(&self) -> bool {
        self.0.len() >= FEWEST
    }

    /// The interval of a statistic of prompts. None where there are too few templates.
    pub(crate) fn interval(
        &self,
        bootstrap: Bootstrap,
        statistic: impl Fn(&[usize]) -> f64 + Sync,
    ) -> Result<Option<(f64, f64)>, StudyError> {
        let every: Vec<usize> = self.0.concat();
        if !self.suffice() || !statistic(&every).is_finite() {
            return Ok(None);
        }
        let found = bootstrap.interval(self.0.len(), |drawn: &[usize]| {
            let prompts: Vec<usize> =
                drawn.iter().flat_map(|&template| &self.0[template]).copied().collect();
            statistic(&prompts)
        });
        match found {
            Ok(found) => Ok(Some((found.low, found.high))),
            // A label with too few templates is missing in too many draws.
            Err(StatsError::TooFewFiniteDraws { .. }) => Ok(None),
            Err(other) => Err(StudyError::Stats(other)),
        }
    }

    /// Only the prompts that `keep` names.
    pub(crate) fn only(&self, keep: impl Fn(usize) -> bool) -> Self {
        let kept = self.0.iter().map(|prompts| {
            prompts.iter().copied().filter(|&prompt| keep(prompt)).collect::<Vec<_>>()
        });
        Self(kept.filter(|prompts| !prompts.is_empty()).collect())
    }
}

/// With fewer templates a percentile interval is far too narrow.
const FEWEST: usize = 10;

/// Values of some of the study's prompts, at the place of each.
pub(crate) fn by_prompt(count: usize, prompts: &[usize], values: &[f64]) -> Vec<Option<f64>> {
    let mut placed = vec![None; count];
    for (&prompt, &value) in prompts.iter().zip(values) {
        placed[prompt] = Some(value);
    }
    placed
}

/// The mean of the values that `prompts` have; not a number where none has one.
pub(crate) fn mean_over(prompts: &[usize], values: &[Option<f64>]) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in prompts.iter().filter_map(|&prompt| values[prompt]) {
        sum += value;
        count += 1.0;
    }
    sum / count
}
