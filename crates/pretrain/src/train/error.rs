use std::path::PathBuf;

use bert_model::BertModelError;

use crate::grammar::TemplateError;

/// Everything that can stop a training.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The model cannot be made or run.
    #[error(transparent)]
    Model(#[from] BertModelError),

    /// The grammar's tables are malformed.
    #[error(transparent)]
    Grammar(#[from] TemplateError),

    /// A pronoun of a training sentence is not one token.
    #[error("in the training sentence {sentence:?}: {source}")]
    Sentence {
        /// The sentence.
        sentence: String,
        /// What the tokenizer said.
        source: BertModelError,
    },

    /// A file cannot be read or written.
    #[error("cannot use {path}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// A kept state cannot be read or written.
    #[error("cannot use {path}: {reason}")]
    State {
        /// The file.
        path: PathBuf,
        /// What its reader or writer said.
        reason: String,
    },

    /// A kept state belongs to another training.
    #[error("{path} was made with other settings; give them again or another --state folder")]
    OtherTraining {
        /// The state's folder.
        path: PathBuf,
    },

    /// The loss is no number any more.
    #[error("the loss is {loss} at step {step}; a lower learning rate may help")]
    Diverged {
        /// The loss.
        loss: f32,
        /// The optimizer step.
        step: u64,
    },
}
