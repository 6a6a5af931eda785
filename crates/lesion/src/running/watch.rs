//! Progress of a run: who is told of it, and who may stop it.

use std::{
    error::Error,
    fmt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Told of the progress of a run. Every method does nothing by default.
pub trait Watch: Send {
    /// A stage begins.
    fn begin(&mut self, _stage: &str) {}

    /// Of the stage's steps, so many are done.
    fn advance(&mut self, _done: usize, _all: usize) {}

    /// Of a file that is downloaded, so much is here.
    fn transfer(&mut self, _transfer: hub::Transfer<'_>) {}

    /// The stage ended, or failed.
    fn end(&mut self) {}

    /// Something that the user should know.
    fn note(&mut self, _note: &Note) {}
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// Stops a run after the current batch. Clones stop the same run.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks the run to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the run was asked to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Something that the user should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// An interrupted run of the same study is resumed.
    Resumed {
        /// Where.
        place: PathBuf,
        /// Batches that were finished.
        batches: usize,
    },
    /// An interrupted run of another study is lost.
    Replaced {
        /// Where.
        place: PathBuf,
    },
    /// The hub did not answer, and the cache has the model.
    HubUnanswered {
        /// What was asked for.
        asked: String,
        /// Why there was no answer.
        reason: String,
        /// What the cache has.
        cached: String,
    },
    /// A file is no longer as the study wrote it.
    Changed {
        /// The study's folder.
        place: PathBuf,
        /// The file, and how it changed.
        change: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resumed { place, batches } => write!(
                f,
                "Resuming an interrupted run of this study in {}, after {batches} finished batches.",
                place.display()
            ),
            Self::Replaced { place } => {
                write!(f, "Discarding an interrupted run of another study in {}.", place.display())
            }
            Self::HubUnanswered { asked, reason, cached } => write!(
                f,
                "The hub did not report the commit of {asked} ({reason}); using {cached} from the cache."
            ),
            Self::Changed { place, change } => {
                write!(f, "Note: in {}, {change} since the study ran.", place.display())
            }
        }
    }
}

/// What is behind an error, on one line.
pub(crate) fn reason(error: &impl Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}
