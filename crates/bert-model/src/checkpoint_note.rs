//! Notes on a checkpoint.

use std::fmt;

use crate::config::family::Family;

/// Something about a checkpoint that its user should know, although it can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointNote {
    /// `config.json` names no family, and the names of the tensors decided.
    FamilyOfTensors {
        /// The family.
        family: Family,
    },
    /// `config.json` names a class that is not one of `transformers`.
    OwnArchitecture {
        /// The names in `architectures`.
        names: Vec<String>,
        /// The family.
        family: Family,
    },
    /// `config.json` names code of the model's own, which is never run.
    OwnCode {
        /// The family.
        family: Family,
    },
    /// A component of `tokenizer.json` is not used.
    UnusedComponent {
        /// Its key.
        key: &'static str,
        /// The class that uses another one.
        class: &'static str,
    },
    /// Text is lower-cased, although the vocabulary has capital letters.
    LowerCased {
        /// Number of tokens that begin with a capital letter.
        capitals: usize,
    },
    /// The tokenizer has tokens that the model has no embedding for. A text with one is an error.
    TokensWithoutEmbedding {
        /// The highest id of the tokenizer.
        highest: u32,
        /// Number of embeddings.
        embeddings: usize,
    },
}

impl CheckpointNote {
    /// True if the model may compute something else than its author means. Other notes name something
    /// that changes no result, or that `transformers` does too.
    #[must_use]
    pub fn is_doubt(&self) -> bool {
        matches!(
            self,
            Self::OwnArchitecture { .. } | Self::OwnCode { .. } | Self::LowerCased { .. }
        )
    }
}

impl fmt::Display for CheckpointNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FamilyOfTensors { family } => write!(
                f,
                "config.json: no `model_type`; the tensors are those of `{family}`, so the model is \
                 computed as one"
            ),
            Self::OwnArchitecture { names, family } => write!(
                f,
                "config.json: `architectures` is {names:?}, which `transformers` does not have; the \
                 model is computed as `model_type` {family}, whose tensors are all there"
            ),
            Self::OwnCode { family } => write!(
                f,
                "config.json: `auto_map` names code of the model's own, which is never run; the model \
                 is computed as `model_type` {family}"
            ),
            Self::UnusedComponent { key, class } => write!(
                f,
                "tokenizer.json: `{key}` is not used, because `transformers` 5 reads only the \
                 vocabulary for the class {class} and takes its options from tokenizer_config.json"
            ),
            Self::LowerCased { capitals } => write!(
                f,
                "tokenizer_config.json: no `do_lower_case`, so text is lower-cased, as in \
                 `transformers`, and never becomes the {capitals} tokens that begin with a capital \
                 letter"
            ),
            Self::TokensWithoutEmbedding { highest, embeddings } => write!(
                f,
                "the tokenizer has tokens up to the id {highest}, the model embeddings for \
                 {embeddings}; a text with one of the others is an error"
            ),
        }
    }
}
