//! Exact confidence intervals of effect sizes.

use crate::{
    error::StatsError,
    input_checks::check_level,
    rising_root::find_rising_root,
    student_t::{
        distribution::StudentT,
        noncentral::{NoncentralT, Tails},
    },
    ttest::sample_counts::SampleCounts,
};

/// The two-sided confidence interval of an effect size: of `d_z` for pairs, of Cohen's d for two
/// sides.
///
/// `effect` is the observed one, such as [`TTest::effect`](crate::TTest::effect). With `N` and the
/// degrees of freedom of [`SampleCounts`], the t of Student's test is `effect √N`. Over repeated
/// samples from normal distributions it has a noncentral t distribution, so the ends are the effects
/// whose distributions have that t as their `(1 + level) / 2` and `(1 - level) / 2` quantile. The
/// interval covers the true effect with a probability of exactly `level`; it contains 0 exactly if
/// the two-sided p-value is above `1 - level`. For two sides it assumes a common variance, also
/// where t is Welch's.
///
/// The ends have an error below 1e-9 of the interval's width; if `|effect|` is above 1,000, below
/// 1e-5. NaN gives NaN, as the effect of an undefined test.
///
/// References: Steiger and Fouladi (1997), *Noncentrality interval estimation and the evaluation of
/// statistical models*; Cumming and Finch (2001), *A primer on the understanding, use, and
/// calculation of confidence intervals that are based on central and noncentral distributions*,
/// Educ. Psychol. Meas. 61.
///
/// ```
/// use neuron_stats::{SampleCounts, effect_interval};
///
/// let (low, high) = effect_interval(0.5, SampleCounts::Pairs(54), 0.95)?;
/// assert!((low - 0.214).abs() < 1e-3 && (high - 0.782).abs() < 1e-3);
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
///
/// # Errors
///
/// If a side has fewer than two samples ([`StatsError::TooFewSamples`]), or `level` is not in
/// `(0, 1)` ([`StatsError::Level`]).
pub fn effect_interval(
    effect: f64,
    counts: SampleCounts,
    level: f64,
) -> Result<(f64, f64), StatsError> {
    counts.check()?;
    check_level(level)?;
    if !effect.is_finite() {
        return Ok((f64::NAN, f64::NAN));
    }
    let root = counts.effective().sqrt();
    let alpha = (1.0 - level) / 2.0;
    let low = lowest_noncentrality(effect * root, counts.df(), alpha) / root;
    let high = -lowest_noncentrality(-effect * root, counts.df(), alpha) / root;
    Ok((low, high))
}

/// The noncentrality under which a t of at least `t` has the probability `alpha`.
fn lowest_noncentrality(t: f64, df: f64, alpha: f64) -> f64 {
    // So much larger than the noise of its numerator, t is inversely proportional to the standard
    // deviation, and its noncentrality is proportional to t.
    let largest = 1000.0 * df.sqrt();
    if t.abs() > largest {
        return t.abs() / largest * lowest_noncentrality(largest.copysign(t), df, alpha);
    }
    // t is about as wide as this, and about normal.
    let width = (1.0 + t * t / (2.0 * df)).sqrt();
    let normal = StudentT::from_positive(1e20);
    let quantile = if alpha < 0.5 { normal.two_sided_inverse(2.0 * alpha) } else { 0.0 };
    find_rising_root(
        |noncentrality| {
            let Tails { upper, .. } = NoncentralT::from_valid(df, noncentrality).tails(t);
            (upper / alpha).ln()
        },
        t - quantile * width,
        width / 8.0,
    )
}
