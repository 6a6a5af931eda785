//! The weights that training starts from.

use bert_model::{BertModelError, TensorSource};
use burn::tensor::TensorData;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Standard deviation of BERT's initial matrices.
const STANDARD_DEVIATION: f32 = 0.02;

/// BERT's initial weights: matrices from N(0, 0.02²), LayerNorm scales 1, everything else 0.
pub(crate) struct RandomInit {
    rng: ChaCha8Rng,
}

impl RandomInit {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Draws a standard normal value by the Box-Muller transform.
    fn draw_normal(&mut self) -> f32 {
        let radius = (-2.0 * (1.0 - self.rng.random::<f32>()).ln()).sqrt();
        radius * (std::f32::consts::TAU * self.rng.random::<f32>()).cos()
    }
}

impl TensorSource for RandomInit {
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, BertModelError> {
        let size = shape.iter().product();
        let values: Vec<f32> = if name.ends_with("LayerNorm.weight") {
            vec![1.0; size]
        } else if shape.len() == 2 {
            (0..size).map(|_| STANDARD_DEVIATION * self.draw_normal()).collect()
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
