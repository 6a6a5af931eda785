//! Faults of a tokenizer.

/// A tokenizer that does not suit the model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizerError {
    /// The `tokenizers` library cannot read or write it.
    #[error("{message}")]
    Library {
        /// Message of the library.
        message: String,
    },

    /// `tokenizer_config.json` or `special_tokens_map.json` cannot be read.
    #[error("{file}: {message}")]
    Options {
        /// Name of the file.
        file: &'static str,
        /// Message of the JSON reader.
        message: String,
    },

    /// A special token is not in the vocabulary.
    #[error("the vocabulary has no {token}")]
    NoSpecialToken {
        /// The special token.
        token: String,
    },

    /// An encoded text does not begin and end with the special tokens that the model needs.
    #[error("it does not put {class} before and {separator} after a text")]
    NoFrame {
        /// Special token before a text.
        class: String,
        /// Special token after a text.
        separator: String,
    },

    /// The mask is encoded as several tokens.
    #[error("it does not read {mask} as one token")]
    SplitMask {
        /// The mask token.
        mask: String,
    },

    /// The model has no embedding for a token.
    #[error("it has a token of id {highest}, but config.json has `vocab_size` {embeddings}")]
    NoEmbedding {
        /// The highest id of any token.
        highest: u32,
        /// `vocab_size`.
        embeddings: usize,
    },
}
