//! The chi-squared distribution.

use std::f64::consts::TAU;

use crate::{rising_root::find_rising_root, student_t::distribution::StudentT};

/// The chi-squared distribution with `df` degrees of freedom.
///
/// With `a = df / 2` and `y = x / 2`, its tails are regularised incomplete gamma functions,
///
/// ```text
/// P(X <= x) = P(a, y) = w (1 + y / (a + 1) + y² / ((a + 1) (a + 2)) + ...)
/// P(X >= x) = Q(a, y) = w a / (y + 1 - a - 1 (1 - a) / (y + 3 - a - 2 (2 - a) / (y + 5 - a - ...)))
/// w         = y^a e^-y / Γ(a + 1)
/// ```
///
/// The tail that is not near 1 is computed by itself, to a relative error below 1e-12 for up to
/// 10,000 degrees of freedom. Reference: NIST Digital Library of Mathematical Functions, equations
/// 8.11.4 and 8.9.2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChiSquared {
    /// Half the degrees of freedom, positive.
    half_df: f64,
}

/// Both tails at one point.
struct Tails {
    lower: f64,
    upper: f64,
}

impl ChiSquared {
    /// The distribution for degrees of freedom known to be positive and finite.
    pub(crate) const fn from_positive(df: f64) -> Self {
        Self { half_df: df / 2.0 }
    }

    /// `P(X >= x)`: 1 for `x <= 0`, 0 for an infinite `x`, NaN at NaN.
    pub(crate) fn survival(self, x: f64) -> f64 {
        self.tails(x).upper
    }

    /// The x that is exceeded with probability `alpha`, in `(0, 1)`.
    pub(crate) fn upper_quantile(self, alpha: f64) -> f64 {
        // Wilson and Hilferty: the cube root of X / df is about normal.
        let normal = StudentT::from_positive(1e20);
        let two_sided = 2.0 * alpha.min(1.0 - alpha);
        let size = if two_sided < 1.0 { normal.two_sided_inverse(two_sided) } else { 0.0 };
        let z = if alpha < 0.5 { size } else { -size };
        let df = 2.0 * self.half_df;
        let spread = 2.0 / (9.0 * df);
        let guess = df * (1.0 - spread + z * spread.sqrt()).max(0.01).powi(3);
        // Of the two tails the smaller one, as the other says nothing about x.
        let ln_x = find_rising_root(
            |ln_x| {
                let Tails { lower, upper } = self.tails(ln_x.exp());
                if alpha < 0.5 { (alpha / upper).ln() } else { (lower / (1.0 - alpha)).ln() }
            },
            guess.ln(),
            spread.sqrt().min(0.5) / 8.0,
        );
        ln_x.exp()
    }

    fn tails(self, x: f64) -> Tails {
        if x.is_nan() {
            return Tails { lower: x, upper: x };
        }
        if x <= 0.0 {
            return Tails { lower: 0.0, upper: 1.0 };
        }
        if x == f64::INFINITY {
            return Tails { lower: 1.0, upper: 0.0 };
        }
        let half = x / 2.0;
        if half < self.half_df + 1.0 {
            let lower = (poisson_weight(self.half_df, half) * self.series(half)).min(1.0);
            Tails { lower, upper: 1.0 - lower }
        } else {
            let weight = poisson_weight(self.half_df, half);
            let upper = (weight * self.half_df * self.fraction(half)).min(1.0);
            Tails { lower: 1.0 - upper, upper }
        }
    }

    /// `P(a, y) / w`, whose terms are all positive.
    fn series(self, half: f64) -> f64 {
        let mut term = 1.0;
        let mut sum = 1.0;
        let mut divisor = self.half_df;
        while term > f64::EPSILON / 4.0 * sum {
            divisor += 1.0;
            term *= half / divisor;
            sum += term;
        }
        sum
    }

