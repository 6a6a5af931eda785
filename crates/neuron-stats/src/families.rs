//! Families of tests: the sets within which errors are counted.

use std::ops::Range;

use crate::{
    correction::{Correction, check_probabilities},
    error::StatsError,
};

/// A division of consecutive tests into families, such as a model's neurons into its layers.
///
/// A correction bounds the errors within one family. One family for the whole model asks "which
/// neurons of the model", and a layer with many strong neurons lowers the bar for the others under
/// an FDR correction. A family per layer asks "which neurons of this layer", twelve times over: the
/// bound then holds for each layer by itself, and the expected number of layers with an error adds
/// up.
///
/// ```
/// use neuron_stats::{Correction, Families};
///
/// let p = [0.01, 0.02, 0.03, 0.04];
/// let per_layer = Families::of_sizes([2, 2])?;
/// let whole = Families::of_sizes([4])?;
/// assert_eq!(per_layer.adjust(Correction::Bonferroni, &p)?, [0.02, 0.04, 0.06, 0.08]);
/// assert_eq!(whole.adjust(Correction::Bonferroni, &p)?, [0.04, 0.08, 0.12, 0.16]);
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Families {
    /// The end of each family, which is the start of the next one.
    ends: Vec<usize>,
}

impl Families {
    /// Consecutive families of the given sizes.
    ///
    /// # Errors
    ///
    /// If a size is 0 ([`StatsError::EmptyFamily`], of the first such family), or there is no size.
    pub fn of_sizes(sizes: impl IntoIterator<Item = usize>) -> Result<Self, StatsError> {
        let mut ends = Vec::new();
        let mut end = 0_usize;
        for size in sizes {
            if size == 0 {
                return Err(StatsError::EmptyFamily { index: ends.len() });
            }
            end = end.saturating_add(size);
            ends.push(end);
        }
        if ends.is_empty() { Err(StatsError::EmptyFamily { index: 0 }) } else { Ok(Self { ends }) }
    }

    /// The number of tests in all families together, at least 1.
    #[must_use]
    pub fn tests(&self) -> usize {
        self.ends.last().copied().unwrap_or_default()
    }

    /// The tests of each family in turn.
    #[must_use]
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = Range<usize>> {
        self.ends.iter().enumerate().map(|(index, &end)| {
            let start = if index == 0 { 0 } else { self.ends[index - 1] };
            start..end
        })
    }

    /// The end of each family, which is the start of the next one.
    pub(crate) fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// Adjusts the p-values within each family.
    ///
    /// # Errors
    ///
    /// If there is not one p-value per test ([`StatsError::FamilyTotal`]), or a p-value is outside
    /// `[0, 1]` ([`StatsError::NotAProbability`], of the first such value).
    pub fn adjust(&self, correction: Correction, p: &[f64]) -> Result<Vec<f64>, StatsError> {
        self.check_total(p.len())?;
        check_probabilities(p)?;
        let mut adjusted = Vec::with_capacity(p.len());
        for range in self.ranges() {
            adjusted.extend(correction.adjust(&p[range])?);
        }
        Ok(adjusted)
    }

    /// Checks that there are as many tests as the families have together.
    pub(crate) fn check_total(&self, tests: usize) -> Result<(), StatsError> {
        if tests == self.tests() {
            Ok(())
        } else {
            Err(StatsError::FamilyTotal { families: self.tests(), tests })
        }
    }
}
