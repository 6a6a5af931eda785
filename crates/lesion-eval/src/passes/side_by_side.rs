//! Work that runs side by side.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use crate::error::StudyError;

/// Runs pieces of work in order, at most `at_once` at a time. After an error no other piece is
/// begun.
///
/// # Errors
/// If a piece fails, with the error of one that does.
pub(crate) fn run_side_by_side<T: Send>(
    pieces: Vec<T>,
    at_once: usize,
    run: impl Fn(T) -> Result<(), StudyError> + Sync,
) -> Result<(), StudyError> {
    let waiting = Mutex::new(pieces.into_iter());
    (0..at_once).into_par_iter().try_for_each(|_| {
        while let Some(piece) = take_next(&waiting) {
            if let Err(error) = run(piece) {
                *lock(&waiting) = Vec::new().into_iter();
                return Err(error);
            }
        }
        Ok(())
    })
}

fn take_next<T>(waiting: &Mutex<std::vec::IntoIter<T>>) -> Option<T> {
    lock(waiting).next()
}

/// Locks a mutex whose value stays valid even if a thread panicked while it held the lock.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
