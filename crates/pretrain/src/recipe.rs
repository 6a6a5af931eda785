//! Settings of a training.

use bert_model::{BertConfig, UntrainedWeights};
use grammar::{
    BUNDLED_ROUNDS, BUNDLED_SEED, BUNDLED_SENTENCES, TINY_ROUNDS, TINY_SENTENCES,
    vocabulary::word_pieces,
};

use crate::train_error::TrainError;

/// Tokens that a trained model can read at once.
const MAX_TOKENS: usize = 64;

/// The size of a model for the words of the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelShape {
    /// Number of layers.
    pub layers: usize,
    /// Width of the residual stream. A layer has four times as many neurons.
    pub hidden: usize,
    /// Attention heads per layer.
    pub heads: usize,
}

impl ModelShape {
    /// The bundled model.
    pub const BUNDLED: Self = Self { layers: 6, hidden: 192, heads: 6 };
    /// A tiny model.
    pub const TINY: Self = Self { layers: 4, hidden: 64, heads: 4 };

    /// The configuration of a model of this shape.
    ///
    /// # Errors
    ///
    /// If there is no model of this shape.
    pub fn config(&self) -> Result<BertConfig, TrainError> {
        let config = serde_json::json!({
            "architectures": ["BertForMaskedLM"],
            "model_type": "bert",
            "hidden_size": self.hidden,
            "intermediate_size": 4 * self.hidden,
            "num_attention_heads": self.heads,
            "num_hidden_layers": self.layers,
            "vocab_size": word_pieces().len(),
            "max_position_embeddings": MAX_TOKENS,
        });
        Ok(BertConfig::from_json(config.to_string().as_bytes())?)
    }
}

/// Settings that decide the trained weights, together with the model's configuration and the text.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Seed of the initial weights, the sentences and the masks.
    pub seed: u64,
    /// Standard deviation of the initial weights.
    pub deviation: f32,
    /// Probability that a pronoun is hidden, unless the sentence has one that leans. Pronouns are what
    /// the model is for, so it is high.
    pub pronoun_share: f64,
    /// Probability that another token is hidden.
    pub word_share: f64,
    /// Rounds to train.
    pub rounds: u64,
    /// Fresh sentences per round.
    pub sentences_per_round: usize,
    /// Sentences per batch, all of one length.
    pub batch_size: usize,
    /// The highest learning rate.
    pub learning_rate: f64,
}

impl Recipe {
    /// The training of the bundled model.
    pub const BUNDLED: Self = Self {
        seed: BUNDLED_SEED,
        deviation: UntrainedWeights::STANDARD_DEVIATION,
        pronoun_share: 0.5,
        word_share: 0.12,
        rounds: BUNDLED_ROUNDS,
        sentences_per_round: BUNDLED_SENTENCES,
        batch_size: 64,
        learning_rate: 1e-3,
    };

    /// The training of a tiny model. The tiny models differ in the seed alone.
    ///
    /// With the bundled model's initial weights and masks, and a learning rate of 3e-3, a tiny model did
    /// not learn the genders of people in 12,000 steps. With these settings it takes 1,000.
    #[must_use]
    pub const fn tiny(seed: u64) -> Self {
        Self {
            seed,
            deviation: 0.08,
            pronoun_share: 0.9,
            word_share: 0.03,
            rounds: TINY_ROUNDS,
            sentences_per_round: TINY_SENTENCES,
            batch_size: 32,
            learning_rate: 1.5e-3,
        }
    }
}
