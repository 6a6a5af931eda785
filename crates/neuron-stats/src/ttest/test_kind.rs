//! The three t-tests.

use std::fmt;

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

impl fmt::Display for TestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Paired => "paired",
            Self::Student => "student",
            Self::Welch => "welch",
        })
    }
}
