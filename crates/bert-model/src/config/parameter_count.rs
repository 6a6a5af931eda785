//! The number of parameters that a configuration implies.

use std::ops::{Add, Mul, Sub};

use crate::config::bert_config::BertConfig;

impl BertConfig {
    /// The number of parameters. For sizes beyond all counting, it is `u128::MAX`.
    #[must_use]
    pub fn parameter_count(&self) -> u128 {
        let size = |size: usize| Count(size as u128);
        let hidden = size(self.hidden_size);
        let width = size(self.embedding_width());
        let neurons = size(self.intermediate_size);
        let vocabulary = size(self.vocab_size);

        let names = self.model_type.names();
        let biases = self.structure.biases;
        let norm = |size: Count| if biases.norms { Count(2) * size } else { size };
        let linear = |inputs: Count, outputs: Count, has_bias: bool| {
            if has_bias { (inputs + Count(1)) * outputs } else { inputs * outputs }
        };

        let mut rows = vocabulary;
        let parts = self.structure.embeddings;
        if names.embeddings.positions.is_some() && parts.positions {
            rows = rows + size(self.max_position_embeddings);
        }
        if names.embeddings.segments.is_some() {
            rows = rows + size(self.type_vocab_size);
        }
        let mut parameters = rows * width;
        if names.embeddings.norm.is_some() && parts.norm {
            parameters = parameters + norm(width);
        }
        let projection = names.embeddings.projection;
        if projection.name(self.embedding_width(), self.hidden_size).is_some() {
            parameters = parameters + linear(width, hidden, true);
        }
        let head = size(self.head_size());
        let queries = size(self.num_attention_heads) * head;
        let key_values = size(self.key_value_heads()) * head;
        let mut attention = linear(hidden, queries, biases.attention)
            + Count(2) * linear(hidden, key_values, biases.attention)
            + linear(queries, hidden, biases.attention_output)
            + norm(hidden);
        if names.layer.head_norms.is_some() {
            attention = attention + Count(2) * norm(head);
        }
        let first = if self.structure.gated { Count(2) * neurons } else { neurons };
        let mlp = linear(hidden, first, biases.mlp) + linear(neurons, hidden, biases.mlp);
        let layers = if names.are_layers_shared { 1 } else { self.num_hidden_layers };
        parameters = parameters + size(layers) * (attention + mlp + norm(hidden));
        if names.layer.first_without_norm {
            parameters = parameters - norm(hidden);
        }
        if names.final_norm.is_some() {
            parameters = parameters + norm(hidden);
        }
        if names.head.transform.is_some() {
            parameters = parameters + linear(hidden, width, biases.transform) + norm(width);
        }
        if !self.tie_word_embeddings {
            parameters = parameters + vocabulary * width;
        }
        if biases.decoder {
            parameters = parameters + vocabulary;
        }
        parameters.0
    }
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

impl Sub for Count {
    type Output = Self;

    /// A number beyond all counting stays one.
    fn sub(self, other: Self) -> Self {
        if self.0 == u128::MAX { self } else { Self(self.0 - other.0) }
    }
}
