//! Paired, Student's and Welch's t-test of many neurons at once.

use std::{fmt, str::FromStr};

use rayon::prelude::*;

use crate::{
    Matrix, Sample, StatsError,
    design::Design,
    summary::{BLOCK, summarise},
};

/// Which t-test to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TestKind {
    /// The paired test: sample `i` of side a and sample `i` of side b belong together, and the
    /// differences are independent draws of one normal distribution.
    Paired,
    /// Student's two-sample test: independent normal samples with one common variance.
    Student,
    /// Welch's two-sample test: independent normal samples with a variance each.
    Welch,
}

impl TestKind {
    const NAMES: &'static str = "paired, student, welch";
}

impl fmt::Display for TestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Paired => "paired",
            Self::Student => "student",
            Self::Welch => "welch",
        })
    }
}

impl FromStr for TestKind {
    type Err = StatsError;

    fn from_str(name: &str) -> Result<Self, StatsError> {
        match name {
            "paired" => Ok(Self::Paired),
            "student" => Ok(Self::Student),
            "welch" => Ok(Self::Welch),
            _ => Err(StatsError::UnknownName {
                what: "t-test",
                name: name.into(),
                expected: Self::NAMES,
            }),
        }
    }
}

/// What is held against the null hypothesis that both sides have one mean.
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
/// Means, difference and interval are in the unit of the measurements; `t`, `effect` and
/// `hedges_g` have none. Positive values mean `a > b`.
///
/// # Undefined tests
///
/// Where the standard error is zero, t is `0/0` or infinite. That is a dead neuron, or one whose
/// difference is the same in every sample, and there is no noise to judge the difference by. Such
/// a test is not [`defined`](Self::defined): every p-value is 1, so that it is never significant
/// and still counts in a correction, and `t`, `df`, `ci`, `effect` and `hedges_g` are NaN.
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
    /// `(ā - b̄) / se`, see [`t_test`] for `se`.
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
    /// `effect` times `Γ(m/2) / (√(m/2) Γ((m-1)/2))`, which removes its bias under normality; `m`
    /// is `n - 1` if paired, `n_a + n_b - 2` otherwise. NaN for `m = 1`.
    pub hedges_g: f64,
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
            hedges_g: NAN,
            defined: false,
        }
    }
}

/// Tests whether the means of `a` and `b` differ, with a confidence interval of the given `level`.
///
/// With sample variances `s²` (divisor `n - 1`):
///
/// | kind | `se²` | `df` |
/// |---|---|---|
/// | paired | `s²(a - b) / n` | `n - 1` |
/// | Student | `s²_p (1/n_a + 1/n_b)`, `s²_p = ((n_a - 1) s²_a + (n_b - 1) s²_b) / df` | `n_a + n_b - 2` |
/// | Welch | `v_a + v_b`, `v = s²/n` | `(v_a + v_b)² / (v_a²/(n_a - 1) + v_b²/(n_b - 1))` |
///
/// and `t = (ā - b̄) / se` is referred to Student's t distribution. P-values are accurate to a
/// relative error of 1e-9 down to 1e-300, see [`StudentT`](crate::StudentT).
///
/// References: Student (1908), *The probable error of a mean*, Biometrika 6; Welch (1947), *The
/// generalization of "Student's" problem*, Biometrika 34; Hedges (1981), *Distribution theory for
/// Glass's estimator of effect size*, J. Educ. Stat. 6.
///
/// ```
/// use neuron_stats::{TestKind, t_test};
///
/// let him = [1.2, 0.9, 1.4, 1.1];
/// let her = [0.7, 0.8, 0.9, 1.0];
/// let test = t_test(TestKind::Paired, &him, &her, 0.95)?;
/// assert!((test.difference - 0.3).abs() < 1e-12);
/// assert!((test.t - 1.5 * 3.0_f64.sqrt()).abs() < 1e-12);
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
///
/// # Errors
///
/// As [`t_tests`], the slices being the samples of one neuron.
pub fn t_test(kind: TestKind, a: &[f64], b: &[f64], level: f64) -> Result<TTest, StatsError> {
    let tests = t_tests(kind, Matrix::new(a, a.len(), 1)?, Matrix::new(b, b.len(), 1)?, level)?;
    Ok(tests[0])
}

/// Runs [`t_test`] on every neuron.
///
/// Neurons are shared out among the threads of the current rayon pool. Each one is computed by two
/// passes in `f64` and in a fixed order, so that the results do not depend on the threads, nor on
/// the other neurons.
///
/// # Errors
///
/// [`StatsError::NeuronCounts`] if the sides have different numbers of neurons,
/// [`StatsError::UnequalPairs`] if a paired test has different numbers of samples,
/// [`StatsError::TooFewSamples`] if a side has fewer than two, and [`StatsError::Level`] unless
/// `0 < level < 1`.
pub fn t_tests<S: Sample>(
    kind: TestKind,
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    level: f64,
) -> Result<Vec<TTest>, StatsError> {
    check_sides(kind, a, b)?;
    check_level(level)?;
    let design = Design::new(kind, a.samples(), b.samples(), level);
    let mut tests = TTest::placeholders(a.neurons());
    tests.par_chunks_mut(BLOCK).enumerate().for_each(|(index, tests)| {
        let block = index * BLOCK..index * BLOCK + tests.len();
        design.test(&summarise(kind, a, b, block), tests);
    });
    Ok(tests)
}

/// Checks that two sides can be compared by this test.
pub(crate) fn check_sides<S: Sample>(
    kind: TestKind,
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
) -> Result<(), StatsError> {
    check_neurons(a.neurons(), b.neurons())?;
    check_counts(kind, a.samples(), b.samples())
}

/// Checks that two numbers of neurons are equal.
pub(crate) fn check_neurons(a: usize, b: usize) -> Result<(), StatsError> {
    if a == b { Ok(()) } else { Err(StatsError::NeuronCounts { a, b }) }
}

/// Checks that this test can be run on so many samples.
pub(crate) fn check_counts(kind: TestKind, n_a: usize, n_b: usize) -> Result<(), StatsError> {
    if kind == TestKind::Paired && n_a != n_b {
        return Err(StatsError::UnequalPairs { a: n_a, b: n_b });
    }
    if n_a.min(n_b) < 2 {
        return Err(StatsError::TooFewSamples { needed: 2, got: n_a.min(n_b) });
    }
    Ok(())
}

/// Checks a confidence level.
pub(crate) fn check_level(level: f64) -> Result<(), StatsError> {
    if level > 0.0 && level < 1.0 { Ok(()) } else { Err(StatsError::Level { level }) }
}
