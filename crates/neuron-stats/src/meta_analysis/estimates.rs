//! Estimates of one effect by several studies, with their variances.

use crate::error::StatsError;

/// Estimates of an effect, one from each of at least two independent studies, with the variances of
/// their errors.
///
/// All values are finite and all variances are positive, so that no statistic has to check again.
///
/// ```
/// use neuron_stats::{Estimates, StatsError};
///
/// let estimates = Estimates::new(&[0.4, 0.9, 0.1], &[0.04, 0.02, 0.05])?;
/// assert_eq!(estimates.studies(), 3);
/// let error = Estimates::new(&[0.4, 0.9], &[0.04, 0.0]).unwrap_err();
/// assert_eq!(error, StatsError::Variance { study: 1, variance: 0.0 });
/// # Ok::<(), StatsError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Estimates {
    /// The smallest estimate.
    origin: f64,
    /// Each estimate less the origin, so that a large common value costs no digits.
    deviations: Vec<f64>,
    variances: Vec<f64>,
    /// The study with the smallest variance, which has the largest weight for any τ².
    most_precise: usize,
}

/// The smallest standard error, as a share of the range of the estimates: 1e6 times the error of
/// rounding.
const SMALLEST_ERROR: f64 = 1e-10;

/// Weighted sums over the studies, whose weights are `w = 1 / (v + τ²)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct WeightedSums {
    /// `Σ w`.
    pub(super) weight: f64,
    /// `Σ w − Σ w² / Σ w`, the expectation of `Σ w² r²` if w are the true weights.
    pub(super) effective_weight: f64,
    /// The weighted mean, less the origin.
    pub(super) mean: f64,
    /// `Σ w r²`, where r is the residual of an estimate from the weighted mean.
    pub(super) residual: f64,
    /// `Σ w² r²`.
    pub(super) squared_residual: f64,
}

impl Estimates {
    /// Takes the estimates in any order. `variances` are the squares of their standard errors, in
    /// the squared unit of the estimates.
    ///
    /// # Errors
    ///
    /// If there is not one variance per estimate ([`StatsError::EstimateCounts`]), there are fewer
    /// than two estimates ([`StatsError::TooFewEstimates`]), an estimate is NaN or infinite
    /// ([`StatsError::Estimate`]), a variance is not positive and finite
    /// ([`StatsError::Variance`]), or a standard error is below 1e-10 of the range of the
    /// estimates, where rounding would decide ([`StatsError::EstimateRange`]).
    pub fn new(values: &[f64], variances: &[f64]) -> Result<Self, StatsError> {
        if values.len() != variances.len() {
            return Err(StatsError::EstimateCounts {
                estimates: values.len(),
                variances: variances.len(),
            });
        }
        if values.len() < 2 {
            return Err(StatsError::TooFewEstimates { needed: 2, got: values.len() });
        }
        for (study, (&value, &variance)) in values.iter().zip(variances).enumerate() {
            if !value.is_finite() {
                return Err(StatsError::Estimate { study, value });
            }
            if !(variance > 0.0 && variance.is_finite()) {
                return Err(StatsError::Variance { study, variance });
            }
        }
        let mut most_precise = 0;
        for (study, &variance) in variances.iter().enumerate() {
            if variance < variances[most_precise] {
                most_precise = study;
            }
        }
        let origin = values.iter().copied().fold(f64::INFINITY, f64::min);
        let deviations = values.iter().map(|value| value - origin).collect();
        let variances = variances.to_vec();
        let estimates = Self { origin, deviations, variances, most_precise };
        if estimates.variances[most_precise].sqrt() < SMALLEST_ERROR * estimates.range() {
            return Err(StatsError::EstimateRange);
        }
        Ok(estimates)
    }

    /// The number of studies, at least 2.
    #[must_use]
    pub const fn studies(&self) -> usize {
        self.variances.len()
    }

    /// The estimates of all studies but one, whose index is known to be valid.
    pub(super) fn without(&self, study: usize) -> Result<Self, StatsError> {
        let mut values: Vec<f64> =
            self.deviations.iter().map(|value| value + self.origin).collect();
        let mut variances = self.variances.clone();
        values.remove(study);
        variances.remove(study);
        Self::new(&values, &variances)
    }

    /// The smallest estimate, which deviations are relative to.
    pub(super) const fn origin(&self) -> f64 {
        self.origin
    }

    /// Degrees of freedom: one fewer than there are studies.
    pub(super) const fn df(&self) -> f64 {
        self.studies() as f64 - 1.0
    }

    /// The difference between the largest and the smallest estimate.
    pub(super) fn range(&self) -> f64 {
        self.deviations.iter().copied().fold(0.0, f64::max)
    }

    /// The sums for one value of the between-study variance τ².
    pub(super) fn weighted_sums(&self, between: f64) -> WeightedSums {
        let mut weight = 0.0;
        let mut weight_of_others = 0.0;
        let mut weighted_values = 0.0;
        for (study, (deviation, variance)) in self.studies_with_variances() {
            let w = 1.0 / (variance + between);
            weight += w;
            weighted_values += w * deviation;
            if study != self.most_precise {
                weight_of_others += w;
            }
        }
        let mean = weighted_values / weight;
        let mut effective_weight = 0.0;
        let mut residual = 0.0;
        let mut squared_residual = 0.0;
        for (study, (deviation, variance)) in self.studies_with_variances() {
            let w = 1.0 / (variance + between);
            // A difference would lose its digits where one weight is nearly all.
            let others = if study == self.most_precise { weight_of_others } else { weight - w };
            effective_weight += w * (others / weight);
            let weighted = (deviation - mean) / (variance + between);
            residual += weighted * (deviation - mean);
            squared_residual += weighted * weighted;
        }
        WeightedSums { weight, effective_weight, mean, residual, squared_residual }
    }

    fn studies_with_variances(&self) -> impl Iterator<Item = (usize, (&f64, &f64))> {
        self.deviations.iter().zip(&self.variances).enumerate()
    }

    /// Logarithm of the restricted likelihood of a between-study variance, up to a constant.
    pub(super) fn restricted_log_likelihood(&self, between: f64) -> f64 {
        let sums = self.weighted_sums(between);
        let mut ln_variances = 0.0;
        for variance in &self.variances {
            ln_variances += (variance + between).ln();
        }
        -(ln_variances + sums.weight.ln() + sums.residual) / 2.0
    }
}
