//! Intervals by resampling templates or groups of templates, because prompts of one template, or of
//! one group, are not independent.

use std::collections::BTreeMap;

use neuron_stats::{Bootstrap, StatsError, clustered_mean_interval};
use study_record::FEWEST_TEMPLATES;

use crate::{
    encoding::masked_prompt::MaskedPrompt, error::StudyError, selection::select::CONFIDENCE,
};

/// The prompts of each template.
pub(crate) struct Templates(Vec<Vec<usize>>);

impl Templates {
    /// The prompts of each template or, if templates have a group, of each group.
    pub(crate) fn of(prompts: &[MaskedPrompt]) -> Self {
        let mut clusters: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, prompt) in prompts.iter().enumerate() {
            clusters.entry(prompt.cluster).or_default().push(index);
        }
        Self(clusters.into_values().collect())
    }

    /// The prompts of each template.
    pub(crate) fn groups(&self) -> &[Vec<usize>] {
        &self.0
    }

    /// Number of prompts.
    pub(crate) fn prompts(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// Whether there are enough templates for an interval.
    pub(crate) fn suffice(&self) -> bool {
        self.0.len() >= FEWEST_TEMPLATES
    }

    /// The interval of a statistic of prompts; none with too few templates.
    ///
    /// # Errors
    /// If the bootstrap fails.
    pub(crate) fn interval(
        &self,
        bootstrap: Bootstrap,
        statistic: impl Fn(&[usize]) -> f64 + Sync,
    ) -> Result<Option<(f64, f64)>, StudyError> {
        if !self.suffice() || !statistic(&self.0.concat()).is_finite() {
            return Ok(None);
        }
        let interval = bootstrap.interval(self.0.len(), |templates: &[usize]| {
            let prompts: Vec<usize> =
                templates.iter().flat_map(|&template| &self.0[template]).copied().collect();
            statistic(&prompts)
        });
        match interval {
            Ok(interval) => Ok(Some((interval.low, interval.high))),
            // A label with too few templates is missing in too many resamples.
            Err(StatsError::TooFewFiniteDraws { .. }) => Ok(None),
            Err(other) => Err(StudyError::Stats(other)),
        }
    }

    /// The interval of the mean of the prompts' values, one of `intervals` that hold together; none with
    /// too few templates.
    ///
    /// # Errors
    /// If a value is not finite.
    pub(crate) fn joint_interval(
        &self,
        values: &[Option<f64>],
        intervals: usize,
    ) -> Result<Option<(f64, f64)>, StudyError> {
        let mut clusters = Vec::with_capacity(self.0.len());
        for prompts in &self.0 {
            let drops: Vec<f64> = prompts.iter().filter_map(|&prompt| values[prompt]).collect();
            if !drops.is_empty() {
                clusters.push(drops);
            }
        }
        if clusters.len() < FEWEST_TEMPLATES {
            return Ok(None);
        }
        let level = 1.0 - (1.0 - CONFIDENCE) / intervals as f64;
        clustered_mean_interval(&clusters, level).map(Some).map_err(StudyError::Stats)
    }

    /// The mean of each template's values; templates without a value are left out.
    pub(crate) fn means(&self, values: &[Option<f64>]) -> Vec<f64> {
        let means = self.0.iter().map(|prompts| mean_over(prompts, values));
        means.filter(|mean| mean.is_finite()).collect()
    }

    /// The templates without the prompts that `keep` rejects.
    pub(crate) fn only(&self, keep: impl Fn(usize) -> bool) -> Self {
        let mut templates = Vec::with_capacity(self.0.len());
        for prompts in &self.0 {
            let kept: Vec<usize> = prompts.iter().copied().filter(|&prompt| keep(prompt)).collect();
            if !kept.is_empty() {
                templates.push(kept);
            }
        }
        Self(templates)
    }
}

/// Places the values of some prompts at the indices of these prompts, among `count`.
pub(crate) fn by_prompt(count: usize, prompts: &[usize], values: &[f64]) -> Vec<Option<f64>> {
    let mut placed = vec![None; count];
    for (&prompt, &value) in prompts.iter().zip(values) {
        placed[prompt] = Some(value);
    }
    placed
}

/// The mean of the values that `prompts` have; NaN if none has one.
pub(crate) fn mean_over(prompts: &[usize], values: &[Option<f64>]) -> f64 {
    let mut sum = 0.0;
    let mut count = 0.0;
    for value in prompts.iter().filter_map(|&prompt| values[prompt]) {
        sum += value;
        count += 1.0;
    }
    sum / count
}
