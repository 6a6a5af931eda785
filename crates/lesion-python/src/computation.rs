//! Computations in a thread of their own, while the calling thread serves Python: its signals and its
//! progress bars.

use std::{
    any::Any,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use hub::Transfer;
use lesion::{CancelToken, Note, Stages, Watch};
use pyo3::prelude::*;

use crate::native_error::NativeError;

/// How often the calling thread looks for signals and reports progress.
const INTERVAL: Duration = Duration::from_millis(50);
/// The number of the process that computes first; 0 before that.
static PROCESS: AtomicU32 = AtomicU32::new(0);
/// Bytes of the stack of a computing thread, as many as the main thread of a program has.
const STACK: usize = 8 << 20;

/// A computation's progress, as its thread reports it.
#[derive(Default)]
struct Progress {
    stage: String,
    done: u64,
    all: u64,
    notes: Vec<String>,
    is_finished: bool,
}

/// The progress of a computation, shared by its thread and the one that waits.
#[derive(Default)]
struct SharedProgress {
    progress: Mutex<Progress>,
    finished: Condvar,
}

impl SharedProgress {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the computation is finished, at most for an interval. Returns the progress to report.
    fn wait(&self) -> Progress {
        let guard = self.lock();
        let waited = self.finished.wait_timeout_while(guard, INTERVAL, |now| !now.is_finished);
        let mut now = waited.unwrap_or_else(PoisonError::into_inner).0;
        let notes = std::mem::take(&mut now.notes);
        let (stage, is_finished) = (now.stage.clone(), now.is_finished);
        Progress { stage, done: now.done, all: now.all, notes, is_finished }
    }
}

/// A watch that keeps the progress for the waiting thread.
struct SharedWatch(Arc<SharedProgress>);

impl Watch for SharedWatch {
    fn begin(&mut self, stage: &str) {
        let mut progress = self.0.lock();
        stage.clone_into(&mut progress.stage);
        progress.done = 0;
        progress.all = 0;
    }

    fn advance(&mut self, done: usize, all: usize) {
        let mut progress = self.0.lock();
        progress.done = done as u64;
        progress.all = all as u64;
    }

    fn transfer(&mut self, transfer: Transfer<'_>) {
        let mut progress = self.0.lock();
        transfer.file.clone_into(&mut progress.stage);
        progress.done = transfer.done;
        progress.all = transfer.size;
    }

    fn note(&mut self, note: &Note) {
        self.0.lock().notes.push(note.to_string());
    }
}

/// Tells the waiting thread that the computation is finished, also if it panics.
struct FinishOnDrop(Arc<SharedProgress>);

impl Drop for FinishOnDrop {
    fn drop(&mut self) {
        self.0.lock().is_finished = true;
        self.0.finished.notify_all();
    }
}

/// Runs `work` in a thread of its own, without Python's lock. Meanwhile the calling thread checks for
/// signals, and calls `report` with each stage, its steps, and notes. A signal stops the work after the
/// current batch.
///
/// # Errors
/// If the work fails or panics, a signal's handler or `report` raises an exception, or this process was
/// forked from one that computed.
pub(crate) fn compute<T: Send, E: Into<NativeError> + Send>(
    py: Python<'_>,
    report: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&mut Stages<'_>) -> Result<T, E> + Send,
) -> Result<T, NativeError> {
    check_process()?;
    let shared = Arc::new(SharedProgress::default());
    let cancel = CancelToken::default();
    let cancels = cancel.clone();
    thread::scope(|scope| {
        let finish = FinishOnDrop(shared.clone());
        let builder = thread::Builder::new().stack_size(STACK);
        let spawned = builder.spawn_scoped(scope, move || {
            let mut watch = SharedWatch(finish.0.clone());
            let result = work(&mut Stages::new(&mut watch, &cancels));
            drop(finish);
            result
        });
        let thread = match spawned {
            Ok(thread) => thread,
            Err(error) => return Err(NativeError::Panic(format!("no thread can start: {error}"))),
        };
        let mut raised = None;
        loop {
            let progress = py.detach(|| shared.wait());
            let served = py.check_signals().and_then(|()| report_progress(report, &progress));
            if let Err(exception) = served {
                cancel.cancel();
                raised.get_or_insert(exception);
            }
            if progress.is_finished {
                break;
            }
        }
        let result = py.detach(|| thread.join());
        match (result, raised) {
            (Err(panic), _) => Err(NativeError::Panic(panic_message(&*panic))),
            // The work may have finished before it saw that it was to stop, but the exception counts.
            (_, Some(exception)) => Err(NativeError::Python(exception)),
            (Ok(result), None) => result.map_err(Into::into),
        }
    })
}

fn report_progress(report: Option<&Bound<'_, PyAny>>, progress: &Progress) -> PyResult<()> {
    let Some(report) = report else { return Ok(()) };
    report.call1((progress.stage.as_str(), progress.done, progress.all, progress.notes.clone()))?;
    Ok(())
}

/// Checks that this process has the threads of the one that computed first.
fn check_process() -> Result<(), NativeError> {
    let process = std::process::id();
    let first = PROCESS.compare_exchange(0, process, Ordering::Relaxed, Ordering::Relaxed);
    match first {
        Err(other) if other != process => Err(NativeError::Forked),
        _ => Ok(()),
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no message".to_owned())
}

/// Panics, for the test that a panic becomes an exception.
///
/// # Errors
/// If it works: the panic as an exception.
#[pyfunction]
pub(crate) fn panic(py: Python<'_>) -> PyResult<()> {
    Ok(compute(py, None, |_| -> Result<(), NativeError> { panic!("a panic on purpose") })?)
}
