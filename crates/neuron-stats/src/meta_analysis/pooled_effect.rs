//! The random-effects meta-analysis.

use rayon::prelude::*;

use crate::{
    chi_squared::ChiSquared,
    error::StatsError,
    input_checks::check_level,
    meta_analysis::{
        between_variance::BetweenVariance, estimates::Estimates, heterogeneity::typical_variance,
    },
    student_t::distribution::StudentT,
};

/// The random-effects meta-analysis: the mean of an effect over all studies like those observed,
/// and how much the effect differs between them.
///
/// Study i has the true effect `θ_i ~ N(μ, τ²)` and the estimate `y_i ~ N(θ_i, v_i)`. The variances
/// `v_i` count as known. With an estimate of τ² and weights `w = 1 / (v + τ²)`,
///
/// ```text
/// μ          = Σ w y / Σ w
/// s²         = Σ w (y − μ)² / (k − 1)
/// SE         = √(s² / Σ w)              floored: √(max(1, s²) / Σ w)
/// interval   = μ ± t_(k−1) SE
/// prediction = μ ± t_(k−2) √(τ² + SE²)
/// ```
///
/// # Floor
///
/// Without the floor, the Hartung-Knapp interval may be narrower than one that takes all studies to
/// have the same effect: three estimates that agree by chance have almost none. With the floor it
/// never is. The floor costs width where effects hardly differ, and nothing where they differ much.
/// It is the default.
///
/// # Coverage
///
/// Rates in percent at which intervals of level 0.95 contain the truth, in 10,000 simulated
/// meta-analyses per row with standard errors from 0.14 to 0.45. Variances are known; in brackets they
/// are estimated from 12 prompts each. A test computes the table anew.
///
/// | sd | k | interval | without floor | prediction | [sd](Estimates::between_sd_interval) |
/// |---|---|---|---|---|---|
/// | 0 | 3 | 100.0 (100.0) | 94.9 (94.3) | 100.0 (100.0) | 97.3 (95.1) |
/// | 0 | 5 | 99.6 (99.0) | 94.8 (93.8) | 99.9 (99.7) | 97.4 (93.6) |
/// | 0 | 10 | 98.4 (97.0) | 95.2 (93.7) | 98.8 (98.1) | 97.3 (91.4) |
/// | 0 | 25 | 97.2 (95.9) | 95.4 (94.0) | 98.1 (98.0) | 97.4 (86.5) |
/// | 0.15 | 3 | 100.0 (99.9) | 94.4 (93.8) | 100.0 (100.0) | 94.8 (93.4) |
/// | 0.15 | 5 | 98.8 (97.9) | 94.3 (93.3) | 95.9 (95.0) | 94.9 (93.3) |
/// | 0.15 | 10 | 96.7 (95.7) | 94.2 (93.3) | 87.2 (88.8) | 94.7 (93.0) |
/// | 0.15 | 25 | 95.6 (94.8) | 94.6 (94.0) | 85.9 (91.1) | 94.7 (91.4) |
/// | 0.3 | 3 | 99.6 (99.0) | 93.8 (93.3) | 100.0 (100.0) | 95.0 (94.4) |
/// | 0.3 | 5 | 96.7 (96.1) | 93.9 (93.2) | 91.1 (91.0) | 95.4 (94.6) |
/// | 0.3 | 10 | 95.1 (94.7) | 94.2 (93.7) | 89.1 (90.4) | 95.0 (94.4) |
/// | 0.3 | 25 | 95.2 (95.0) | 94.8 (94.7) | 92.8 (93.8) | 94.9 (94.1) |
/// | 1 | 3 | 95.6 (95.5) | 94.3 (94.2) | 99.0 (98.9) | 95.0 (95.0) |
/// | 1 | 5 | 95.2 (95.1) | 95.0 (94.9) | 95.4 (95.5) | 95.2 (95.1) |
/// | 1 | 10 | 95.2 (95.2) | 95.1 (95.0) | 94.7 (94.8) | 94.9 (94.8) |
/// | 1 | 25 | 95.0 (95.1) | 95.0 (95.0) | 95.0 (95.0) | 94.8 (94.7) |
///
/// The prediction interval is too narrow where studies differ less than their standard errors: τ²
/// is then often estimated as 0, although it is not. It covers 86 % at worst. Estimated variances
/// make the interval of the sd reject equal effects too often.
///
/// References: Hartung and Knapp (2001), *On tests of the overall treatment effect in meta-analysis
/// with normally distributed responses*, Stat. Med. 20; Röver, Knapp and Friede (2015),
/// *Hartung-Knapp-Sidik-Jonkman approach and its modification for random-effects meta-analysis
/// with few studies*, BMC Med. Res. Methodol. 15, for the floor; Higgins, Thompson and
/// Spiegelhalter (2009), *A re-evaluation of random-effects meta-analysis*, J. R. Stat. Soc. A 172,
/// for the prediction interval and its `k − 2` degrees of freedom; Partlett and Riley (2017),
/// *Random effects meta-analysis: Coverage performance of 95% confidence and prediction intervals
/// following REML estimation*, Stat. Med. 36, for both together.
///
/// ```
/// use neuron_stats::{Estimates, MetaAnalysis};
///
/// let estimates = Estimates::new(&[0.4, 0.9, 0.1, 0.6], &[0.04, 0.02, 0.05, 0.03])?;
/// let effect = MetaAnalysis::default().pool(&estimates)?;
/// assert!(effect.interval.0 < 0.0 && 0.5 < effect.mean && effect.mean < 0.6);
/// assert!(effect.prediction.is_some_and(|(low, high)| low < -0.5 && high > 1.5));
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetaAnalysis {
    /// Estimator of the between-study variance.
    pub estimator: BetweenVariance,
    /// Whether the Hartung-Knapp standard error is at least that of studies with the same weights.
    pub floored: bool,
    /// Confidence level of both intervals, such as 0.95; in `(0, 1)`.
    pub level: f64,
}

