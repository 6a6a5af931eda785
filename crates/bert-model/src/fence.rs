//! A fence around work of a library that may panic or never end.

use std::{
    cell::Cell,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    sync::{
        Arc, Mutex, Once, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
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
    /// As much work as is allowed was left behind, and is not done yet.
    Busy,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked => write!(f, "the library that reads it fails"),
            Self::TooSlow => write!(f, "it takes more than {} s", PATIENCE.as_secs()),
            Self::NoThread => write!(f, "no thread can be started"),
            Self::Busy => write!(f, "{MOST_LEFT_BEHIND} earlier texts are not read yet"),
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

/// Does work that may panic. In a browser a panic cannot be caught, and is reported as any other.
pub(crate) fn fenced<T>(work: impl FnOnce() -> T) -> Result<T, Fault> {
    if cfg!(target_family = "wasm") {
        return Ok(work());
    }
    silence_fenced_panics();
    let outside = FENCED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    FENCED.set(outside);
    result.map_err(|_| Fault::Panicked)
}

/// Does work that may panic, and may take too long. It is then left behind in its thread, because no
/// thread can be ended from outside. While [`MOST_LEFT_BEHIND`] are left behind, no other work is done.
pub(crate) fn fenced_in_time<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    static LEFT_BEHIND: AtomicUsize = AtomicUsize::new(0);
    if cfg!(target_family = "wasm") {
        // There are no threads. The page can end the whole worker.
        return fenced(work);
    }
    count_left_behind(&LEFT_BEHIND, work)
}

/// Most work that may be left behind at a time.
const MOST_LEFT_BEHIND: usize = 4;

/// As [`fenced_in_time`], with the number of threads whose work was left behind and is not done.
fn count_left_behind<T: Send + 'static>(
    left_behind: &'static AtomicUsize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    if left_behind.load(Ordering::SeqCst) >= MOST_LEFT_BEHIND {
        return Err(Fault::Busy);
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    let job = Arc::new(Job { state: Mutex::new(State::Running), left_behind });
    let started = Arc::clone(&job);
    let thread = thread::Builder::new().spawn(move || {
        let result = fenced(work);
        started.finish();
        // Nobody listens any more if it took too long.
        let _ = sender.send(result);
    });
    if thread.is_err() {
        return Err(Fault::NoThread);
    }
    receiver.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        job.leave();
        Err(Fault::TooSlow)
    })
}

/// The state of work in a thread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Left,
    Done,
}

/// Work in a thread.
struct Job {
    state: Mutex<State>,
    left_behind: &'static AtomicUsize,
}

impl Job {
    /// Marks the work as done.
    fn finish(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == State::Left {
            self.left_behind.fetch_sub(1, Ordering::SeqCst);
        }
        *state = State::Done;
    }

    /// Marks the work as left behind, unless it is done.
    fn leave(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == State::Running {
            *state = State::Left;
            self.left_behind.fetch_add(1, Ordering::SeqCst);
        }
    }
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
    fn work_that_does_not_end_is_left_behind_and_not_without_limit() {
        static LEFT_BEHIND: AtomicUsize = AtomicUsize::new(0);
        let mut ends = Vec::new();
        for _ in 0..MOST_LEFT_BEHIND {
            let (sender, receiver) = mpsc::channel::<()>();
            ends.push(sender);
            let endless = move || receiver.recv().is_ok();
            assert_eq!(count_left_behind(&LEFT_BEHIND, endless), Err(Fault::TooSlow));
        }
        assert_eq!(count_left_behind(&LEFT_BEHIND, || 1), Err(Fault::Busy));
        drop(ends); // now all of it ends
        while LEFT_BEHIND.load(Ordering::SeqCst) > 0 {
            thread::yield_now();
        }
        assert_eq!(count_left_behind(&LEFT_BEHIND, || 1), Ok(1));
    }
}
