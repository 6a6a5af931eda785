//! Signals and the time limit: the first one ends a run after the batch at hand, a second signal ends it
//! at once.

use std::{io, sync::Arc, thread, time::Duration};

use lesion::CancelToken;
use signal_hook::{
    consts::{SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ},
    flag,
};

/// Signals that stop a run: those of a person, and those that clusters send before a job's time is over.
const STOPPING: [i32; 4] = [SIGINT, SIGTERM, SIGUSR1, SIGUSR2];

/// Lets the first signal cancel, and a second one end the program with the exit code of that signal.
///
/// # Errors
/// If the system refuses the handlers.
pub(crate) fn cancel_on_signals(cancel: &CancelToken) -> io::Result<()> {
    /// Added to a signal's number in the exit code of a program that it ends.
    const SIGNALLED: i32 = 128;
    for signal in STOPPING {
        // Registered first, so that it runs before the flag is set.
        flag::register_conditional_shutdown(signal, SIGNALLED + signal, cancel.flag())?;
        flag::register(signal, cancel.flag())?;
    }
    // A file at the limit of its size is then an error of writing, which names the file.
    flag::register(SIGXFSZ, Arc::default())?;
    Ok(())
}

/// Cancels after some time.
///
/// # Errors
/// If the system has no thread for that.
pub(crate) fn cancel_after(limit: Duration, cancel: &CancelToken) -> io::Result<()> {
    let cancel = cancel.clone();
    let wait = move || {
        thread::sleep(limit);
        cancel.cancel();
    };
    thread::Builder::new().spawn(wait)?;
    Ok(())
}
