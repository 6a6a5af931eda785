//! The neurons of a layer that the sets beside the matched one are drawn from.

use std::{fmt, sync::Arc};

use neuron_stats::TTest;
use rand::{
    RngExt,
    seq::{IndexedRandom, SliceRandom},
};
use rand_chacha::ChaCha8Rng;

/// Which neurons a controlled lesion takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SetKind {
    /// Those of the right word's label.
    Matched,
    /// Those of the other label.
    Swapped,
    /// As many as matched, with the weakest response of the layer.
    LeastTuned,
    /// As many at random, of all that are not in the matched set.
    Random,
    /// At random, each in place of a matched neuron that is about as active at the mask.
    RandomActive,
}

impl SetKind {
    /// The random kinds.
    pub const RANDOM: [Self; 2] = [Self::Random, Self::RandomActive];
}

impl fmt::Display for SetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Matched => "matched",
            Self::Swapped => "swapped",
            Self::LeastTuned => "least-tuned",
            Self::Random => "random",
            Self::RandomActive => "random-active",
        })
    }
}

/// The neurons of a layer that sets are drawn from.
pub(crate) struct Pool<'a> {
    pub(crate) matched: Arc<[usize]>,
    pub(crate) tests: &'a [TTest],
    /// Each neuron's mean |activation| at the masks.
    pub(crate) activity: &'a [f32],
}

impl Pool<'_> {
    /// Root mean square of the neurons' activity.
    pub(crate) fn activity_of(&self, neurons: &[usize]) -> f64 {
        let squares = neurons.iter().map(|&neuron| f64::from(self.activity[neuron]).powi(2));
        (squares.sum::<f64>() / neurons.len() as f64).sqrt()
    }

    /// Every neuron outside the matched set.
    pub(crate) fn others(&self) -> Vec<usize> {
        (0..self.tests.len()).filter(|neuron| !self.matched.contains(neuron)).collect()
    }

    /// Neurons by rising activity.
    pub(crate) fn by_activity(&self, mut neurons: Vec<usize>) -> Vec<usize> {
        neurons.sort_by(|&a, &b| self.activity[a].total_cmp(&self.activity[b]));
        neurons
    }

    /// A set of kind [`SetKind::Random`].
    pub(crate) fn draw_any(&self, others: &[usize], mut rng: ChaCha8Rng) -> Arc<[usize]> {
        others.sample(&mut rng, self.matched.len()).copied().collect()
    }

    /// A set of kind [`SetKind::RandomActive`], from `pool` in the order of its activity.
    pub(crate) fn draw_alike(&self, mut pool: Vec<usize>, mut rng: ChaCha8Rng) -> Arc<[usize]> {
        let mut wanted = self.matched.to_vec();
        wanted.shuffle(&mut rng);
        let activity = self.activity;
        wanted
            .into_iter()
            .map(|neuron| {
                let place = pool.partition_point(|&other| activity[other] < activity[neuron]);
                let first = place.saturating_sub(ALIKE / 2).min(pool.len().saturating_sub(ALIKE));
                let last = (first + ALIKE).min(pool.len());
                pool.remove(rng.random_range(first..last))
            })
            .collect()
    }
}

/// A neuron's likes are this many others with the nearest activity.
const ALIKE: usize = 16;

#[cfg(test)]
mod tests {
    use neuron_stats::{Matrix, TestKind, t_tests};

    use super::*;
    use crate::random::{Purpose, stream};

    /// A set of the first 20 of 200 neurons.
    fn draw(kind: SetKind, activity: &[f32], index: usize) -> Vec<usize> {
        let dead = vec![0.0_f32; 400];
        let dead = Matrix::new(&dead, 2, 200).unwrap();
        let tests = t_tests(TestKind::Paired, dead, dead, 0.95).unwrap();
        let pool = Pool { matched: (0..20).collect(), tests: &tests, activity };
        let rng = stream(3, Purpose::AnySet, 0, index);
        let others = pool.others();
        match kind {
            SetKind::Random => pool.draw_any(&others, rng),
            _ => pool.draw_alike(pool.by_activity(others), rng),
        }
        .to_vec()
    }

    #[test]
    fn a_random_set_has_the_size_and_none_of_the_matched_neurons() {
        let activity: Vec<f32> = (0..200).map(|n| ((n * 37) % 101) as f32).collect();
        for kind in SetKind::RANDOM {
            for stream in 0..50 {
                let mut set = draw(kind, &activity, stream);
                assert_eq!(set, draw(kind, &activity, stream));
                set.sort_unstable();
                set.dedup();
                assert_eq!(set.len(), 20);
                assert!(set.iter().all(|neuron| (20..200).contains(neuron)));
            }
        }
    }

    #[test]
    fn likes_are_about_as_active_as_the_matched_neurons() {
        // The matched neurons are among the most active ones; others are so all over the range.
        let activity: Vec<f32> = (0..200)
            .map(|n| if n < 20 { 80.0 + n as f32 } else { (n - 20) as f32 / 1.8 })
            .collect();
        let mean = |set: &[usize]| set.iter().map(|&n| activity[n]).sum::<f32>() / set.len() as f32;
        let own = mean(&(0..20).collect::<Vec<_>>());
        for stream in 0..50 {
            let alike = mean(&draw(SetKind::RandomActive, &activity, stream));
            let any = mean(&draw(SetKind::Random, &activity, stream));
            assert!((alike - own).abs() < 8.0, "{alike} {own}");
            assert!((any - own).abs() > 15.0, "{any} {own}");
        }
    }
}
