//! The distribution itself, for any degrees of freedom and any t.

use crate::error::StatsError;

/// Student's t distribution with `df` degrees of freedom, which need not be an integer.
///
/// With `x = df / (df + t²)`, the two-sided tail is the regularised incomplete beta function
///
/// ```text
/// P(|T| >= |t|) = I_x(df / 2, 1 / 2)
/// ```
///
/// It is computed without forming `1 - P(|T| < |t|)` where that would cancel, and without
/// differences of `ln Γ`, so its relative error stays below 1e-12 down to the smallest normal
/// `f64`, 2e-308, and for any `df`. Reference: NIST Digital Library of Mathematical Functions
/// (DLMF), sections 8.17 and 5.11.
///
/// ```
/// use neuron_stats::StudentT;
///
/// let t = StudentT::new(1.0)?; // the Cauchy distribution
/// assert!((t.two_sided(1.0) - 0.5).abs() < 1e-15);
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StudentT {
    df: f64,
    /// The density at 0: `Γ((df + 1) / 2) / (√(df π) Γ(df / 2))`.
    peak: f64,
}

impl StudentT {
    /// The distribution with `df` degrees of freedom. More than 1e20 count as 1e20, which is as near
    /// to the normal distribution as `f64` can tell; fewer than 1e-100 count as 1e-100.
    ///
    /// # Errors
    ///
    /// If `df` is not positive and finite ([`StatsError::DegreesOfFreedom`]).
    pub fn new(df: f64) -> Result<Self, StatsError> {
        if df > 0.0 && df.is_finite() {
            Ok(Self::from_positive(df))
        } else {
            Err(StatsError::DegreesOfFreedom { df })
        }
    }

    /// The distribution for degrees of freedom known to be positive and finite.
    pub(crate) fn from_positive(df: f64) -> Self {
        let df = df.clamp(1e-100, 1e20);
        let peak = gamma_half_step(df / 2.0) / (df * std::f64::consts::PI).sqrt();
        Self { df, peak }
    }

    /// The degrees of freedom.
    #[must_use]
    pub const fn df(&self) -> f64 {
        self.df
    }

    /// `P(|T| >= |t|)`: 1 at `t = 0`, 0 at an infinite `t`, NaN at NaN.
    #[must_use]
    pub fn two_sided(&self, t: f64) -> f64 {
        let t = t.abs();
        if t.is_nan() || t == f64::INFINITY {
            return if t.is_nan() { t } else { 0.0 };
        }
        if self.is_near(t) {
            1.0 - self.centre(t)
        } else {
            (self.scaled_tail(t) * self.cosine_power(t)).min(1.0)
        }
    }

    /// `P(T >= t)`, the upper tail.
    #[must_use]
    pub fn survival(&self, t: f64) -> f64 {
        let half = self.two_sided(t) / 2.0;
        if t < 0.0 { 1.0 - half } else { half }
    }

    /// The density at `t`.
    #[must_use]
    pub fn density(&self, t: f64) -> f64 {
        self.peak * (-(self.df + 1.0) / 2.0 * ln_secant_squared(t, self.df)).exp()
    }

    /// The `t` that `|T|` exceeds with probability `alpha`: the half-width of a confidence
    /// interval of level `1 - alpha`, in standard errors.
    ///
    /// # Errors
    ///
    /// If `alpha` is not in `(0, 1)` ([`StatsError::Alpha`]).
    pub fn critical_value(&self, alpha: f64) -> Result<f64, StatsError> {
        if alpha > 0.0 && alpha < 1.0 {
            Ok(self.two_sided_inverse(alpha))
        } else {
            Err(StatsError::Alpha { alpha })
        }
    }

    /// Solves `two_sided(t) = alpha` for `0 < alpha < 1`.
    ///
    /// Newton's method for `ln two_sided` as a function of `ln t`, which is decreasing and concave:
    /// from the second step on the iterates fall monotonically to the root. Bisection takes over
    /// where the first step goes too far to tell one vanishing tail from another.
    pub(crate) fn two_sided_inverse(&self, alpha: f64) -> f64 {
        // As the density is largest at 0, t is at least this.
        self.two_sided_inverse_from(alpha, (1.0 - alpha) / (2.0 * self.peak))
    }

    /// As [`two_sided_inverse`](Self::two_sided_inverse), with a first guess.
    pub(crate) fn two_sided_inverse_from(&self, alpha: f64, guess: f64) -> f64 {
        const STEPS: usize = 200;
        let mut ln_t = guess.ln();
        let mut low = f64::MIN_POSITIVE.ln();
        let mut high = f64::MAX.ln();
        for _ in 0..STEPS {
            let t = ln_t.exp();
            let p = self.two_sided(t);
            if p > alpha {
                low = ln_t;
            } else {
                high = ln_t;
            }
            let step = (p / alpha).ln() * p / (2.0 * self.density_times(t));
            if step.abs() < 1e-9 {
                // The error of a Newton step is about the square of the step.
                return (ln_t + step).exp();
            }
            let inside = ln_t + step >= low && ln_t + step <= high;
            ln_t = if inside { ln_t + step } else { f64::midpoint(low, high) };
        }
        ln_t.exp()
    }

