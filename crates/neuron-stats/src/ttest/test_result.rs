//! The result of a t-test, and the alternatives that it is read against.

use rayon::prelude::*;

/// The alternative to the null hypothesis that both sides have one mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alternative {
    /// The means differ.
    TwoSided,
    /// The mean of side a is greater.
    Greater,
    /// The mean of side a is less.
    Less,
}

/// The t-test of one neuron.
///
/// Means, difference and interval are in the unit of the measurements; `t` and `effect` have none.
/// Positive values mean `a > b`.
///
/// # Undefined tests
///
/// If the standard error is zero, t is `0/0` or infinite. That is a dead neuron, or one whose
/// difference is the same in every sample, and there is no noise to judge the difference by. Such
/// a test is not [`defined`](Self::defined): every p-value is 1, so that it is never significant
/// and still counts in a correction, and `t`, `df`, `ci` and `effect` are NaN.
///
/// "Zero" includes a standard error of at most `2ε` times the largest measurement `|a|` or `|b|` of
/// the neuron, with ε = 2⁻⁵²: the rounding in `f64` of a side that is the other one plus a constant.
/// (The coarser rounding of `f32` measurements counts as noise.) It also includes squares that underflow `f64` (deviations below about 1e-160)
/// or overflow it (above about 1e150).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TTest {
    /// Mean `ā` of side a.
    pub mean_a: f64,
    /// Mean `b̄` of side b.
    pub mean_b: f64,
    /// `ā - b̄`, the mean of `a - b` if paired: not only the difference of the two fields above,
    /// which are rounded.
    pub difference: f64,
    /// `(ā - b̄) / se`, see [`t_test`](crate::t_test) for `se`.
    pub t: f64,
    /// Degrees of freedom of t under the null hypothesis.
    pub df: f64,
    /// `P(|T| >= |t|)`.
    pub p_two_sided: f64,
    /// `P(T >= t)`, small where `a > b`.
    pub p_greater: f64,
    /// `P(T <= t)`, small where `a < b`.
    pub p_less: f64,
    /// Two-sided confidence interval of the difference at the level asked for.
    pub ci: (f64, f64),
    /// Effect size: `d_z`, the mean difference over the standard deviation of the differences, if
    /// paired; otherwise Cohen's d, the difference over the pooled standard deviation, also for
    /// Welch's test.
    pub effect: f64,
    /// Whether t is defined.
    pub defined: bool,
}

impl TTest {
    /// The p-value against `alternative`.
    #[must_use]
    pub const fn p(&self, alternative: Alternative) -> f64 {
        match alternative {
            Alternative::TwoSided => self.p_two_sided,
            Alternative::Greater => self.p_greater,
            Alternative::Less => self.p_less,
        }
    }

    /// Tests to be filled in. Made in parallel, as touching fresh memory takes its time.
    pub(crate) fn placeholders(neurons: usize) -> Vec<Self> {
        (0..neurons).into_par_iter().map(|_| Self::undefined(0.0, 0.0, 0.0)).collect()
    }

    pub(crate) const fn undefined(mean_a: f64, mean_b: f64, difference: f64) -> Self {
        const NAN: f64 = f64::NAN;
        Self {
            mean_a,
            mean_b,
            difference,
            t: NAN,
            df: NAN,
            p_two_sided: 1.0,
            p_greater: 1.0,
            p_less: 1.0,
            ci: (NAN, NAN),
            effect: NAN,
            defined: false,
        }
    }
}
