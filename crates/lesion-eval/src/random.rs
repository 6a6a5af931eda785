//! Random numbers. Every use has streams of its own, so that none depends on another's numbers.

use rand::SeedableRng;
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
}

/// The random numbers of one purpose, for example for random set `number` of the layer and label
/// with this index.
pub(crate) fn stream(seed: u64, purpose: Purpose, index: usize, number: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(((purpose as u64) << 56) + ((index as u64) << 32) + number as u64);
    rng
}
