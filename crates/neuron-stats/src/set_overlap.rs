//! The overlap of two sets.

use std::cmp::Ordering;

/// The Dice coefficient `2 |A ∩ B| / (|A| + |B|)` of two sets, each in ascending order and without
/// repeats: 0 if they have nothing in common, 1 if they are equal. NaN if both are empty.
///
/// Reference: Dice (1945), *Measures of the amount of ecologic association between species*,
/// Ecology 26.
///
/// ```
/// use neuron_stats::{dice, expected_dice};
///
/// assert_eq!(dice(&[1, 4, 7, 9], &[0, 4, 9, 11]), 0.5);
/// // Two random sets of 4 of 16 neurons share 1 of these on average.
/// assert_eq!(expected_dice(4, 4, 16), 0.25);
/// ```
#[must_use]
pub fn dice(a: &[usize], b: &[usize]) -> f64 {
    let sizes = (a.len() + b.len()) as f64;
    let mut shared = 0;
    let mut a = a.iter();
    let mut b = b.iter();
    let mut next = (a.next(), b.next());
    while let (Some(first), Some(second)) = next {
        match first.cmp(second) {
            Ordering::Less => next.0 = a.next(),
            Ordering::Greater => next.1 = b.next(),
            Ordering::Equal => {
                shared += 1;
                next = (a.next(), b.next());
            }
        }
    }
    f64::from(2 * shared) / sizes
}

/// The mean of [`dice`] over random sets of these sizes from `population` things: its level by
/// chance.
///
/// The number of shared things has a hypergeometric distribution with mean `|A| |B| / population`.
/// It is enough that one of the sets is random. NaN if both are empty, or a set is larger than the
/// population.
#[must_use]
pub fn expected_dice(size_a: usize, size_b: usize, population: usize) -> f64 {
    if size_a.max(size_b) > population {
        return f64::NAN;
    }
    let a = size_a as f64;
    let b = size_b as f64;
    2.0 * a * b / population as f64 / (a + b)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "the values must be equal in every bit")]

    use super::{dice, expected_dice};

    /// All sets of `size` things of `population`.
    fn sets(size: u32, population: usize) -> Vec<Vec<usize>> {
        let bits = (0_usize..1 << population).filter(|bits| bits.count_ones() == size);
        bits.map(|bits| (0..population).filter(|thing| bits >> thing & 1 == 1).collect()).collect()
    }

    #[test]
    fn the_expected_overlap_is_the_mean_over_all_sets() {
        const POPULATION: usize = 7;
        for (size_a, size_b) in [(1, 1), (2, 5), (3, 3), (7, 4), (0, 3), (7, 7)] {
            let mut sum = 0.0;
            let mut count = 0;
            for a in sets(size_a, POPULATION) {
                for b in sets(size_b, POPULATION) {
                    let shared = a.iter().filter(|thing| b.contains(thing)).count();
                    let naive = 2.0 * shared as f64 / (a.len() + b.len()) as f64;
                    assert_eq!(dice(&a, &b), naive);
                    assert_eq!(dice(&b, &a), naive);
                    sum += naive;
                    count += 1;
                }
            }
            let mean = sum / f64::from(count);
            let expected = expected_dice(size_a as usize, size_b as usize, POPULATION);
            assert!((mean - expected).abs() < 1e-12, "{size_a}, {size_b}: {mean} {expected}");
        }
    }

    #[test]
    fn equal_sets_overlap_entirely_and_empty_ones_not_at_all() {
        assert_eq!(dice(&[2, 3, 5], &[2, 3, 5]), 1.0);
        assert_eq!(dice(&[2, 3, 5], &[]), 0.0);
        assert!(dice(&[], &[]).is_nan());
        assert_eq!(expected_dice(0, 3, 9), 0.0);
        assert_eq!(expected_dice(9, 9, 9), 1.0);
        assert!(expected_dice(0, 0, 9).is_nan());
        assert!(expected_dice(0, 0, 0).is_nan());
        assert!(expected_dice(10, 1, 9).is_nan());
    }
}
