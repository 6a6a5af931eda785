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

    /// A file of the tokenizer cannot be read.
    #[error("{file}: {message}")]
    Options {
        /// Name of the file.
        file: &'static str,
        /// Message of the JSON reader.
        message: String,
    },

    /// A key of a file has a value that cannot be used.
    #[error("{file}: `{key}` {problem}")]
    Setting {
        /// Name of the file.
        file: &'static str,
        /// The key.
        key: String,
        /// The fault of its value.
        problem: String,
    },

    /// A special token is not in the vocabulary.
    #[error("the vocabulary has no {token}")]
    NoSpecialToken {
        /// The special token.
        token: String,
    },

    /// Nothing is left of an added token once it is normalised.
    #[error("nothing is left of the added token {token:?} once it is normalised")]
    EmptyToken {
        /// The token.
        token: String,
    },

    /// Two added tokens are one text once they are normalised.
    #[error("the added tokens {other:?} and {token:?} are one text once they are normalised")]
    EqualTokens {
        /// One token.
        token: String,
        /// The other one.
        other: String,
    },

    /// An encoded text does not begin and end with the special tokens that the model needs.
    #[error(
        "it does not put {class} before and {separator} after a text, see `post_processor` in \
         tokenizer.json"
    )]
    NoFrame {
        /// Special token before a text.
        class: String,
        /// Special token after a text.
        separator: String,
    },

    /// A decoder's text ends with a token that was added, or begins with several.
    #[error(
        "it puts tokens after a text, or several before it, where a decoder reads on, see \
         `post_processor` in tokenizer.json"
    )]
    DecoderFrame,

    /// The mask is encoded as several tokens.
    #[error("it does not read {mask} as one token")]
    SplitMask {
        /// The mask token.
        mask: String,
    },
}

impl TokenizerError {
    /// A message of the library.
    pub(crate) fn library(message: impl std::fmt::Display) -> Self {
        Self::Library { message: message.to_string() }
    }
}
