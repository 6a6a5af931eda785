//! Relabellings as patterns of signs.

use std::ops::Range;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use rayon::prelude::*;

use crate::{
    error::StatsError,
    permutation::relabelling::{Relabelling, Resampling},
};

/// Samples whose signs share a byte. Their 64 signed sums times eight neurons fill 4 KiB, so that
/// the sums of 54 pairs stay in a first-level cache.
pub(super) const GROUP: usize = 6;

/// The signs of many relabellings. Each has one byte per [`GROUP`] samples, in which bit `i` turns
/// the sign of sample `i` of the group.
pub(super) struct SignCodes {
    bytes: Vec<u8>,
    /// The signs of the observed labelling.
    pub(super) observed: Vec<u8>,
    /// Number of signs of a relabelling.
    pub(super) samples: usize,
    /// Whether these are all relabellings.
    pub(super) exact: bool,
}

impl SignCodes {
    pub(super) fn new(
        relabelling: Relabelling,
        n_a: usize,
        n_b: usize,
        resampling: Resampling,
    ) -> Result<Self, StatsError> {
        let Resampling { draws, exact_up_to, seed } = resampling;
        // Side b comes after side a with its signs turned; a pair is one sample.
        let labels: Vec<bool> = match relabelling {
            Relabelling::SignFlip => vec![false; n_a],
            Relabelling::LabelShuffle => (0..n_a + n_b).map(|sample| sample >= n_a).collect(),
        };
        let samples = labels.len();
        let exact_up_to = exact_up_to.min(Resampling::MOST);
        let count = match relabelling {
            Relabelling::SignFlip => power_of_two(n_a),
            Relabelling::LabelShuffle => binomial(samples, n_a, exact_up_to),
        };
        let observed = encode(labels.iter().copied());
        let exhaustible = count.filter(|&count| count <= exact_up_to);
        let bytes = if let Some(count) = exhaustible {
            let next = match relabelling {
                Relabelling::SignFlip => next_sign_flip,
                Relabelling::LabelShuffle => next_permutation,
            };
            all_orders(labels, count, next)
        } else if draws == 0 {
            return Err(StatsError::NoDraws);
        } else if draws > Resampling::MOST {
            return Err(StatsError::TooManyDraws { draws, most: Resampling::MOST });
        } else {
            let stride = observed.len();
            let mut bytes = vec![0; draws * stride];
            bytes.par_chunks_mut(stride).enumerate().for_each(|(index, codes)| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(index as u64);
                match relabelling {
                    Relabelling::SignFlip => encode_into(codes, random_signs(samples, &mut rng)),
                    Relabelling::LabelShuffle => {
                        encode_into(codes, random_sides(n_a, n_b, &mut rng));
                    }
                }
            });
            bytes
        };
        Ok(Self { bytes, observed, samples, exact: exhaustible.is_some() })
    }

    pub(super) fn count(&self) -> usize {
        self.bytes.len() / self.observed.len()
    }

    /// Some of the relabellings.
    pub(super) fn range(&self, range: Range<usize>) -> impl Iterator<Item = &[u8]> {
        let stride = self.observed.len();
        self.bytes[range.start * stride..range.end * stride].chunks_exact(stride)
    }
}

fn encode(turned: impl ExactSizeIterator<Item = bool>) -> Vec<u8> {
    let mut codes = vec![0; turned.len().div_ceil(GROUP)];
    encode_into(&mut codes, turned);
    codes
}

/// Sets the bits of codes that are 0.
fn encode_into(codes: &mut [u8], turned: impl Iterator<Item = bool>) {
    for (sample, turned) in turned.enumerate() {
        codes[sample / GROUP] |= u8::from(turned) << (sample % GROUP);
    }
}

/// All `count` patterns from the first one on.
fn all_orders(mut pattern: Vec<bool>, count: usize, next: fn(&mut [bool]) -> bool) -> Vec<u8> {
    let stride = pattern.len().div_ceil(GROUP);
    let mut bytes = vec![0; count * stride];
    for codes in bytes.chunks_exact_mut(stride) {
        encode_into(codes, pattern.iter().copied());
        next(&mut pattern);
    }
    bytes
}

/// Counts up in binary; false after the last pattern.
fn next_sign_flip(turned: &mut [bool]) -> bool {
    turned.iter_mut().any(|bit| {
        *bit = !*bit;
        *bit
    })
}

