//! Small models with random weights, made in memory.

use anyhow::Result;
use bert_model::{
    BertConfig, BertModelError, BertTokenizer, LanguageModel, SpecialTokens, TensorSource,
    UntrainedWeights, WordPieceOptions,
};
use burn::tensor::{Device, TensorData};
use lesion_eval::{Batching, Subject};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::random_texts::{HER, HIM, KINGS, QUEENS, VOCABULARY, vocabulary};

/// Size of the hidden states.
const HIDDEN: usize = 32;
/// Neurons per layer.
pub(crate) const NEURONS: usize = 128;
/// Layers of a random model.
pub(crate) const LAYERS: usize = 4;
/// Layers of a planted model. The planted neurons are in the last one.
pub(crate) const PLANTED_LAYERS: usize = 2;
/// Planted neurons of each label: the first ones of the layer are those of *him*.
pub(crate) const PLANTED: usize = 6;

/// Standard deviation of the logarithm of a neuron's gain. The strongest of 128 neurons then writes
/// some forty times as much as the median.
const LOG_GAIN_DEVIATION: f32 = 1.5;
/// GELU is the identity in f32 from here on.
const LINEAR: f32 = 16.0;
/// In a planted model, how far *him* and *her* lie from each other along a direction, by halves.
const WORD: f32 = 1.0;
/// Distance of a cue, such as *king*, along it.
const CUE: f32 = 3.0;
/// Standard deviation of the logarithm of the gains of a planted model.
const PLANTED_GAIN_DEVIATION: f32 = 0.5;
/// Gain of the other neurons' outputs in a planted model.
const PLANTED_BACKGROUND: f32 = 0.3;

/// The weights of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum WeightKind {
    /// Those of a model that was never trained, as `untrained` draws them.
    Untrained,
    /// Larger random weights and biases. Each neuron's output weights are multiplied by a log-normal
    /// gain, so that a few neurons do much alone.
    UnequalGains,
    /// Attention passes a cue on to the mask, planted neurons of the last layer read it there, and
    /// write `strength` towards their word. All other weights are random.
    Planted { strength: f32 },
}

/// A random model with its tokenizer.
pub(crate) struct RandomModel {
    model: LanguageModel,
    tokenizer: BertTokenizer,
}

impl RandomModel {
    /// The model of a random seed.
    pub(crate) fn new(kind: WeightKind, seed: u64) -> Result<Self> {
        let layers =
            if matches!(kind, WeightKind::Planted { .. }) { PLANTED_LAYERS } else { LAYERS };
        let config = format!(
            r#"{{"architectures": ["BertForMaskedLM"], "model_type": "bert",
            "hidden_size": {HIDDEN}, "intermediate_size": {NEURONS}, "num_attention_heads": 4,
            "num_hidden_layers": {layers}, "vocab_size": {VOCABULARY},
            "max_position_embeddings": 16, "type_vocab_size": 2, "hidden_act": "gelu",
            "layer_norm_eps": 1e-12, "pad_token_id": 0}}"#
        );
        let config = BertConfig::from_json(config.as_bytes())?;
        let device = Device::flex();
        let mut weights = RandomWeights { seed, strength: None };
        let model = match kind {
            WeightKind::Untrained => {
                LanguageModel::load(&config, &mut UntrainedWeights::new(seed), &device)?
            }
            WeightKind::UnequalGains => LanguageModel::load(&config, &mut weights, &device)?,
            WeightKind::Planted { strength } => {
                weights.strength = Some(strength);
                LanguageModel::load(&config, &mut weights, &device)?
            }
        };
        let words = vocabulary().join("\n") + "\n";
        let special = SpecialTokens::default();
        let options = WordPieceOptions::default();
        let tokenizer = BertTokenizer::from_vocab(words.as_bytes(), options, &special)?;
        Ok(Self { model, tokenizer })
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            model: &self.model,
            tokenizer: &self.tokenizer,
            plain: false,
            batching: Batching::default(),
        }
    }
}

/// Random weights with unequal gains, and perhaps planted neurons. Each tensor has random numbers of
/// its own.
struct RandomWeights {
    seed: u64,
    /// Strength with which planted neurons write, if there are any.
    strength: Option<f32>,
}

