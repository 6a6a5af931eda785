//! Progress and cancellation of a run.

use std::{
    error::Error,
    fmt,
    ops::ControlFlow,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bert_model::CheckpointNote;

/// An observer of the progress of a run. By default every method does nothing.
pub trait Watch: Send {
    /// A stage begins.
    fn begin(&mut self, _stage: &str) {}

    /// `done` of the stage's `all` steps are done.
    fn advance(&mut self, _done: usize, _all: usize) {}

    /// A part of a file was downloaded.
    fn transfer(&mut self, _transfer: hub::Transfer<'_>) {}

    /// The stage ended, or failed.
    fn end(&mut self) {}

    /// There is a note for the user.
    fn note(&mut self, _note: &Note) {}
}

/// An observer that does nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// A token that stops a run after the current batch or piece of a download. Its clones stop the same run.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// The flag that cancels, for a handler of signals.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.0.clone()
    }

    /// Asks the run to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the run was asked to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether work continues.
    pub(crate) fn flow(&self) -> ControlFlow<()> {
        if self.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// A note for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// An interrupted run of the same study is resumed.
    Resumed {
        /// The place of the study.
        place: PathBuf,
        /// Number of finished batches.
        batches: usize,
    },
    /// An interrupted run of another study is discarded.
    Replaced {
        /// The place of the study.
        place: PathBuf,
    },
    /// The hub did not serve, and the model in the cache is used.
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
    /// The hub refused the access token, and gave the model without it.
    TokenRefused {
        /// The variable or file that the token comes from.
        origin: String,
        /// The model.
        model: String,
    },
    /// The tokenizer is that of the folder above a checkpoint of a training.
    TokenizerAbove {
        /// The folder of the checkpoint.
        checkpoint: PathBuf,
        /// The folder of the tokenizer.
        folder: PathBuf,
    },
    /// Something about the model that its user should know.
    Model {
        /// The model's name.
        model: String,
        /// The note.
        note: CheckpointNote,
    },
    /// A file was changed after the study wrote it.
    Changed {
        /// The study's folder.
        place: PathBuf,
        /// The file and its change.
        change: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resumed { place, batches } => write!(
                f,
                "Resuming an interrupted run of this study in {}, after {batches} finished {}.",
                place.display(),
                if *batches == 1 { "batch" } else { "batches" }
            ),
            Self::Replaced { place } => {
                write!(f, "Discarding an interrupted run of another study in {}.", place.display())
            }
            Self::HubUnanswered { requested, reason, cached } => write!(
                f,
                "The hub did not provide {requested} ({reason}); using {cached} from the cache."
            ),
            Self::OlderCommit { requested, cached } => write!(
                f,
                "The cache does not have all files of the last known commit of {requested}; using {cached}, the latest one that it has."
            ),
            Self::TokenRefused { origin, model } => write!(
                f,
                "The hub refused the access token from {origin}, which may have expired; {model} is open to all and was read without it."
            ),
            Self::TokenizerAbove { checkpoint, folder } => write!(
                f,
                "Note: {} has no tokenizer; using that of {}, the folder of the training.",
                checkpoint.display(),
                folder.display()
            ),
            Self::Model { model, note } => write!(f, "note: model {model}: {note}"),
            Self::Changed { place, change } => {
                write!(f, "Note: in {}, {change} since the study ran.", place.display())
            }
        }
    }
}

/// The source of an error, or the error itself, in one line.
pub(crate) fn reason(error: &impl Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}
