//! Random sets of a layer's neurons, to compare with the matched set.

use std::sync::Arc;

use neuron_stats::TTest;
use rand::{
    RngExt,
    seq::{IndexedRandom, SliceRandom},
};
use rand_chacha::ChaCha8Rng;
use study_record::SetKind;

/// The neurons of a layer that random sets are chosen from.
pub(crate) struct Pool<'a> {
    pub(crate) matched: Arc<[usize]>,
    pub(crate) tests: &'a [TTest],
    /// Each neuron's mean |activation| at the masks.
    pub(crate) activity: &'a [f32],
}

impl Pool<'_> {
    /// Root mean square of the neurons' activity.
    pub(crate) fn mean_activity(&self, neurons: &[usize]) -> f64 {
        let squares = neurons.iter().map(|&neuron| f64::from(self.activity[neuron]).powi(2));
        (squares.sum::<f64>() / neurons.len() as f64).sqrt()
    }

    /// Every neuron outside the matched set.
    pub(crate) fn others(&self) -> Vec<usize> {
        (0..self.tests.len()).filter(|neuron| !self.matched.contains(neuron)).collect()
    }

    /// Sorts neurons by rising activity.
    pub(crate) fn sort_by_activity(&self, mut neurons: Vec<usize>) -> Vec<usize> {
        neurons.sort_by(|&a, &b| self.activity[a].total_cmp(&self.activity[b]));
        neurons
    }

    /// Chooses a set of kind [`Random`](study_record::SetKind::Random).
    pub(crate) fn choose_any(&self, others: &[usize], mut rng: ChaCha8Rng) -> Arc<[usize]> {
        others.sample(&mut rng, self.matched.len()).copied().collect()
    }

    /// Chooses a set of kind [`RandomActive`](study_record::SetKind::RandomActive) from
    /// `others`, which are sorted by activity.
    pub(crate) fn choose_alike(&self, mut others: Vec<usize>, mut rng: ChaCha8Rng) -> Arc<[usize]> {
        let mut matched = self.matched.to_vec();
        matched.shuffle(&mut rng);
        let mut set = Vec::with_capacity(matched.len());
        for neuron in matched {
            let activity = self.activity[neuron];
            let place = others.partition_point(|&other| self.activity[other] < activity);
            let last_first = others.len().saturating_sub(SetKind::NEAREST);
            let first = place.saturating_sub(SetKind::NEAREST / 2).min(last_first);
            let last = (first + SetKind::NEAREST).min(others.len());
            set.push(others.remove(rng.random_range(first..last)));
        }
        set.into()
    }
}

#[cfg(test)]
mod tests {
    use neuron_stats::{Matrix, TestKind, t_tests};

    use super::*;
    use crate::random::{Purpose, stream};

    /// A random set in place of the first 20 of 200 neurons.
    fn choose(kind: SetKind, activity: &[f32], index: usize) -> Vec<usize> {
        let dead = vec![0.0_f32; 400];
        let dead = Matrix::new(&dead, 2, 200).unwrap();
        let tests = t_tests(TestKind::Paired, dead, dead, 0.95).unwrap();
        let pool = Pool { matched: (0..20).collect(), tests: &tests, activity };
        let rng = stream(3, Purpose::AnySet, 0, index);
        let others = pool.others();
        match kind {
            SetKind::Random => pool.choose_any(&others, rng),
            _ => pool.choose_alike(pool.sort_by_activity(others), rng),
        }
        .to_vec()
    }

    #[test]
    fn a_random_set_has_the_matched_size_and_no_matched_neuron() {
        let activity: Vec<f32> = (0..200).map(|n| ((n * 37) % 101) as f32).collect();
        for kind in SetKind::RANDOM {
            for stream in 0..50 {
                let mut set = choose(kind, &activity, stream);
                assert_eq!(set, choose(kind, &activity, stream));
                set.sort_unstable();
                set.dedup();
                assert_eq!(set.len(), 20);
                assert!(set.iter().all(|neuron| (20..200).contains(neuron)));
            }
        }
    }

    #[test]
    fn activity_matched_sets_are_about_as_active_as_the_matched_one() {
        // The matched neurons are among the most active ones; the others span the whole range.
        let activity: Vec<f32> = (0..200)
            .map(|n| if n < 20 { 80.0 + n as f32 } else { (n - 20) as f32 / 1.8 })
            .collect();
        let mean = |set: &[usize]| set.iter().map(|&n| activity[n]).sum::<f32>() / set.len() as f32;
        let matched = mean(&(0..20).collect::<Vec<_>>());
        for stream in 0..50 {
            let alike = mean(&choose(SetKind::RandomActive, &activity, stream));
            let any = mean(&choose(SetKind::Random, &activity, stream));
            assert!((alike - matched).abs() < 8.0, "{alike} {matched}");
            assert!((any - matched).abs() > 15.0, "{any} {matched}");
        }
    }
}
