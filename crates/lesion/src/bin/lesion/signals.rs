//! Ctrl-C and the like: the first one ends a run after the batch at hand, a second one ends it at once.

use std::{io, sync::Arc};

use lesion::CancelToken;
use signal_hook::{
    consts::{SIGINT, SIGTERM, SIGXFSZ},
    flag,
};

/// Lets the first signal cancel, and a second one end the program with the exit code of that signal.
///
/// # Errors
/// If the system refuses the handlers.
pub(crate) fn cancel_on_signals(cancel: &CancelToken) -> io::Result<()> {
    /// Added to a signal's number in the exit code of a program that it ends.
    const SIGNALLED: i32 = 128;
    for signal in [SIGINT, SIGTERM] {
        // Registered first, so that it runs before the flag is set.
        flag::register_conditional_shutdown(signal, SIGNALLED + signal, cancel.flag())?;
        flag::register(signal, cancel.flag())?;
    }
    // A file at the limit of its size is then an error of writing, which names the file.
    flag::register(SIGXFSZ, Arc::default())?;
    Ok(())
}
