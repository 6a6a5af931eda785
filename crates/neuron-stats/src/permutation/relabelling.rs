//! Relabellings as patterns of signs.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use rayon::prelude::*;

use super::{Relabelling, Resampling};
use crate::StatsError;

/// Samples whose signs share a byte. Their 64 signed sums times eight neurons fill 4 KiB, so that
/// the sums of 54 pairs stay in a first-level cache.
pub(super) const GROUP: usize = 6;

/// The signs of many relabellings. Each has one byte per [`GROUP`] samples, in which bit `i` turns
/// the sign of sample `i` of the group.
pub(super) struct SignCodes {
    bytes: Vec<u8>,
    /// The signs of the labelling that was observed.
    pub(super) observed: Vec<u8>,
    /// How many signs a relabelling has.
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
        let count = match relabelling {
            Relabelling::SignFlip => power_of_two(n_a),
            Relabelling::LabelShuffle => binomial(samples, n_a, exact_up_to),
        };
        let exact = count.is_some_and(|count| count <= exact_up_to);
        let observed = encode(&labels);
        let bytes = if exact {
            match relabelling {
                Relabelling::SignFlip => all_orders(labels, next_sign_flip),
                Relabelling::LabelShuffle => all_orders(labels, next_permutation),
            }
        } else if draws == 0 {
            return Err(StatsError::NoDraws);
        } else {
            let draw = |index| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(index);
                match relabelling {
                    Relabelling::SignFlip => encode(&random_signs(samples, &mut rng)),
                    Relabelling::LabelShuffle => encode(&random_sides(n_a, n_b, &mut rng)),
                }
            };
            let drawn: Vec<_> = (0..draws as u64).into_par_iter().map(draw).collect();
            drawn.concat()
        };
        Ok(Self { bytes, observed, samples, exact })
    }

    pub(super) fn count(&self) -> usize {
        self.bytes.len() / self.observed.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.observed.len())
    }
}

fn encode(turned: &[bool]) -> Vec<u8> {
    let byte = |group: &[bool]| group.iter().rev().fold(0, |byte, &bit| byte << 1 | u8::from(bit));
    turned.chunks(GROUP).map(byte).collect()
}

/// All patterns from the first one on.
fn all_orders(first: Vec<bool>, next: fn(&mut [bool]) -> bool) -> Vec<u8> {
    let mut pattern = first;
    let mut bytes = encode(&pattern);
    while next(&mut pattern) {
        bytes.extend(encode(&pattern));
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

fn random_signs(samples: usize, rng: &mut ChaCha8Rng) -> Vec<bool> {
    let mut bits = 0;
    let sign = |sample: usize| {
        bits = if sample.is_multiple_of(64) { rng.next_u64() } else { bits >> 1 };
        bits & 1 == 1
    };
    (0..samples).map(sign).collect()
}

/// Deals `n_a + n_b` samples out at random; true for side b. Selection sampling, after Knuth, *The
/// Art of Computer Programming*, volume 2, 3.4.2, algorithm S.
fn random_sides(n_a: usize, n_b: usize, rng: &mut ChaCha8Rng) -> Vec<bool> {
    let mut wanted = n_b as u128;
    let side = |left: usize| {
        // True with probability wanted / left, up to a bias of left / 2⁶⁴.
        let is_b = (u128::from(rng.next_u64()) * left as u128) >> 64 < wanted;
        wanted -= u128::from(is_b);
        is_b
    };
    (1..=n_a + n_b).rev().map(side).collect()
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
            let different: HashSet<_> = all.iter().collect();
            assert_eq!(different.len(), count);
            assert!(different.contains(&all.observed[..]));
            assert!(!codes(relabelling, n_a, n_b, count - 1).exact);
        }
        // Numbers of relabellings beyond any integer.
        assert!(!codes(Relabelling::SignFlip, 1000, 1000, usize::MAX).exact);
        assert!(!codes(Relabelling::LabelShuffle, 500, 500, usize::MAX).exact);
    }

    #[test]
    fn draws_turn_each_sample_equally_often() {
        for (relabelling, n_a, n_b, share) in
            [(Relabelling::SignFlip, 70, 70, 0.5), (Relabelling::LabelShuffle, 40, 30, 3.0 / 7.0)]
        {
            let drawn = codes(relabelling, n_a, n_b, 0);
            let turned =
                |codes: &[u8], sample: usize| codes[sample / GROUP] >> (sample % GROUP) & 1;
            for sample in 0..70 {
                let count: u32 = drawn.iter().map(|code| u32::from(turned(code, sample))).sum();
                let error = (5000.0_f64 * share * (1.0 - share)).sqrt();
                assert!((f64::from(count) - 5000.0 * share).abs() < 4.0 * error);
            }
            if relabelling == Relabelling::LabelShuffle {
                let side_b = |code: &[u8]| code.iter().map(|byte| byte.count_ones()).sum::<u32>();
                assert!(drawn.iter().all(|code| side_b(code) == 30));
            }
        }
    }
}
