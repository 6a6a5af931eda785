//! Finished batches of a run that may be stopped.

use std::io;

use crate::engine::trial::Reading;

/// Keeps the readings of finished batches, so that a run that was stopped goes on where it was.
pub trait Journal: Send {
    /// The readings of a unit that is finished.
    fn finished(&mut self, unit: &str) -> Option<Vec<Reading>>;

    /// Keeps the readings of a unit.
    ///
    /// # Errors
    /// Where they cannot be written.
    fn keep(&mut self, unit: &str, readings: &[Reading]) -> io::Result<()>;
}

/// The journal of a run that is too short to need one.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoJournal;

impl Journal for NoJournal {
    fn finished(&mut self, _unit: &str) -> Option<Vec<Reading>> {
        None
    }

    fn keep(&mut self, _unit: &str, _readings: &[Reading]) -> io::Result<()> {
        Ok(())
    }
}