/// The next arrangement in lexicographic order; false after the last one.
fn next_permutation(labels: &mut [bool]) -> bool {
    let Some(start) = labels.windows(2).rposition(|pair| !pair[0] && pair[1]) else {
        return false;
    };
    if let Some(last) = labels.iter().rposition(|&label| label) {
        labels.swap(start, last);
    }
    labels[start + 1..].reverse();
    true
}

/// Turns each sample with probability 1/2.
pub(super) fn random_signs(samples: usize, rng: &mut ChaCha8Rng) -> impl Iterator<Item = bool> {
    let mut bits = 0;
    (0..samples).map(move |sample| {
        bits = if sample.is_multiple_of(64) { rng.next_u64() } else { bits >> 1 };
        bits & 1 == 1
    })
}

/// Deals `n_a + n_b` samples out at random; true for side b. Selection sampling, after Knuth, *The
/// Art of Computer Programming*, volume 2, 3.4.2, algorithm S.
pub(super) fn random_sides(
    n_a: usize,
    n_b: usize,
    rng: &mut ChaCha8Rng,
) -> impl Iterator<Item = bool> {
    let mut wanted = n_b as u128;
    (1..=n_a + n_b).rev().map(move |left| {
        // True with probability wanted / left, up to a bias of left / 2⁶⁴.
        let is_b = (u128::from(rng.next_u64()) * left as u128) >> 64 < wanted;
        wanted -= u128::from(is_b);
        is_b
    })
}

fn power_of_two(exponent: usize) -> Option<usize> {
    1_usize.checked_shl(u32::try_from(exponent).ok()?)
}

/// `n` over `k`, unless it is more than `limit`.
fn binomial(n: usize, k: usize, limit: usize) -> Option<usize> {
    let mut count = 1_usize;
    for i in 0..k.min(n - k) {
        // The partial products only grow.
        count = count.checked_mul(n - i)? / (i + 1);
        if count > limit {
            return None;
        }
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn codes(relabelling: Relabelling, n_a: usize, n_b: usize, exact_up_to: usize) -> SignCodes {
        let resampling = Resampling { draws: 5000, exact_up_to, seed: 9 };
        SignCodes::new(relabelling, n_a, n_b, resampling).unwrap()
    }

    #[test]
    fn enumerations_are_complete_and_contain_what_was_observed() {
        for (relabelling, n_a, n_b, count) in [
            (Relabelling::SignFlip, 7, 7, 128),
            (Relabelling::LabelShuffle, 4, 5, 126),
            (Relabelling::LabelShuffle, 5, 4, 126),
            (Relabelling::LabelShuffle, 2, 100, 5151),
        ] {
            let all = codes(relabelling, n_a, n_b, count);
            assert!(all.exact);
            assert_eq!(all.count(), count);
            let different: HashSet<_> = all.range(0..count).collect();
            assert_eq!(different.len(), count);
            assert!(different.contains(&all.observed[..]));
            assert!(!codes(relabelling, n_a, n_b, count - 1).exact);
        }
        // More than memory holds, and numbers of relabellings beyond any integer.
        assert!(!codes(Relabelling::SignFlip, 40, 40, usize::MAX).exact);
        assert!(!codes(Relabelling::LabelShuffle, 20, 20, usize::MAX).exact);
        assert!(!codes(Relabelling::SignFlip, 1000, 1000, usize::MAX).exact);
        assert!(!codes(Relabelling::LabelShuffle, 500, 500, usize::MAX).exact);
    }

    #[test]
    fn draws_turn_each_sample_equally_often() {
        for (relabelling, n_a, n_b, share) in
            [(Relabelling::SignFlip, 70, 70, 0.5), (Relabelling::LabelShuffle, 40, 30, 3.0 / 7.0)]
        {
            let drawn = codes(relabelling, n_a, n_b, 0);
            for sample in 0..70 {
                let count: u32 = drawn
                    .range(0..5000)
                    .map(|code| u32::from(code[sample / GROUP] >> (sample % GROUP) & 1))
                    .sum();
                let error = (5000.0_f64 * share * (1.0 - share)).sqrt();
                assert!((f64::from(count) - 5000.0 * share).abs() < 4.0 * error);
            }
            if relabelling == Relabelling::LabelShuffle {
                for code in drawn.range(0..5000) {
                    let side_b: u32 = code.iter().map(|byte| byte.count_ones()).sum();
                    assert_eq!(side_b, 30);
                }
            }
        }
    }
}