    /// Whether the series for the centre converges faster than the fraction for the tail. There the
    /// tail is above 0.01, so that `1 - centre` costs it two digits at most.
    fn is_near(&self, t: f64) -> bool {
        t * t * (self.df + 2.0) < 6.0 * self.df
    }

    /// `two_sided(t) / cosine_power(t)` for `t >= 0`: between 1 and, for infinite t, the peak times
    /// `2 / √df`. It never underflows.
    pub(super) fn scaled(&self, t: f64) -> f64 {
        if self.is_near(t) {
            (1.0 - self.centre(t)) / self.cosine_power(t)
        } else {
            self.scaled_tail(t)
        }
    }

    /// `x^(df / 2)` with `x = df / (df + t²)`, a power of `cos(atan(t / √df))`.
    fn cosine_power(&self, t: f64) -> f64 {
        (-self.df / 2.0 * ln_secant_squared(t, self.df)).exp()
    }

    /// `P(|T| < t)` for small `t` by the power series DLMF 8.17.8, whose terms are all positive.
    fn centre(&self, t: f64) -> f64 {
        let y = t * t / (self.df + t * t);
        let above = self.df / 2.0 + 0.5;
        let mut term = 1.0;
        let mut sum = 1.0;
        let mut k = 0.0;
        while term > f64::EPSILON / 4.0 * sum {
            term *= y * (above + k) / (1.5 + k);
            sum += term;
            k += 1.0;
        }
        2.0 * self.density_times(t) * sum
    }

    /// `P(|T| >= t) / x^(df / 2)` for large `t` by the even part of the continued fraction DLMF
    /// 8.17.22.
    ///
    /// With `a = df / 2`, `b = 1 / 2`, `y = 1 - x`, the tail is `t f(t) / (β₁ + α₁ / (β₂ + ...))`.
    /// The even part is written in `x` and `y`, so that nothing is lost where one of them is tiny.
    fn scaled_tail(&self, t: f64) -> f64 {
        const LEVELS: u32 = 1000;
        let a = self.df / 2.0;
        let b = 0.5;
        let u2 = (t / self.df.sqrt()).powi(2);
        let x = 1.0 / (1.0 + u2);
        let y = 1.0 / (1.0 + 1.0 / u2);
        let lambda = (a + b) * y - b;
        // Convergents A / B by their forward recurrence; `before` is the convergent before.
        let mut num_before = 0.0;
        let mut num = 1.0;
        let mut den_before = 1.0;
        let mut den = a * (lambda + 1.0) / (a + 1.0);
        for level in 1..LEVELS {
            let n = f64::from(level);
            let c = a + 2.0 * n;
            let alpha = (a + n - 1.0) * (a + b + n - 1.0) * n * (b - n) * (x / (c - 1.0)).powi(2);
            let beta = n
                + n * (b - n) * x / (c - 1.0)
                + (a + n) * (lambda + 1.0 + n * (1.0 + y)) / (c + 1.0);
            (num_before, num) = (num, beta * num + alpha * num_before);
            (den_before, den) = (den, beta * den + alpha * den_before);
            let change = num * den_before - num_before * den;
            if change.abs() <= f64::EPSILON * (num * den_before).abs() {
                break;
            }
        }
        self.scaled_density_times(t) * (num / den)
    }

    /// `t f(t)`, which stays a normal number for longer than the density `f` does.
    fn density_times(&self, t: f64) -> f64 {
        self.scaled_density_times(t) * self.cosine_power(t)
    }

    /// `t f(t) / x^(df / 2)`.
    fn scaled_density_times(&self, t: f64) -> f64 {
        let root = self.df.sqrt();
        let u = t / root;
        let sine = if u > 1.0 { 1.0 / (1.0 + u.powi(-2)).sqrt() } else { u / (1.0 + u * u).sqrt() };
        self.peak * root * sine
    }
}

/// `Γ(a + 1/2) / Γ(a)` for `a >= 0`, to full precision (DLMF 5.11.13 after raising `a`).
fn gamma_half_step(mut a: f64) -> f64 {
    // Γ(a + 1/2) / Γ(a) ~ √w Σ c_k w^-2k with w = a - 1/4.
    const C: [f64; 7] = [
        1.0,
        1.0 / 64.0,
        -19.0 / 8_192.0,
        631.0 / 524_288.0,
        -174_317.0 / 134_217_728.0,
        20_491_783.0 / 8_589_934_592.0,
        -7_334_801_895.0 / 1_099_511_627_776.0,
    ];
    let mut factor = 1.0;
    while a < 12.0 {
        factor *= a / (a + 0.5);
        a += 1.0;
    }
    let w = a - 0.25;
    let series = C.iter().rev().fold(0.0, |sum, c| sum / (w * w) + c);
    factor * w.sqrt() * series
}

/// `ln(1 + t² / df)`, also where the fraction overflows.
fn ln_secant_squared(t: f64, df: f64) -> f64 {
    let u = t.abs() / df.sqrt();
    if u < 1e100 { (u * u).ln_1p() } else { 2.0 * t.abs().ln() - df.ln() }
}
