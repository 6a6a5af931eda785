//! Work that runs side by side.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::error::StudyError;

/// Runs work side by side, in order and at most `at_once` pieces of it at a time. After an error no
/// other piece is begun.
pub(crate) fn side_by_side<T: Send>(
    work: Vec<T>,
    at_once: usize,
    run: impl Fn(T) -> Result<(), StudyError> + Sync,
) -> Result<(), StudyError> {
    let left = Mutex::new(work.into_iter());
    let left = || left.lock().unwrap_or_else(PoisonError::into_inner);
    let next = || left().next();
    (0..at_once).into_par_iter().try_for_each(|_| {
        while let Some(piece) = next() {
            run(piece).inspect_err(|_| *left() = Vec::new().into_iter())?;
        }
        Ok(())
    })
}
