//! Checks of inputs that several statistics share.

use crate::{
    error::StatsError,
    matrix::{Matrix, Sample},
    ttest::test_kind::TestKind,
};

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
