//! A fence around work of a library that may panic or never end.

use std::{
    cell::Cell,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    sync::{Once, mpsc},
    thread,
    time::Duration,
};

/// The longest time that reading one text may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// A fault of fenced work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The work panicked.
    Panicked,
    /// The work took longer than [`PATIENCE`].
    TooSlow,
    /// No thread can be started.
    NoThread,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked => write!(f, "the library that reads it fails"),
            Self::TooSlow => write!(f, "it takes more than {} s", PATIENCE.as_secs()),
            Self::NoThread => write!(f, "no thread can be started"),
        }
    }
}

thread_local! {
    /// True inside a fence of this thread, where a panic prints nothing.
    static FENCED: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Lets a panic inside a fence print nothing. Panics elsewhere are reported as before.
fn silence_fenced_panics() {
    HOOK.call_once(|| {
        let report = take_hook();
        set_hook(Box::new(move |panic| {
            if !FENCED.get() {
                report(panic);
            }
        }));
    });
}

/// Does work that may panic.
pub(crate) fn fenced<T>(work: impl FnOnce() -> T) -> Result<T, Fault> {
    silence_fenced_panics();
    let outside = FENCED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    FENCED.set(outside);
    result.map_err(|_| Fault::Panicked)
}

/// Does work that may panic, and may take too long. It is then left behind in its thread, which ends
/// with the program.
pub(crate) fn fenced_in_time<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().spawn(move || {
        // Nobody listens any more if it took too long.
        let _ = sender.send(fenced(work));
    });
    if thread.is_err() {
        return Err(Fault::NoThread);
    }
    receiver.recv_timeout(PATIENCE).unwrap_or(Err(Fault::TooSlow))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_fault_and_a_result_is_a_result() {
        assert_eq!(fenced(|| 1), Ok(1));
        assert_eq!(fenced(|| -> u8 { panic!("inside") }), Err(Fault::Panicked));
        assert_eq!(fenced_in_time(|| 1), Ok(1));
        assert_eq!(fenced_in_time(|| -> u8 { panic!("inside") }), Err(Fault::Panicked));
        assert!(!FENCED.get());
    }

    #[test]
    fn work_that_never_ends_is_a_fault() {
        let (_sender, receiver) = mpsc::channel::<()>();
        assert_eq!(fenced_in_time(move || receiver.recv().is_ok()), Err(Fault::TooSlow));
    }
}
