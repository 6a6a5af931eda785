//! Journals keep finished batches, so that an interrupted run can be resumed.

use std::io;

use crate::engine::trial::Reading;

/// Keeps the readings of finished batches, so that an interrupted run can be resumed.
pub trait Journal: Send {
    /// True if a unit is finished.
    fn is_finished(&self, unit: &str) -> bool;

    /// The readings of a finished unit. They may be asked for once.
    fn finished(&mut self, unit: &str) -> Option<Vec<Reading>>;

    /// Keeps the readings of a unit.
    ///
    /// # Errors
    /// If they cannot be written.
    fn keep(&mut self, unit: &str, readings: &[Reading]) -> io::Result<()>;
}

/// Keeps nothing: the journal of a run that is too short to need one.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoJournal;

impl Journal for NoJournal {
    fn is_finished(&self, _unit: &str) -> bool {
        false
    }

    fn finished(&mut self, _unit: &str) -> Option<Vec<Reading>> {
        None
    }

    fn keep(&mut self, _unit: &str, _readings: &[Reading]) -> io::Result<()> {
        Ok(())
    }
}
