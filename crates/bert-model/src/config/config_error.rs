//! Faults of a `config.json`.

/// A `config.json` that does not describe a model. Keys are those of the family.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The JSON is not a configuration: a syntax error, a missing key or a value of another type.
    #[error("{message}")]
    Json {
        /// Message of the JSON reader.
        message: String,
    },

    /// A key is missing that the family needs.
    #[error("missing field `{key}`")]
    MissingKey {
        /// The key.
        key: &'static str,
    },

    /// No key names the family, and the weights do not tell it.
    #[error(
        "missing field `model_type`, and the weights have no masked-language-modelling head of a \
         supported family: {supported}"
    )]
    UnknownFamily {
        /// The supported families.
        supported: String,
    },

    /// A size is 0.
    #[error("`{key}` is 0")]
    ZeroSize {
        /// The key.
        key: &'static str,
    },

    /// The residual stream cannot be divided among the attention heads.
    #[error("`{hidden_key}` {hidden_size} is not a multiple of `{heads_key}` {heads}")]
    HeadSize {
        /// Key of the width of the residual stream.
        hidden_key: &'static str,
        /// Its value.
        hidden_size: usize,
        /// Key of the number of attention heads.
        heads_key: &'static str,
        /// Its value.
        heads: usize,
    },

    /// The family counts positions from the padding token, and none is left.
    #[error(
        "no position is left after `pad_token_id` {pad_token_id}: `max_position_embeddings` is \
         {positions}"
    )]
    NoPosition {
        /// `pad_token_id`.
        pad_token_id: u32,
        /// `max_position_embeddings`.
        positions: usize,
    },

    /// The epsilon of LayerNorm is not between 0 and 1.
    #[error("`layer_norm_eps` {epsilon} is not a small positive number")]
    Epsilon {
        /// `layer_norm_eps`.
        epsilon: f64,
    },

    /// The weights have more layers than the configuration.
    #[error("`{key}` is {layers}, but the weights also contain `{tensor}`")]
    MoreLayers {
        /// Key of the number of layers.
        key: &'static str,
        /// Its value.
        layers: usize,
        /// A tensor of the next layer.
        tensor: String,
    },
}
