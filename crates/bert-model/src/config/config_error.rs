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
        "missing field `model_type`, and the weights have no language-modelling head of a supported \
         family: {supported}"
    )]
    UnknownFamily {
        /// The supported families.
        supported: String,
    },

    /// A value does not have the form of the values of its key.
    #[error("`{key}` is {found}, not {expected}")]
    Form {
        /// The key.
        key: &'static str,
        /// Its value, as JSON.
        found: String,
        /// The form that it must have.
        expected: &'static str,
    },

    /// Weights that would be drawn at random do not fit into memory.
    #[error(
        "weights of these sizes take {}, and at most {} are drawn at random here",
        describe_bytes(*bytes), describe_bytes(*limit)
    )]
    TooLarge {
        /// Number of bytes of all weights.
        bytes: u128,
        /// Largest number of bytes.
        limit: u128,
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

    /// The heads of queries cannot be divided among those of keys and values.
    #[error(
        "`num_attention_heads` {heads} is not a multiple of `num_key_value_heads` {key_values}"
    )]
    HeadGroups {
        /// Number of heads of queries.
        heads: usize,
        /// Number of heads of keys and values.
        key_values: usize,
    },

    /// The values of a head that rotary positions turn cannot be paired.
    #[error("rotary positions would turn {turned} values of each attention head, which has {size}")]
    OddHeads {
        /// Number of turned values in a head.
        turned: usize,
        /// Number of values in a head.
        size: usize,
    },

    /// The base of rotary positions is below 1.
    #[error("`{key}` is {base}, which is below 1")]
    RotaryBase {
        /// The key.
        key: &'static str,
        /// The base.
        base: f64,
    },

    /// The list of the kinds of layers has another length than there are layers.
    #[error("`layer_types` lists {found} layers, `num_hidden_layers` is {layers}")]
    LayerTypes {
        /// Number of listed layers.
        found: usize,
        /// `num_hidden_layers`.
        layers: usize,
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

    /// The epsilon of the norms is not between 0 and 1.
    #[error("`{key}` {epsilon} is not a small positive number")]
    Epsilon {
        /// The key.
        key: &'static str,
        /// Its value.
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

/// A number of bytes in a unit that suits it.
fn describe_bytes(bytes: u128) -> String {
    const GIGABYTE: u128 = 1_000_000_000;
    const MOST_GIGABYTES: u128 = 1_000_000_000;
    match bytes / GIGABYTE {
        0 => format!("{} MB", bytes / 1_000_000),
        gigabytes @ 1..MOST_GIGABYTES => format!("{gigabytes} GB"),
        _ => format!("more than {MOST_GIGABYTES} GB"),
    }
}
