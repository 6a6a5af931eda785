//! How much the true effects of studies differ.

use crate::{
    chi_squared::ChiSquared, error::StatsError, input_checks::check_level,
    meta_analysis::estimates::Estimates, rising_root::find_rising_root,
};

/// The variance of a typical study, in the squared unit of the estimates: with `w = 1 / v`,
/// `(k − 1) Σ w / ((Σ w)² − Σ w²)`.
///
/// Reference: Higgins and Thompson (2002), *Quantifying heterogeneity in a meta-analysis*, Stat.
/// Med. 21, equation 9.
pub(super) fn typical_variance(estimates: &Estimates) -> f64 {
    estimates.df() / estimates.weighted_sums(0.0).effective_weight
}

impl Estimates {
    /// The confidence interval of the between-study standard deviation τ by the Q-profile method,
    /// in the unit of the estimates.
    ///
    /// With `w = 1 / (v + τ²)` and the weighted mean μ, the generalised Q statistic `Q(τ²) = Σ w (y
    /// − μ)²` has a chi-squared distribution with `k − 1` degrees of freedom at the true τ², and
    /// falls with τ². The ends are where it is the `(1 + level) / 2` and `(1 − level) / 2`
    /// quantile, or 0 if there is no such τ². If the estimates are closer to each other than their
    /// variances allow, both ends are 0.
    ///
    /// The interval covers the true τ with a probability of exactly `level` if estimates are
    /// normally distributed and their variances are known. It does not depend on an estimator of
    /// τ², which may lie outside it.
    ///
    /// Reference: Viechtbauer (2007), *Confidence intervals for the amount of heterogeneity in
    /// meta-analysis*, Stat. Med. 26.
    ///
    /// ```
    /// use neuron_stats::Estimates;
    ///
    /// let estimates = Estimates::new(&[0.1, 0.9, 0.5, 1.6], &[0.01; 4])?;
    /// let (low, high) = estimates.between_sd_interval(0.95)?;
    /// assert!(low > 0.3 && high < 2.5);
    /// # Ok::<(), neuron_stats::StatsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If `level` is not in `(0, 1)` ([`StatsError::Level`]), or the estimates and variances differ
    /// by too many orders of magnitude ([`StatsError::EstimateRange`]).
    pub fn between_sd_interval(&self, level: f64) -> Result<(f64, f64), StatsError> {
        check_level(level)?;
        let tail = (1.0 - level) / 2.0;
        let distribution = ChiSquared::from_positive(self.df());
        let low = self.variance_with_q(distribution.upper_quantile(tail)).sqrt();
        let high = self.variance_with_q(distribution.upper_quantile(1.0 - tail)).sqrt();
        if low.is_finite() && high.is_finite() {
            Ok((low, high))
        } else {
            Err(StatsError::EstimateRange)
        }
    }

    /// The τ² at which the generalised Q statistic is `q`, or 0 if it is below that everywhere.
    fn variance_with_q(&self, q: f64) -> f64 {
        if self.weighted_sums(0.0).residual <= q {
            return 0.0;
        }
        let excess = |between: f64| (q / self.weighted_sums(between).residual).ln();
        find_rising_root(excess, 0.0, self.range() * self.range() / 64.0)
    }
}
