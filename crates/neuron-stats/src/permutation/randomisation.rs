//! The randomisation test of one set against random ones.

use crate::{quantile::quantile, ttest::test_result::Alternative};

/// A statistic of a set compared with the same statistic of `N` random sets.
///
/// Means, ranges and differences are in the unit of the statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandomisationTest {
    /// Number `N` of random sets, at least 1.
    pub random_sets: usize,
    /// Mean of the random sets.
    pub random_mean: f64,
    /// Central 95 % of the random sets: their 2.5 % and 97.5 % quantiles.
    pub random_range: (f64, f64),
    /// The observed statistic minus the mean of the random sets.
    pub excess: f64,
    /// P-value against the alternative that the observed set differs from random ones.
    pub p_two_sided: f64,
    /// P-value against the alternative that its statistic is greater.
    pub p_greater: f64,
    /// P-value against the alternative that its statistic is less.
    pub p_less: f64,
}

impl RandomisationTest {
    /// The p-value against `alternative`, in which the observed set is side a.
    #[must_use]
    pub const fn p(&self, alternative: Alternative) -> f64 {
        match alternative {
            Alternative::TwoSided => self.p_two_sided,
            Alternative::Greater => self.p_greater,
            Alternative::Less => self.p_less,
        }
    }

    /// The smallest p-value that so many random sets allow, `1 / (1 + N)`.
    #[must_use]
    pub fn floor(&self) -> f64 {
        smallest_randomisation_p(self.random_sets)
    }

    /// Whether no random set reaches the observed one. More random sets might then give a smaller
    /// p-value, which should be read as "at most".
    #[must_use]
    pub fn at_floor(&self, alternative: Alternative) -> bool {
        self.p(alternative) <= self.floor()
    }
}

/// The smallest p-value that a randomisation test with so many random sets can give.
#[must_use]
pub fn smallest_randomisation_p(random_sets: usize) -> f64 {
    1.0 / (1.0 + random_sets as f64)
}

/// Tests whether the statistic of an observed set is one that a random set might have. None if
/// there are no random sets, or a value is not finite, or the values are too large to be added up.
///
/// Each p-value is the share of all `N + 1` values, the observed one among them, that are at least
/// as extreme as it:
///
/// ```text
/// two-sided  #{i: |x_i - c| >= |observed - c|} / (N + 1)    c: mean of all N + 1 values
/// greater    #{i: x_i >= observed} / (N + 1)
/// less       #{i: x_i <= observed} / (N + 1)
/// ```
///
/// So it is `(1 + b) / (1 + N)` with the number `b` of random sets that reach the observed one, and
/// never 0. The centre `c` contains the observed value, so that all values are treated alike:
/// around the mean of the random ones alone, the test would reject too often.
///
/// # Promise
///
/// If the observed set is exchangeable with the random ones, each p-value is at most `alpha` with
/// a probability of at most `alpha`, for any `N` and any distribution. Sets are exchangeable if the
/// observed one might as well have been drawn as one of them: random sets of the neurons *outside*
/// the observed set, for example, are not, where a single neuron can decide the statistic.
///
/// Values that differ by at most `32 ε` of the largest `|x|` count as equal, with ε = 2⁻⁵², so that
/// ties count as reached in spite of rounding. With very few random sets the two-sided p-value
/// cannot be at its floor: one random value is always as far from the centre as the observed one.
///
/// References: Davison and Hinkley (1997), *Bootstrap Methods and their Application*, chapter 4;
/// Phipson and Smyth (2010), *Permutation P-values should never be zero*, Stat. Appl. Genet. Mol.
/// Biol. 9.
///
/// ```
/// use neuron_stats::{Alternative, randomisation_p};
///
/// let test = randomisation_p(5.0, &[0.0, 1.0, 2.0, 1.0]).unwrap();
/// assert_eq!(test.excess, 4.0);
/// assert_eq!(test.p_two_sided, 1.0 / 5.0);
/// assert!(test.at_floor(Alternative::TwoSided));
/// assert_eq!(test.p_less, 1.0);
/// ```
#[must_use]
pub fn randomisation_p(observed: f64, random: &[f64]) -> Option<RandomisationTest> {
    if random.is_empty() {
        return None;
    }
    // In ascending order, so that the centre does not depend on which of the values was observed.
    let mut all = random.to_vec();
    all.sort_unstable_by(f64::total_cmp);
    let random_mean = mean(&all);
    let random_range = (quantile(&all, 0.025), quantile(&all, 0.975));
    let place = all.partition_point(|&value| value < observed);
    all.insert(place, observed);
    let centre = mean(&all);
    let excess = observed - random_mean;
    let is_finite = all.iter().all(|value| value.is_finite());
    if !is_finite || !centre.is_finite() || !excess.is_finite() {
        return None;
    }

    let largest = all.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let tolerance = 32.0 * f64::EPSILON * largest;
    let distance = (observed - centre).abs() - tolerance;
    let share = |reached: usize| reached as f64 / all.len() as f64;
    let far = all.iter().filter(|&value| (value - centre).abs() >= distance).count();
    let above = all.iter().filter(|&value| *value >= observed - tolerance).count();
    let below = all.iter().filter(|&value| *value <= observed + tolerance).count();
    Some(RandomisationTest {
        random_sets: random.len(),
        random_mean,
        random_range,
        excess,
        p_two_sided: share(far),
        p_greater: share(above),
        p_less: share(below),
    })
}

fn mean(values: &[f64]) -> f64 {
    sum_in_pairs(values) / values.len() as f64
}

/// The sum with an error of a few ulps of the sum of magnitudes, however many values there are.
fn sum_in_pairs(values: &[f64]) -> f64 {
    const FEW: usize = 8;
    if values.len() <= FEW {
        return values.iter().sum();
    }
    let (first, second) = values.split_at(values.len() / 2);
    sum_in_pairs(first) + sum_in_pairs(second)
}
