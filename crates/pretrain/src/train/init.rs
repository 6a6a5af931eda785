use bert_model::{BertModelError, TensorSource};
use burn::tensor::TensorData;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// BERT's initial weights: matrices from N(0, 0.02²), LayerNorm scales 1, everything else 0.
pub(super) struct RandomInit {
    rng: ChaCha8Rng,
}

const STANDARD_DEVIATION: f32 = 0.02;

impl RandomInit {
    pub(super) fn new(seed: u64) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// A standard normal value by the Box-Muller transform.
    fn normal(&mut self) -> f32 {
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
            (0..size).map(|_| STANDARD_DEVIATION * self.normal()).collect()
        } else {
            vec![0.0; size]
        };
        Ok(TensorData::new(values, shape))
    }

    fn contains(&mut self, _name: &str) -> Result<bool, BertModelError> {
        Ok(false) // no tensor beyond those that the configuration asks for: the decoder is tied
    }
}
