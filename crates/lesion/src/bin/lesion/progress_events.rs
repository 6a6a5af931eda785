//! Progress as JSON lines on stderr, for programs that watch a run.

use std::time::{Duration, Instant};

use lesion::{Note, Watch};
use serde::Serialize;
use study_report::Section;

use crate::terminal::{printable_json, tell_printable};

/// An event of a command.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum ProgressEvent<'a> {
    /// A stage begins.
    Begin { stage: &'a str },
    /// Steps of a stage are done.
    Advance { stage: &'a str, done: usize, all: usize },
    /// Bytes of a file were downloaded.
    Transfer { file: &'a str, done: u64, all: u64 },
    /// A stage ended or failed.
    End { stage: &'a str, seconds: f64 },
    /// There is a note for the user.
    Note { text: &'a str },
    /// A section of the results is final.
    Section { section: &'a str, title: &'a str },
    /// The command was stopped.
    Stopped { text: &'a str },
    /// The command failed.
    Error { text: &'a str },
}

/// Writes an event to stderr. If nobody can read it, the exit code still tells the result.
pub(crate) fn tell_event(event: &ProgressEvent<'_>) {
    if let Ok(line) = serde_json::to_string(event) {
        tell_printable(&printable_json(&line));
    }
}

/// Interval between two lines about the progress of a stage.
const INTERVAL: Duration = Duration::from_secs(1);

/// A writer of the events of a command.
pub(crate) struct ProgressEvents {
    stage: String,
    begun: Instant,
    last: Option<Instant>,
}

impl ProgressEvents {
    pub(crate) fn new() -> Self {
        Self { stage: String::new(), begun: Instant::now(), last: None }
    }

    /// True if a line about progress is due: the first and the last step, and one a second.
    fn is_due(&mut self, is_last: bool) -> bool {
        let is_due = is_last || self.last.is_none_or(|last| last.elapsed() >= INTERVAL);
        if is_due {
            self.last = Some(Instant::now());
        }
        is_due
    }
}

impl Watch for ProgressEvents {
    fn begin(&mut self, stage: &str) {
        *self = Self::new();
        stage.clone_into(&mut self.stage);
        tell_event(&ProgressEvent::Begin { stage });
    }

    fn advance(&mut self, done: usize, all: usize) {
        if self.is_due(done == all) {
            tell_event(&ProgressEvent::Advance { stage: &self.stage, done, all });
        }
    }

    fn transfer(&mut self, transfer: hub::Transfer<'_>) {
        let hub::Transfer { file, done, size, .. } = transfer;
        if self.is_due(done == size) {
            tell_event(&ProgressEvent::Transfer { file, done, all: size });
        }
    }

    fn end(&mut self) {
        let seconds = self.begun.elapsed().as_secs_f64();
        tell_event(&ProgressEvent::End { stage: &self.stage, seconds });
    }

    fn note(&mut self, note: &Note) {
        tell_event(&ProgressEvent::Note { text: &note.to_string() });
    }

    fn section(&mut self, section: &Section) {
        tell_event(&ProgressEvent::Section { section: section.id, title: &section.title });
    }
}
