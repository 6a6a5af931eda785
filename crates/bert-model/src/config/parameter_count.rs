//! The number of parameters that a configuration implies.

use std::ops::{Add, Mul};

use crate::config::bert_config::BertConfig;

impl BertConfig {
    /// The number of parameters of a model with a tied decoder. For sizes beyond all counting, it is
    /// `u128::MAX`.
    #[must_use]
    pub fn parameter_count(&self) -> u128 {
        let size = |size: usize| Count(size as u128);
        let hidden = size(self.hidden_size);
        let width = size(self.embedding_width());
        let neurons = size(self.intermediate_size);
        let vocabulary = size(self.vocab_size);

        let mut rows = vocabulary + size(self.max_position_embeddings);
        if self.model_type.names().segments {
            rows = rows + size(self.type_vocab_size);
        }
        let mut embeddings = rows * width + norm(width);
        if self.embedding_width() != self.hidden_size {
            embeddings = embeddings + linear(width, hidden);
        }
        let attention = Count(4) * linear(hidden, hidden) + norm(hidden);
        let mlp = linear(hidden, neurons) + linear(neurons, hidden) + norm(hidden);
        let layers = size(self.num_hidden_layers) * (attention + mlp);
        let head = linear(hidden, width) + norm(width) + vocabulary;
        (embeddings + layers + head).0
    }
}

/// The matrix and the bias of a linear layer.
fn linear(inputs: Count, outputs: Count) -> Count {
    (inputs + Count(1)) * outputs
}

/// The scale and the bias of a `LayerNorm`.
fn norm(size: Count) -> Count {
    Count(2) * size
}

/// A number of parameters, which stays at its largest value.
#[derive(Clone, Copy)]
struct Count(u128);

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Mul for Count {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self(self.0.saturating_mul(other.0))
    }
}
