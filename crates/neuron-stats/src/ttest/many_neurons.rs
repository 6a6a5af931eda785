//! Paired, Student's and Welch's t-test of many neurons at once.

use rayon::prelude::*;

use crate::{
    error::StatsError,
    input_checks::{check_level, check_sides},
    matrix::{Matrix, Sample},
    ttest::{
        design::Design,
        summary::{BLOCK, summarise},
        test_kind::TestKind,
        test_result::TTest,
    },
};

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
/// generalization of "Student's" problem*, Biometrika 34.
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
/// If [`t_tests`] fails for these samples of one neuron, or a sample is NaN or infinite
/// ([`StatsError::NotFinite`]).
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
/// If the sides have different numbers of neurons ([`StatsError::NeuronCounts`]), a paired test has
/// different numbers of samples ([`StatsError::UnequalPairs`]), a side has fewer than two samples
/// ([`StatsError::TooFewSamples`]), or `level` is not in `(0, 1)` ([`StatsError::Level`]).
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
