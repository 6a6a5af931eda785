use std::fs;

use burn::tensor::TensorData;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{
    config::{bert_config::BertConfig, config_error::ConfigError},
    error::BertModelError,
    weights::tensor_source::TensorSource,
};

/// The weights of a model that was never trained: matrices from N(0, σ²), LayerNorm scales 1,
/// everything else 0, as the `transformers` library initialises a BERT.
#[derive(Debug)]
pub struct UntrainedWeights {
    rng: ChaCha8Rng,
    standard_deviation: f32,
}

impl UntrainedWeights {
    /// BERT's own standard deviation, `initializer_range` in its configuration.
    pub const STANDARD_DEVIATION: f32 = 0.02;

    /// Most bytes of weights: several times those of the largest models of BERT's family.
    pub const LARGEST: u128 = 16_000_000_000;

    /// Weights with BERT's standard deviation. Each seed gives other weights.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with_deviation(seed, Self::STANDARD_DEVIATION)
    }

    /// Weights with another standard deviation.
    #[must_use]
    pub fn with_deviation(seed: u64, standard_deviation: f32) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), standard_deviation }
    }

    /// Checks that weights for this configuration fit into the memory of this machine, and are not more
    /// than [`UntrainedWeights::LARGEST`].
    ///
    /// # Errors
    /// If they do not fit ([`BertModelError::Config`]).
    pub fn check_size(config: &BertConfig) -> Result<(), BertModelError> {
        let bytes = config.parameter_count().saturating_mul(size_of::<f32>() as u128);
        let limit = available_memory().map_or(Self::LARGEST, |free| free.min(Self::LARGEST));
        if bytes > limit {
            return Err(BertModelError::Config(ConfigError::TooLarge { bytes, limit }));
        }
        Ok(())
    }

    /// Draws a standard normal value by the Box-Muller transform.
    fn draw_normal(&mut self) -> f32 {
        let radius = (-2.0 * (1.0 - self.rng.random::<f32>()).ln()).sqrt();
        radius * (std::f32::consts::TAU * self.rng.random::<f32>()).cos()
    }
}

/// Number of bytes that programs can get, on a system that tells it.
fn available_memory() -> Option<u128> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u128 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

impl TensorSource for UntrainedWeights {
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, BertModelError> {
        let size = shape.iter().product();
        let values: Vec<f32> = if shape.len() >= 2 {
            (0..size).map(|_| self.standard_deviation * self.draw_normal()).collect()
        } else if name.ends_with(".weight") {
            vec![1.0; size]
        } else {
            vec![0.0; size]
        };
        Ok(TensorData::new(values, shape))
    }

    /// No optional tensor exists, so the decoder is tied to the word embeddings.
    fn contains(&mut self, _name: &str) -> Result<bool, BertModelError> {
        Ok(false)
    }
}
