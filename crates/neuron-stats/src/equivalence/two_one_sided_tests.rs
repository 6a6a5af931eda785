//! The equivalence test of a mean by two one-sided t-tests.

use crate::{
    error::StatsError, input_checks::check_level, matrix::Matrix, moments::Moments,
    student_t::distribution::StudentT,
};

/// The test that a mean lies within `±margin`.
///
/// Mean and interval are in the unit of the values.
///
/// Values without variation have no t. The test is then not [`defined`](Self::defined): its
/// p-values are 1, its interval is NaN. "Without variation" is meant as in [`TTest`](crate::TTest).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EquivalenceTest {
    /// Mean of the values.
    pub mean: f64,
    /// P-value against the alternative that the mean is above `-margin`.
    pub p_above: f64,
    /// P-value against the alternative that the mean is below `margin`.
    pub p_below: f64,
    /// The larger one of both, against the alternative that the mean lies within the margin.
    pub p: f64,
    /// Two-sided confidence interval of the mean.
    pub ci: (f64, f64),
    /// Whether t is defined.
    pub defined: bool,
}

/// Tests whether the mean of independent, normally distributed values lies between `-margin` and
/// `margin`, and gives its confidence interval of the given `level`.
///
/// A large p-value of a t-test does not show that there is no effect. This test does: its null
/// hypothesis is a mean at or beyond the margin. With `se = s / √n` and `n - 1` degrees of freedom,
///
/// ```text
/// p_above = P(T >= (mean + margin) / se)
/// p_below = P(T <= (mean - margin) / se)
/// p       = max(p_above, p_below)
/// ```
///
/// `p <= alpha` exactly if the interval of level `1 - 2 alpha` lies within the margin: that of 90 %
/// for an alpha of 0.05.
///
/// Reference: Schuirmann (1987), *A comparison of the two one-sided tests procedure and the power
/// approach*, J. Pharmacokinet. Biopharm. 15.
///
/// ```
/// use neuron_stats::equivalence_test;
///
/// let drops = [0.01, -0.02, 0.00, 0.02, -0.01, 0.01];
/// let test = equivalence_test(&drops, 0.05, 0.9)?;
/// assert!(test.p < 0.05 && test.ci.0 > -0.05 && test.ci.1 < 0.05);
/// assert!(equivalence_test(&drops, 0.005, 0.9)?.p > 0.05);
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
///
/// # Errors
///
/// If there are fewer than two values ([`StatsError::TooFewSamples`]), a value is NaN or infinite
/// ([`StatsError::NotFinite`]), `margin` is not positive and finite ([`StatsError::Margin`]), or
/// `level` is not in `(0, 1)` ([`StatsError::Level`]).
pub fn equivalence_test(
    values: &[f64],
    margin: f64,
    level: f64,
) -> Result<EquivalenceTest, StatsError> {
    if values.len() < 2 {
        return Err(StatsError::TooFewSamples { needed: 2, got: values.len() });
    }
    Matrix::new(values, values.len(), 1)?;
    if !(margin > 0.0 && margin.is_finite()) {
        return Err(StatsError::Margin { margin });
    }
    check_level(level)?;
    let moments = Moments::of(values);
    let mean = moments.mean();
    let n = values.len() as f64;
    let standard_error = (moments.variance() / n).sqrt();
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let has_noise = standard_error > 2.0 * f64::EPSILON * largest && standard_error.is_finite();
    if !has_noise {
        let ci = (f64::NAN, f64::NAN);
        return Ok(EquivalenceTest {
            mean,
            p_above: 1.0,
            p_below: 1.0,
            p: 1.0,
            ci,
            defined: false,
        });
    }
    let student = StudentT::from_positive(n - 1.0);
    let p_above = student.survival((mean + margin) / standard_error);
    let p_below = student.survival((margin - mean) / standard_error);
    let half_width = student.two_sided_inverse(1.0 - level) * standard_error;
    Ok(EquivalenceTest {
        mean,
        p_above,
        p_below,
        p: p_above.max(p_below),
        ci: (mean - half_width, mean + half_width),
        defined: true,
    })
}
