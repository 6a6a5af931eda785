//! Tests of normality from skewness and kurtosis.

use crate::{error::StatsError, moments::Moments};

/// A test statistic and its p-value under the hypothesis of a normal distribution.
///
/// Both are NaN for values without variation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NormalityTest {
    /// The statistic; under the null hypothesis about χ² with 2 degrees of freedom.
    pub statistic: f64,
    /// `P(χ²₂ >= statistic) = exp(-statistic / 2)`.
    pub p: f64,
}

impl NormalityTest {
    fn chi_squared_2(statistic: f64) -> Self {
        Self { statistic, p: (-statistic / 2.0).exp() }
    }
}

/// The Jarque-Bera test `n/6 (g₁² + g₂²/4)`.
///
/// The χ² approximation is good for large samples only, some 2,000; for fewer the test rejects too
/// rarely. Assumes independent values. Reference: Jarque and Bera (1987), *A test for normality of
/// observations and regression residuals*, Int. Stat. Rev. 55.
///
/// # Errors
///
/// If there are fewer than two values ([`StatsError::TooFewSamples`]).
pub fn jarque_bera(moments: &Moments) -> Result<NormalityTest, StatsError> {
    let n = at_least(2, moments)?;
    let skewness = moments.skewness();
    let kurtosis = moments.excess_kurtosis();
    let statistic = n / 6.0 * (skewness * skewness + kurtosis * kurtosis / 4.0);
    Ok(NormalityTest::chi_squared_2(statistic))
}

/// D'Agostino and Pearson's test `K² = Z(g₁)² + Z(g₂)²`.
///
/// The transformations `Z` make skewness and kurtosis nearly standard normal; that of the kurtosis
/// is good from `n = 20` on. Assumes independent values. References: D'Agostino and Pearson (1973),
/// *Tests for departure from normality*, Biometrika 60; D'Agostino, Belanger and D'Agostino (1990),
/// The American Statistician 44; for the kurtosis Anscombe and Glynn (1983), Biometrika 70.
///
/// # Errors
///
/// If there are fewer than eight values ([`StatsError::TooFewSamples`]).
pub fn dagostino_pearson(moments: &Moments) -> Result<NormalityTest, StatsError> {
    let n = at_least(8, moments)?;
    let skewness = skewness_z(moments.skewness(), n);
    let kurtosis = kurtosis_z(moments.excess_kurtosis(), n);
    Ok(NormalityTest::chi_squared_2(skewness * skewness + kurtosis * kurtosis))
}

fn at_least(needed: usize, moments: &Moments) -> Result<f64, StatsError> {
    let got = usize::try_from(moments.count()).unwrap_or(usize::MAX);
    if got < needed {
        Err(StatsError::TooFewSamples { needed, got })
    } else {
        Ok(moments.count() as f64)
    }
}

/// D'Agostino's transformation of `g₁`: an inverse hyperbolic sine (Johnson's `S_U` curve).
fn skewness_z(skewness: f64, n: f64) -> f64 {
    let variance = 6.0 * (n - 2.0) / ((n + 1.0) * (n + 3.0));
    let kurtosis = 3.0 * (n * n + 27.0 * n - 70.0) * (n + 1.0) * (n + 3.0)
        / ((n - 2.0) * (n + 5.0) * (n + 7.0) * (n + 9.0));
    let w2 = (2.0 * (kurtosis - 1.0)).sqrt() - 1.0;
    let scale = (2.0 / (w2 - 1.0)).sqrt();
    (skewness / variance.sqrt() / scale).asinh() / (w2.ln() / 2.0).sqrt()
}

/// Anscombe and Glynn's transformation of `g₂`: the cube root of a shifted reciprocal (Wilson and
/// Hilferty's for a gamma distribution of equal skewness).
fn kurtosis_z(excess: f64, n: f64) -> f64 {
    let mean = -6.0 / (n + 1.0);
    let variance = 24.0 * n * (n - 2.0) * (n - 3.0) / ((n + 1.0).powi(2) * (n + 3.0) * (n + 5.0));
    let skewness = 6.0 * (n * n - 5.0 * n + 2.0) / ((n + 7.0) * (n + 9.0))
        * (6.0 * (n + 3.0) * (n + 5.0) / (n * (n - 2.0) * (n - 3.0))).sqrt();
    let a = 6.0 + 8.0 / skewness * (2.0 / skewness + (1.0 + 4.0 / skewness.powi(2)).sqrt());
    let standardised = (excess - mean) / variance.sqrt();
    let ratio = (1.0 - 2.0 / a) / (1.0 + standardised * (2.0 / (a - 4.0)).sqrt());
    (1.0 - 2.0 / (9.0 * a) - ratio.cbrt()) / (2.0 / (9.0 * a)).sqrt()
}
