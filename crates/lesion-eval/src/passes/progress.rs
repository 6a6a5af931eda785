//! How far a run is, and whether it continues.

use std::ops::ControlFlow;

use crate::error::StudyError;

/// A function that is told the steps done and all steps after every batch. If it returns
/// [`ControlFlow::Break`], no other batch is begun and the run ends with
/// [`StudyError::Cancelled`]. Batches that are under way are finished and reported first.
pub type Progress<'a> = &'a mut (dyn FnMut(usize, usize) -> ControlFlow<()> + Send);

/// A [`Progress`] that nobody watches or cancels.
pub fn unwatched() -> impl FnMut(usize, usize) -> ControlFlow<()> + Send {
    |_, _| ControlFlow::Continue(())
}

/// Reports the steps done.
///
/// # Errors
/// [`StudyError::Cancelled`] if the run is to stop.
pub(crate) fn report(progress: Progress<'_>, done: usize, all: usize) -> Result<(), StudyError> {
    match progress(done, all) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(StudyError::Cancelled),
    }
}