impl Default for MetaAnalysis {
    fn default() -> Self {
        Self { estimator: BetweenVariance::Reml, floored: true, level: 0.95 }
    }
}

/// An effect over many studies. Effects, standard errors and intervals are in the unit of the
/// estimates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PooledEffect {
    /// Number of studies k.
    pub studies: usize,
    /// The mean effect μ.
    pub mean: f64,
    /// Hartung and Knapp's standard error of the mean effect.
    pub standard_error: f64,
    /// Confidence interval of the mean effect.
    pub interval: (f64, f64),
    /// Two-sided p-value of a mean effect of 0, of t with `k − 1` degrees of freedom.
    pub p: f64,
    /// Prediction interval: where the true effect of the next study lies. `None` for two studies.
    pub prediction: Option<(f64, f64)>,
    /// The estimated between-study variance τ², in the squared unit.
    pub between_variance: f64,
    /// Cochran's `Q = Σ w (y − μ)²` with `w = 1 / v`.
    pub q: f64,
    /// P-value of Q if all studies have the same effect: chi-squared with `k − 1` degrees of
    /// freedom.
    pub q_p: f64,
    /// `I² = τ² / (τ² + ṽ)`, the share of the variance of a typical study's estimate that is due to
    /// different effects, in `[0, 1)`; `ṽ = (k − 1) Σ w / ((Σ w)² − Σ w²)` with `w = 1 / v`. For
    /// `DerSimonian` and Laird's τ² it is `max(0, (Q − (k − 1)) / Q)`.
    pub i_squared: f64,
}

impl PooledEffect {
    /// The between-study standard deviation τ, in the unit of the estimates.
    #[must_use]
    pub fn between_sd(&self) -> f64 {
        self.between_variance.sqrt()
    }
}

impl MetaAnalysis {
    /// Pools the estimates of all studies.
    ///
    /// If all estimates are equal, the interval without the floor has no width, and `p` is 0, or 1
    /// for estimates of 0.
    ///
    /// # Errors
    ///
    /// If `level` is not in `(0, 1)` ([`StatsError::Level`]), or the estimates and variances differ
    /// by too many orders of magnitude ([`StatsError::EstimateRange`]).
    pub fn pool(&self, estimates: &Estimates) -> Result<PooledEffect, StatsError> {
        check_level(self.level)?;
        let between = self.estimator.estimate(estimates)?;
        let common = estimates.weighted_sums(0.0);
        let sums = estimates.weighted_sums(between);
        let df = estimates.df();
        let mean = estimates.origin() + sums.mean;
        let factor = sums.residual / df;
        let factor = if self.floored { factor.max(1.0) } else { factor };
        let standard_error = (factor / sums.weight).sqrt();
        let is_computable = mean.is_finite()
            && standard_error.is_finite()
            && common.residual.is_finite()
            && common.effective_weight > 0.0;
        if !is_computable {
            return Err(StatsError::EstimateRange);
        }
        let student = StudentT::from_positive(df);
        let half_width = student.two_sided_inverse(1.0 - self.level) * standard_error;
        let p = if mean == 0.0 { 1.0 } else { student.two_sided(mean / standard_error) };
        Ok(PooledEffect {
            studies: estimates.studies(),
            mean,
            standard_error,
            interval: (mean - half_width, mean + half_width),
            p,
            prediction: self.prediction(mean, df - 1.0, between + standard_error * standard_error),
            between_variance: between,
            q: common.residual,
            q_p: ChiSquared::from_positive(df).survival(common.residual),
            i_squared: between / (between + typical_variance(estimates)),
        })
    }

    /// The prediction interval, or `None` without degrees of freedom.
    fn prediction(&self, mean: f64, df: f64, variance: f64) -> Option<(f64, f64)> {
        if df < 1.0 {
            return None;
        }
        let student = StudentT::from_positive(df);
        let half_width = student.two_sided_inverse(1.0 - self.level) * variance.sqrt();
        Some((mean - half_width, mean + half_width))
    }

    /// Pools all studies but one, for each of them in turn: a conclusion that one study makes by
    /// itself does not outlive its absence.
    ///
    /// # Errors
    ///
    /// If there are fewer than three studies ([`StatsError::TooFewEstimates`]), and as for
    /// [`pool`](Self::pool).
    pub fn leave_one_out(&self, estimates: &Estimates) -> Result<Vec<PooledEffect>, StatsError> {
        let studies = estimates.studies();
        if studies < 3 {
            return Err(StatsError::TooFewEstimates { needed: 3, got: studies });
        }
        let pool_without = |study| self.pool(&estimates.without(study)?);
        (0..studies).into_par_iter().map(pool_without).collect()
    }
}