    /// `Q(a, y) / (w a)` by Lentz's algorithm for continued fractions.
    fn fraction(self, half: f64) -> f64 {
        const LEVELS: u32 = 100_000;
        // In place of a zero divisor.
        const TINY: f64 = 1e-300;
        let mut divisor = half + 1.0 - self.half_df;
        let mut numerator_ratio = 1.0 / TINY;
        let mut denominator_ratio = 1.0 / divisor;
        let mut value = denominator_ratio;
        for level in 1..LEVELS {
            let level = f64::from(level);
            let numerator = level * (self.half_df - level);
            divisor += 2.0;
            denominator_ratio = 1.0 / nonzero(numerator * denominator_ratio + divisor, TINY);
            numerator_ratio = nonzero(divisor + numerator / numerator_ratio, TINY);
            let change = denominator_ratio * numerator_ratio;
            value *= change;
            if (change - 1.0).abs() < f64::EPSILON {
                break;
            }
        }
        value
    }
}

/// The value, or `tiny` in place of 0.
fn nonzero(value: f64, tiny: f64) -> f64 {
    if value == 0.0 { tiny } else { value }
}

/// `y^a e^-y / Γ(a + 1)` for positive a and y, without a difference of large logarithms.
///
/// For large a, by Stirling's series (DLMF 5.11.1); smaller ones are raised by
/// `w(a) = w(a + 1) (a + 1) / y` first.
fn poisson_weight(mut a: f64, y: f64) -> f64 {
    const LARGE: f64 = 16.0;
    let mut factor = 1.0;
    while a < LARGE {
        a += 1.0;
        factor *= a / y;
    }
    let inverse_square = 1.0 / (a * a);
    let stirling = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0];
    let correction = stirling.iter().rev().fold(0.0, |sum, c| sum * inverse_square + c) / a;
    // a ln(y / a) + a - y
    let deviation = (y - a) / a;
    let exponent = if deviation.abs() < 0.5 {
        -a * (deviation - deviation.ln_1p())
    } else {
        a * (y / a).ln() + a - y
    };
    factor * (exponent - correction).exp() / (TAU * a).sqrt()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "the values must be equal in every bit")]

    use serde::Deserialize;

    use super::ChiSquared;

    fn assert_close(value: f64, expected: f64, precision: f64) {
        let error = (value - expected).abs() / expected;
        assert!(error < precision, "{value:e} is not {expected:e}");
    }

    #[test]
    fn tails_of_even_degrees_of_freedom_are_finite_sums() {
        for half_df in [1_u32, 2, 3, 10, 40] {
            for x in [0.01_f64, 0.7, 3.0, 19.0, 22.0, 80.0, 300.0] {
                let half = x / 2.0;
                let mut term = (-half).exp();
                let mut sum = term;
                for j in 1..half_df {
                    term *= half / f64::from(j);
                    sum += term;
                }
                let distribution = ChiSquared::from_positive(f64::from(2 * half_df));
                assert_close(distribution.survival(x), sum, 1e-12);
            }
        }
    }

    #[derive(Deserialize)]
    struct Fixture {
        cases: Vec<(f64, f64, f64)>,
    }

    #[test]
    fn quantiles_are_those_of_r() {
        let text = include_str!("../tests/fixtures/chi_squared.json");
        let Fixture { cases } = serde_json::from_str(text).unwrap();
        assert!(cases.len() > 40);
        for (df, alpha, expected) in cases {
            let distribution = ChiSquared::from_positive(df);
            assert_close(distribution.upper_quantile(alpha), expected, 1e-11);
            assert_close(distribution.survival(expected), alpha, 1e-11);
        }
    }

    #[test]
    fn ends_have_tails() {
        let distribution = ChiSquared::from_positive(3.0);
        assert_eq!([-1.0, 0.0, f64::INFINITY].map(|x| distribution.survival(x)), [1.0, 1.0, 0.0]);
        assert!(distribution.survival(f64::NAN).is_nan());
        assert_eq!(distribution.survival(1e4), 0.0);
    }
}
