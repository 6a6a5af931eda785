//! The effects that a selection can detect.

use neuron_stats::detectable_effect;
use study_record::{Scope, SelectionSettings, TTestKind};

use crate::translate::sample_counts;

/// The probability with which an effect is called detectable.
const POWER: f64 = 0.8;

/// The smallest effect sizes that the test of one neuron detects with a probability of 80 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectableEffects {
    /// At alpha, without correction.
    pub uncorrected: f64,
    /// At alpha divided by the number of tests that are corrected together.
    pub corrected: f64,
}

impl DetectableEffects {
    /// Those of a t-test with so many observations of each side, in a model of so many layers and
    /// neurons per layer; none with too few observations.
    #[must_use]
    pub fn of(
        settings: &SelectionSettings,
        test: TTestKind,
        observations: [usize; 2],
        layers: usize,
        neurons: usize,
    ) -> Option<Self> {
        let tests = match settings.scope {
            Scope::Layer => neurons,
            Scope::Model => layers * neurons,
        };
        let counts = sample_counts(test, observations);
        let alpha = settings.alpha.get();
        Some(Self {
            uncorrected: detectable_effect(counts, alpha, POWER).ok()?,
            corrected: detectable_effect(counts, alpha / tests as f64, POWER).ok()?,
        })
    }
}
