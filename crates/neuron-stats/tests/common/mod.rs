//! Random data and names for the tests.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::{f64::consts::TAU, fs, path::Path};

use neuron_stats::{SampleCounts, TestKind};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use serde::de::DeserializeOwned;

/// The values of a file in `fixtures`.
pub(crate) fn fixture<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The t-test that a fixture names.
pub(crate) fn test_kind(name: &str) -> TestKind {
    match name {
        "paired" => TestKind::Paired,
        "student" => TestKind::Student,
        "welch" => TestKind::Welch,
        _ => panic!("{name}"),
    }
}

/// The counts that a fixture names.
pub(crate) fn sample_counts(name: &str, n_a: usize, n_b: usize) -> SampleCounts {
    match name {
        "pairs" => SampleCounts::Pairs(n_a),
        "sides" => SampleCounts::Sides(n_a, n_b),
        _ => panic!("{name}"),
    }
}

/// Standard normal numbers after Box and Muller.
pub(crate) struct Normal(ChaCha8Rng);

impl Normal {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub(crate) fn draw(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (TAU * self.uniform()).cos()
    }

    pub(crate) fn fill(&mut self, len: usize) -> Vec<f64> {
        (0..len).map(|_| self.draw()).collect()
    }

    /// `samples` rows of `neurons` standard normal values that all correlate by `correlation`.
    pub(crate) fn correlated(
        &mut self,
        samples: usize,
        neurons: usize,
        correlation: f64,
    ) -> Vec<f64> {
        let mut values = Vec::with_capacity(samples * neurons);
        for _ in 0..samples {
            let shared = correlation.sqrt() * self.draw();
            let scale = (1.0 - correlation).sqrt();
            values.extend((0..neurons).map(|_| shared + scale * self.draw()));
        }
        values
    }

    /// A uniform number in `[0, 1)`.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Whether two numbers agree to a relative error.
pub(crate) fn close(left: f64, right: f64, relative: f64) -> bool {
    (left - right).abs() <= relative * left.abs().max(right.abs())
}
