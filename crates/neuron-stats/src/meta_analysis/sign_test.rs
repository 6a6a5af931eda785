//! The sign test.

use crate::error::StatsError;

/// The sign test: whether effects are as often positive as negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignTest {
    /// Number of values above 0.
    pub positive: usize,
    /// Number of values below 0.
    pub negative: usize,
    /// Exact two-sided p-value.
    pub p: f64,
}

/// Tests whether independent values are as often positive as negative. Values of exactly 0 are left
/// out.
///
/// If both signs are equally probable, the number of positive ones of n has a binomial distribution
/// with probability 1/2. As it is symmetric, with m values of the more frequent sign,
///
/// ```text
/// p = min(1, 2 Σ_(j = m..n) C(n, j) / 2^n)
/// ```
///
/// The test needs neither variances nor a normal distribution. Its p is at least `2^(1 − n)`: five
/// models that agree have a p of 0.0625. Without a value other than 0 it is 1.
///
/// Reference: Dixon and Mood (1946), *The statistical sign test*, J. Am. Stat. Assoc. 41.
///
/// ```
/// use neuron_stats::sign_test;
///
/// let test = sign_test(&[0.3, 0.1, 0.2, 0.6, 0.2, -0.1])?;
/// assert_eq!((test.positive, test.negative, test.p), (5, 1, 14.0 / 64.0));
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
///
/// # Errors
///
/// If a value is NaN or infinite ([`StatsError::Estimate`]).
pub fn sign_test(values: &[f64]) -> Result<SignTest, StatsError> {
    let mut positive = 0;
    let mut negative = 0;
    for (study, &value) in values.iter().enumerate() {
        if !value.is_finite() {
            return Err(StatsError::Estimate { study, value });
        }
        positive += usize::from(value > 0.0);
        negative += usize::from(value < 0.0);
    }
    let tail = upper_tail(positive.max(negative), positive.min(negative));
    Ok(SignTest { positive, negative, p: (2.0 * tail).min(1.0) })
}

/// The probability of at least `more` heads among `more + fewer` throws of a fair coin.
fn upper_tail(more: usize, fewer: usize) -> f64 {
    // Beyond so many halvings, any number is 0.
    const MOST: usize = 2200;
    // C(n, more) / 2^n. Halves are taken as soon as possible, so that nothing overflows.
    let mut probability = 1.0_f64;
    let mut halvings = more + fewer;
    for drawn in 1..=fewer {
        probability *= (more + drawn) as f64 / drawn as f64;
        while halvings > 0 && probability > 1.0 {
            probability /= 2.0;
            halvings -= 1;
        }
    }
    for _ in 0..halvings.min(MOST) {
        probability /= 2.0;
    }
    let mut term = 1.0;
    let mut sum = 1.0;
    for drawn in 0..fewer {
        term *= (fewer - drawn) as f64 / (more + drawn + 1) as f64;
        sum += term;
    }
    probability * sum
}
