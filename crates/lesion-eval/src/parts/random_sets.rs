//! Random sets of a layer's neurons, to compare with a matched set.
//!
//! If the matched set were itself chosen at random, each random set would be as likely as it: from the
//! whole layer, or from the sets with as many neurons in each group of similar ones. So the matched
//! neurons are never left out, and the share of random sets that reach its effect is an exact p.

use std::sync::Arc;

use rand::seq::{IndexedRandom, index};
use rand_chacha::ChaCha8Rng;
use study_record::SetKind;

/// Chooses a set of kind [`SetKind::Random`]: `size` of a layer's neurons, ascending.
pub(crate) fn choose_any(neurons: usize, size: usize, rng: &mut ChaCha8Rng) -> Arc<[usize]> {
    let mut set = index::sample(rng, neurons, size).into_vec();
    set.sort_unstable();
    set.into()
}

/// Groups of neurons that are next to each other in the order of some value, each with the number of
/// matched neurons in it.
pub(crate) struct SimilarGroups {
    groups: Vec<(Vec<usize>, usize)>,
    matched: usize,
    shared: f64,
}

impl SimilarGroups {
    /// Groups a layer's neurons by a value of each.
    pub(crate) fn new(values: &[f64], matched: &[usize]) -> Self {
        let mut sorted: Vec<usize> = (0..values.len()).collect();
        sorted.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
        let mut is_matched = vec![false; values.len()];
        for &neuron in matched {
            is_matched[neuron] = true;
        }
        let mut groups = Vec::new();
        let mut shared = 0.0;
        for group in sorted.chunks(SetKind::GROUP) {
            let inside: Vec<usize> =
                group.iter().copied().filter(|&neuron| is_matched[neuron]).collect();
            if !inside.is_empty() {
                let share = inside.len() as f64 / group.len() as f64;
                shared += share * sum_of_squares(values, &inside);
                groups.push((group.to_vec(), inside.len()));
            }
        }
        Self { groups, matched: matched.len(), shared: shared / sum_of_squares(values, matched) }
    }

    /// Chooses a set with as many neurons of each group as the matched one, ascending.
    pub(crate) fn choose(&self, rng: &mut ChaCha8Rng) -> Arc<[usize]> {
        let mut set = Vec::with_capacity(self.matched);
        for (group, count) in &self.groups {
            set.extend(group.sample(rng, *count));
        }
        set.sort_unstable();
        set.into()
    }

    /// The share of the matched set, by the squares of its neurons' values, that a chosen set
    /// contains on average.
    pub(crate) fn shared(&self) -> f64 {
        self.shared
    }
}

fn sum_of_squares(values: &[f64], neurons: &[usize]) -> f64 {
    neurons.iter().map(|&neuron| values[neuron].powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    #[test]
    fn a_random_set_has_the_size_and_any_neuron_of_the_layer() {
        let mut seen = [0; 50];
        for number in 0..2_000 {
            let set = choose_any(50, 10, &mut stream(3, Purpose::AnySet, 0, number));
            assert!(set.len() == 10 && set.is_sorted_by(|a, b| a < b) && set[9] < 50);
            for &neuron in &*set {
                seen[neuron] += 1;
            }
        }
        // Each is in a fifth of the sets, within five standard deviations.
        assert!(seen.iter().all(|&count: &i32| (count - 400).abs() < 90), "{seen:?}");
    }

    #[test]
    fn similar_sets_have_the_matched_number_in_each_group() {
        let values: Vec<f64> = (0..80).map(|neuron| f64::from((neuron * 37) % 80)).collect();
        // Values 79 to 64 are the first group, 63 to 48 the second, and so on.
        let find = |value: f64| values.iter().position(|&other| other.total_cmp(&value).is_eq());
        let matched: Vec<usize> =
            [79.0, 78.0, 77.0, 64.0, 10.0].iter().filter_map(|&value| find(value)).collect();
        let groups = SimilarGroups::new(&values, &matched);
        let mut shared = 0.0;
        for number in 0..4_000 {
            let set = groups.choose(&mut stream(3, Purpose::ActiveSet, 0, number));
            let high = set.iter().filter(|&&neuron| values[neuron] >= 64.0).count();
            let low = set.iter().filter(|&&neuron| values[neuron] < 16.0).count();
            assert_eq!((set.len(), high, low), (5, 4, 1));
            let inside: Vec<usize> =
                set.iter().copied().filter(|neuron| matched.contains(neuron)).collect();
            shared += sum_of_squares(&values, &inside);
        }
        let share = shared / 4_000.0 / sum_of_squares(&values, &matched);
        assert!((share - groups.shared()).abs() < 0.01, "{share} {}", groups.shared());
    }
}