impl RandomWeights {
    fn stream(&self, name: &str) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(hash(name));
        rng
    }

    fn normal(&self, name: &str, count: usize, deviation: f32) -> Vec<f32> {
        let mut rng = self.stream(name);
        (0..count).map(|_| deviation * draw_normal(&mut rng)).collect()
    }

    fn unequal_gains(&self, name: &str, shape: &[usize], deviation: f32) -> Vec<f32> {
        let size = shape.iter().product();
        if name.ends_with("LayerNorm.weight") {
            return vec![1.0; size];
        }
        if name.ends_with("LayerNorm.bias") {
            return vec![0.0; size];
        }
        if name.contains("embeddings") {
            return self.normal(name, size, if name == WORDS { 1.0 } else { 0.3 });
        }
        if shape.len() == 1 {
            return self.normal(name, size, 0.3);
        }
        let mut values = self.normal(name, size, 1.0 / (shape[1] as f32).sqrt());
        if shape == [HIDDEN, NEURONS] {
            let mut rng = self.stream(&format!("gains of {name}"));
            // The mean square of the gains is 1.
            let gains: Vec<f32> = (0..NEURONS)
                .map(|_| (deviation * draw_normal(&mut rng) - deviation * deviation).exp())
                .collect();
            for (value, gain) in values.iter_mut().zip(gains.iter().cycle()) {
                *value *= gain;
            }
        }
        values
    }

    fn planted(&self, name: &str, shape: &[usize], strength: f32) -> Vec<f32> {
        let mut values = self.unequal_gains(name, shape, PLANTED_GAIN_DEVIATION);
        let direction = self.direction();
        let first = "bert.encoder.layer.0.";
        let last = format!("bert.encoder.layer.{}.", PLANTED_LAYERS - 1);
        let part = name.trim_start_matches(first);
        match part {
            // The mask reads the mean of all tokens, and with it the cue.
            "attention.self.query.weight" | "attention.self.key.weight" => values.fill(0.0),
            "attention.self.value.weight" | "attention.output.dense.weight" => {
                values = identity();
            }
            "cls.predictions.transform.dense.weight" => values = identity(),
            // The head is linear, so that it reads the same direction.
            "cls.predictions.transform.dense.bias" => values.fill(LINEAR),
            WORDS => {
                values.chunks_exact_mut(HIDDEN).for_each(|row| remove(row, &direction));
                values.copy_within(HIM * HIDDEN..(HIM + 1) * HIDDEN, HER * HIDDEN);
                for (tokens, along) in
                    [(HIM..HER, WORD), (HER..HER + 1, -WORD), (KINGS, CUE), (QUEENS, -CUE)]
                {
                    for token in tokens {
                        add(&mut values[token * HIDDEN..][..HIDDEN], &direction, along);
                    }
                }
            }
            _ if part.contains("embeddings") && shape.len() == 2 => {
                values.chunks_exact_mut(HIDDEN).for_each(|row| remove(row, &direction));
            }
            // Nothing else writes along the direction below the neurons of the last layer.
            _ if part.ends_with("output.dense.bias") || part.ends_with("value.bias") => {
                remove(&mut values, &direction);
            }
            _ if part.ends_with("attention.output.dense.weight") => {
                remove_from_columns(&mut values, HIDDEN, &direction);
            }
            _ => {}
        }
        if name == format!("{last}intermediate.dense.weight") {
            for (neuron, row) in values.chunks_exact_mut(HIDDEN).take(2 * PLANTED).enumerate() {
                row.fill(0.0);
                add(row, &direction, planted_sign(neuron));
            }
        }
        if name == format!("{last}intermediate.dense.bias") {
            values[..2 * PLANTED].fill(0.5);
        }
        if shape == [HIDDEN, NEURONS] {
            for value in &mut values {
                *value *= PLANTED_BACKGROUND;
            }
            if !name.starts_with(&last) {
                remove_from_columns(&mut values, NEURONS, &direction);
                return values;
            }
            for (row, along) in values.chunks_exact_mut(NEURONS).zip(direction) {
                for (neuron, weight) in row.iter_mut().take(2 * PLANTED).enumerate() {
                    *weight += strength * planted_sign(neuron) * along;
                }
            }
        }
        values
    }

    /// A unit vector that a LayerNorm leaves alone: its values have the mean 0.
    fn direction(&self) -> Vec<f32> {
        let mut direction = self.normal("direction", HIDDEN, 1.0);
        let mean = direction.iter().sum::<f32>() / HIDDEN as f32;
        for value in &mut direction {
            *value -= mean;
        }
        let norm = direction.iter().map(|value| value * value).sum::<f32>().sqrt();
        direction.iter().map(|value| value / norm).collect()
    }
}

fn identity() -> Vec<f32> {
    let mut values = vec![0.0; HIDDEN * HIDDEN];
    values.iter_mut().step_by(HIDDEN + 1).for_each(|diagonal| *diagonal = 1.0);
    values
}

/// Removes the part of a row along a unit vector.
fn remove(row: &mut [f32], direction: &[f32]) {
    let along: f32 = row.iter().zip(direction).map(|(value, along)| value * along).sum();
    add(row, direction, -along);
}

/// The same for each column of a matrix.
fn remove_from_columns(values: &mut [f32], columns: usize, direction: &[f32]) {
    for column in 0..columns {
        let mut vector: Vec<f32> = values.iter().skip(column).step_by(columns).copied().collect();
        remove(&mut vector, direction);
        for (value, new) in values.iter_mut().skip(column).step_by(columns).zip(vector) {
            *value = new;
        }
    }
}

const WORDS: &str = "bert.embeddings.word_embeddings.weight";

/// 1 for a planted neuron of *him*, -1 for one of *her*.
fn planted_sign(neuron: usize) -> f32 {
    if neuron < PLANTED { 1.0 } else { -1.0 }
}

fn add(row: &mut [f32], direction: &[f32], factor: f32) {
    for (value, along) in row.iter_mut().zip(direction) {
        *value += factor * along;
    }
}

impl TensorSource for RandomWeights {
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, BertModelError> {
        let values = match self.strength {
            None => self.unequal_gains(name, shape, LOG_GAIN_DEVIATION),
            Some(strength) => self.planted(name, shape, strength),
        };
        Ok(TensorData::new(values, shape))
    }

    fn contains(&mut self, _name: &str) -> Result<bool, BertModelError> {
        Ok(false)
    }
}

/// A standard normal value, by the Box-Muller transform.
pub(crate) fn draw_normal(rng: &mut ChaCha8Rng) -> f32 {
    let radius = (-2.0 * (1.0 - rng.random::<f32>()).ln()).sqrt();
    radius * (std::f32::consts::TAU * rng.random::<f32>()).cos()
}

/// The FNV-1a hash of a name.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}
