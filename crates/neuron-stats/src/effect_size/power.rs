//! The power of t-tests, and the smallest effect that they detect.

use crate::{
    error::StatsError,
    rising_root::find_rising_root,
    student_t::{distribution::StudentT, noncentral::NoncentralT},
    ttest::sample_counts::SampleCounts,
};

/// The power of a two-sided t-test at `alpha`: the probability that it finds an effect of the given
/// size, `d_z` of pairs or Cohen's d of two sides.
///
/// With `N` and the degrees of freedom of [`SampleCounts`], it is `P(|T| >= c)` for a noncentral t
/// with noncentrality `effect √N`, c being the critical value at `alpha`. So it is `alpha` for an
/// effect of 0, and it does not depend on the sign of the effect.
///
/// Reference: Cohen (1988), *Statistical Power Analysis for the Behavioral Sciences*, chapter 2.
///
/// ```
/// use neuron_stats::{SampleCounts, t_test_power};
///
/// assert!(t_test_power(0.5, SampleCounts::Pairs(34), 0.05)? > 0.8);
/// assert!(t_test_power(0.5, SampleCounts::Sides(64, 64), 0.05)? > 0.8);
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
///
/// # Errors
///
/// If a side has fewer than two samples ([`StatsError::TooFewSamples`]), `alpha` is not in `(0, 1)`
/// ([`StatsError::Alpha`]), or `|effect √N|` is NaN or above [`NoncentralT::MOST`]
/// ([`StatsError::Noncentrality`]).
pub fn t_test_power(effect: f64, counts: SampleCounts, alpha: f64) -> Result<f64, StatsError> {
    counts.check()?;
    let critical = StudentT::from_positive(counts.df()).critical_value(alpha)?;
    let noncentral = NoncentralT::new(counts.df(), effect * counts.effective().sqrt())?;
    Ok(noncentral.tails(critical).upper + noncentral.tails(-critical).lower)
}

/// The smallest effect, `d_z` of pairs or Cohen's d of two sides, that a two-sided t-test at `alpha`
/// finds with the given [`t_test_power`], such as 0.8.
///
/// ```
/// use neuron_stats::{SampleCounts, detectable_effect};
///
/// let effect = detectable_effect(SampleCounts::Pairs(54), 0.05, 0.8)?;
/// assert!((effect - 0.388).abs() < 1e-3);
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
///
/// # Errors
///
/// If a side has fewer than two samples ([`StatsError::TooFewSamples`]), `alpha` is not in `(0, 1)`
/// ([`StatsError::Alpha`]), `power` is not between `alpha` and 1 ([`StatsError::Power`]), or the
/// effect times `√N` or the critical value is above [`NoncentralT::MOST`]
/// ([`StatsError::Noncentrality`]).
pub fn detectable_effect(counts: SampleCounts, alpha: f64, power: f64) -> Result<f64, StatsError> {
    counts.check()?;
    let df = counts.df();
    let critical = StudentT::from_positive(df).critical_value(alpha)?;
    if !(power > alpha && power < 1.0) {
        return Err(StatsError::Power { power, alpha });
    }
    let most = NoncentralT::MOST;
    if critical > most {
        return Err(StatsError::Noncentrality { noncentrality: critical, most });
    }
    let noncentrality = find_rising_root(
        |noncentrality| {
            // The power rises with the effect from 0 on.
            let noncentral = NoncentralT::from_valid(df, noncentrality.max(0.0));
            let missed = noncentral.tails(critical).lower - noncentral.tails(-critical).lower;
            ((1.0 - power) / missed).ln()
        },
        critical,
        (1.0 + critical) / 8.0,
    );
    if noncentrality > most {
        return Err(StatsError::Noncentrality { noncentrality, most });
    }
    Ok(noncentrality / counts.effective().sqrt())
}
