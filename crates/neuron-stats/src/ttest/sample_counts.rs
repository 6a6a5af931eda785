//! The numbers of samples behind a t.

use crate::error::StatsError;

/// The numbers of samples behind a t.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SampleCounts {
    /// `n` pairs, or `n` values whose mean is compared with 0.
    Pairs(usize),
    /// `n_a` and `n_b` independent samples of the two sides, with a common variance.
    Sides(usize, usize),
}

impl SampleCounts {
    /// Checks that there are at least two samples of a side.
    pub(crate) const fn check(self) -> Result<(), StatsError> {
        let got = match self {
            Self::Pairs(n) => n,
            Self::Sides(n_a, n_b) => {
                if n_a < n_b {
                    n_a
                } else {
                    n_b
                }
            }
        };
        if got < 2 { Err(StatsError::TooFewSamples { needed: 2, got }) } else { Ok(()) }
    }

    /// Degrees of freedom of t.
    pub(crate) fn df(self) -> f64 {
        match self {
            Self::Pairs(n) => n as f64 - 1.0,
            Self::Sides(n_a, n_b) => n_a as f64 + n_b as f64 - 2.0,
        }
    }

    /// The number `N` by which t of an effect size `d` is `d √N`: `n`, or `n_a n_b / (n_a + n_b)`.
    pub(crate) fn effective(self) -> f64 {
        match self {
            Self::Pairs(n) => n as f64,
            Self::Sides(n_a, n_b) => 1.0 / (1.0 / n_a as f64 + 1.0 / n_b as f64),
        }
    }
}
