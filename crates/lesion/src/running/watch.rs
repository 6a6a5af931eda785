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

use study_report::Section;

use crate::loading::model_note::ModelNote;

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

    /// A section of the study's results is final. Sections come in the order of the page.
    fn section(&mut self, _section: &Section) {}
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
    /// A journal beside the run's own is of another study, or none at all.
    IgnoredJournal {
        /// The file.
        path: PathBuf,
    },
    /// The hub refused the access token, and gave the model without it.
    TokenRefused {
        /// The variable or file that the token comes from.
        origin: String,
        /// The model.
        model: String,
    },
    /// A note on the model.
    Model(ModelNote),
    /// A line about doubts about the study: one of them, or their number.
    Doubt(String),
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
            Self::IgnoredJournal { path } => {
                write!(f, "Note: ignoring {}, which is of another study.", path.display())
            }
            Self::TokenRefused { origin, model } => write!(
                f,
                "Note: the hub refused the access token from {origin}, which may have expired; {model} is open to all and was read without it."
            ),
            Self::Model(note) => match note.warning() {
                Some(warning) => write!(f, "Warning: {warning}"),
                None => write!(f, "Note: {note}"),
            },
            Self::Doubt(line) => write!(f, "Warning: {line}"),
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
