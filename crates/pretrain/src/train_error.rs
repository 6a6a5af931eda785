//! The errors of a training.

use std::{
    error::Error,
    io,
    path::{Path, PathBuf},
};

use bert_model::BertModelError;
use grammar::NotationError;

/// An error that stops a training.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The model cannot be made or run.
    #[error(transparent)]
    Model(#[from] BertModelError),

    /// The grammar's tables are malformed.
    #[error(transparent)]
    Grammar(#[from] NotationError),

    /// A pronoun of a training sentence is not one token.
    #[error("in the training sentence {sentence:?}")]
    Sentence {
        /// The sentence.
        sentence: String,
        /// The tokenizer's error.
        source: BertModelError,
    },

    /// A file cannot be read or written.
    #[error("cannot read or write {path}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },

    /// A saved state cannot be read or written.
    #[error("cannot read or write the training state {path}")]
    State {
        /// The file or folder.
        path: PathBuf,
        /// The error of its reader or writer.
        source: Box<dyn Error + Send + Sync>,
    },

    /// A saved state belongs to a training with other settings.
    #[error("{path} was saved with other settings; repeat them, or use another --state folder")]
    OtherTraining {
        /// The folder of the state.
        path: PathBuf,
    },

    /// The loss is infinite or not a number.
    #[error("the loss is {loss} at step {step}; a lower learning rate may help")]
    Diverged {
        /// The loss.
        loss: f32,
        /// The optimizer step.
        step: u64,
    },
}

/// Turns an error of the operating system into one that names `path`.
pub(crate) fn file_error(path: &Path) -> impl Fn(io::Error) -> TrainError {
    move |source| TrainError::File { path: path.to_owned(), source }
}
