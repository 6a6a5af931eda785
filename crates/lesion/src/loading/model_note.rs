//! Notes on a model and on how it was found.

use std::{fmt, path::PathBuf};

use bert_model::CheckpointNote;
use study_record::Warning;

/// Something about a model that its user should know. It prints as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelNote {
    /// The hub did not serve, and the last known commit in the cache is used.
    HubUnanswered {
        /// The model as the study names it.
        requested: String,
        /// The reason.
        reason: String,
        /// The model in the cache, with its commit.
        cached: String,
    },
    /// An older commit in the cache is used, because files of the last known one are missing there.
    OlderCommit {
        /// The model as the study names it.
        requested: String,
        /// The model in the cache, with its commit.
        cached: String,
    },
    /// The tokenizer is that of the folder above a checkpoint of a training.
    TokenizerAbove {
        /// The folder of the checkpoint.
        checkpoint: PathBuf,
        /// The folder of the tokenizer.
        folder: PathBuf,
    },
    /// Something about the files of the checkpoint.
    Checkpoint {
        /// The model's name.
        model: String,
        /// The note.
        note: CheckpointNote,
    },
}

impl ModelNote {
    /// The warning, if the model may not be the one that its user or its author means. Other notes name
    /// something that changes no result.
    #[must_use]
    pub fn warning(&self) -> Option<Warning> {
        let is_doubt = match self {
            Self::OlderCommit { .. } => true,
            Self::Checkpoint { note, .. } => note.is_doubt(),
            Self::HubUnanswered { .. } | Self::TokenizerAbove { .. } => false,
        };
        is_doubt.then(|| Warning::Model { doubt: self.to_string() })
    }
}

impl fmt::Display for ModelNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HubUnanswered { requested, reason, cached } => write!(
                f,
                "the hub did not provide {requested} ({reason}); using {cached} from the cache"
            ),
            Self::OlderCommit { requested, cached } => write!(
                f,
                "the cache does not have all files of the last known commit of {requested}; using \
                 {cached}, the latest one that it has"
            ),
            Self::TokenizerAbove { checkpoint, folder } => write!(
                f,
                "{} has no tokenizer; using that of {}, the folder of the training",
                checkpoint.display(),
                folder.display()
            ),
            Self::Checkpoint { model, note } => write!(f, "model {model}: {note}"),
        }
    }
}
