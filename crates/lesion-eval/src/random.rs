//! Random numbers. Every use has streams of its own, so that none depends on another's numbers.

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

/// The purpose of random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Random sets of any neurons. The statistics use the streams below this purpose's.
    AnySet = 1,
    /// Random sets of neurons that are about as active.
    ActiveSet,
    /// The sentence that a resampling lesion takes its values from.
    Resample,
    /// The random sets of the dose-response.
    Dose,
    /// Which stimulus pairs are held out.
    Split,
    /// Random sets of neurons that displace about as much.
    DisplacedSet,
    /// Relabelled selections.
    Reselection,
    /// Selections on other pairs.
    Stability,
    /// Resamples of stimuli, templates and random sets together.
    JointBootstrap,
    /// Halves of the prompts that other selectors see, and the random sets beside them.
    Selectors,
    /// The half of imported pairs that becomes prompts.
    Import,
}

/// The random numbers of one purpose, for example for random set `number` of the layer and label
/// with this index.
pub(crate) fn stream(seed: u64, purpose: Purpose, index: usize, number: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(((purpose as u64) << 56) + ((index as u64) << 32) + number as u64);
    rng
}

/// A random half of the numbers below `count`, ascending. If `count` is odd, it has the smaller number of
/// them. Each `part` of a list has random numbers of its own.
#[must_use]
pub fn draw_half(count: usize, seed: u64, part: usize) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..count).collect();
    numbers.shuffle(&mut stream(seed, Purpose::Import, part, 0));
    numbers.truncate(count / 2);
    numbers.sort_unstable();
    numbers
}
