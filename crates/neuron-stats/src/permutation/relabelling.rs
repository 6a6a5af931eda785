//! The relabellings of a permutation test.

use crate::ttest::test_kind::TestKind;

/// The kind of relabelling that the null hypothesis allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relabelling {
    /// Swap the two sides of some pairs, which turns the sign of their differences. Valid if the
    /// differences are symmetric about 0 under the null hypothesis, as they are if "him" and "her"
    /// are exchangeable within each pair. No normality is assumed.
    SignFlip,
    /// Deal the pooled samples out to the sides again. Valid if all samples have one distribution
    /// under the null hypothesis. It tests for any difference, not for one of the means alone:
    /// with unequal variances *and* unequal counts it may reject for equal means.
    LabelShuffle,
}

impl Relabelling {
    /// The relabelling that suits the design of a t-test.
    #[must_use]
    pub const fn of(kind: TestKind) -> Self {
        match kind {
            TestKind::Paired => Self::SignFlip,
            TestKind::Student | TestKind::Welch => Self::LabelShuffle,
        }
    }
}

/// The number of relabellings, and their random seed.
///
/// Each of them takes 24 bytes (16 more for each further division in
/// [`max_t_over`](crate::max_t_over)) and one byte per six samples, counting a pair as one: 33 bytes
/// for 54 pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resampling {
    /// Number `B` of random relabellings, drawn independently.
    pub draws: usize,
    /// Instead of drawing, enumerate all relabellings if there are at most this many: `2ⁿ` sign flips,
    /// or `n_a + n_b` over `n_a` shuffles. More than [`Self::MOST`] counts as that many.
    pub exact_up_to: usize,
    /// Random seed of the draws. Draw `i` is stream `i` of the `ChaCha8` generator with this seed.
    pub seed: u64,
}

impl Resampling {
    /// Largest number of relabellings: 67,108,864, in some 2 GB.
    pub const MOST: usize = 1 << 26;
}

impl Default for Resampling {
    /// 10,000 draws of seed 0; all relabellings if there are at most as many.
    fn default() -> Self {
        Self { draws: 10_000, exact_up_to: 10_000, seed: 0 }
    }
}
