//! Estimators of the variance between studies.

use crate::{
    error::StatsError, meta_analysis::estimates::Estimates, rising_root::find_rising_root,
};

/// The estimator of the between-study variance τ², in the squared unit of the estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BetweenVariance {
    /// The method of moments: with weights `w = 1 / v` and [`q`](crate::PooledEffect::q) as Q,
    ///
    /// ```text
    /// τ² = max(0, (Q − (k − 1)) / (Σ w − Σ w² / Σ w))
    /// ```
    ///
    /// Reference: `DerSimonian` and Laird (1986), *Meta-analysis in clinical trials*, Control.
    /// Clin. Trials 7.
    DerSimonianLaird,
    /// Restricted maximum likelihood: the τ² in `[0, ∞)` with the largest likelihood of the
    /// contrasts between studies. With `w = 1 / (v + τ²)` and the weighted mean μ, it is 0 or
    /// solves
    ///
    /// ```text
    /// Σ w² (y − μ)² = Σ w − Σ w² / Σ w
    /// ```
    ///
    /// If several values solve it, that with the largest likelihood is taken. The error of τ² is
    /// below 1e-10 of its size.
    ///
    /// Reference: Viechtbauer (2005), *Bias and efficiency of meta-analytic variance estimators in
    /// the random-effects model*, J. Educ. Behav. Stat. 30.
    Reml,
}

impl BetweenVariance {
    /// The estimate for these studies.
    pub(super) fn estimate(self, estimates: &Estimates) -> Result<f64, StatsError> {
        let between = match self {
            Self::DerSimonianLaird => dersimonian_laird(estimates),
            Self::Reml => restricted_maximum_likelihood(estimates),
        };
        if between.is_finite() { Ok(between) } else { Err(StatsError::EstimateRange) }
    }
}

fn dersimonian_laird(estimates: &Estimates) -> f64 {
    let sums = estimates.weighted_sums(0.0);
    let excess = sums.residual - estimates.df();
    // `f64::max` would turn a NaN into 0.
    if excess <= 0.0 { 0.0 } else { excess / sums.effective_weight }
}

/// The most likely one of all local maxima on a ladder of variances.
///
/// `Σ w² r² <= R² / (2 τ²) (Σ w − Σ w² / Σ w)`, where R is the range of the estimates. So no
/// solution is above `R² / 2`, and the ladder ends at `R²`.
fn restricted_maximum_likelihood(estimates: &Estimates) -> f64 {
    // From R² down to 1e-12 of it. Two maxima closer than a factor of 4 would be taken as one.
    const RUNGS: i32 = 20;
    const STEP: f64 = 4.0;
    // Negative below a maximum of the likelihood, positive above it, and without a unit.
    let slope = |between: f64| {
        let sums = estimates.weighted_sums(between);
        1.0 - sums.squared_residual / sums.effective_weight
    };
    let highest = estimates.range() * estimates.range();
    let mut best = f64::NAN;
    let mut best_likelihood = f64::NEG_INFINITY;
    let mut below = (0.0, slope(0.0));
    if below.1 >= 0.0 {
        best = 0.0;
        best_likelihood = estimates.restricted_log_likelihood(0.0);
    }
    for rung in 0..=RUNGS {
        let variance = highest * STEP.powi(rung - RUNGS);
        let above = (variance, slope(variance));
        if below.1 < 0.0 && above.1 >= 0.0 {
            let maximum = find_rising_root(slope, below.0, above.0 - below.0);
            let likelihood = estimates.restricted_log_likelihood(maximum);
            if likelihood > best_likelihood {
                best = maximum;
                best_likelihood = likelihood;
            }
        }
        below = above;
    }
    best
}
