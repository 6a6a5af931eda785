//! The stages of a run, with their progress and times.

use std::sync::{Arc, atomic::AtomicBool};

use lesion_eval::{Progress, StudyError};
use study_record::Seconds;
use study_report::Section;
use web_time::Instant;

use crate::running::watch::{CancelToken, Note, Unwatched, Watch};

/// A runner of stages, which keeps their times.
pub struct Stages<'a> {
    watch: &'a mut dyn Watch,
    cancel: CancelToken,
    seconds: Seconds,
}

impl<'a> Stages<'a> {
    /// Stages that report to `watch` and that `cancel` can stop.
    #[must_use]
    pub fn new(watch: &'a mut dyn Watch, cancel: &CancelToken) -> Self {
        Self { watch, cancel: cancel.clone(), seconds: Seconds::new() }
    }

    /// Stages that report to nobody and that nothing stops.
    #[must_use]
    pub fn unwatched() -> Self {
        // A value without a size takes no memory.
        Self::new(Box::leak(Box::new(Unwatched)), &CancelToken::default())
    }

    /// Wall-clock seconds of each stage.
    #[must_use]
    pub fn seconds(&self) -> &Seconds {
        &self.seconds
    }

    /// Runs one stage.
    pub(crate) fn run<T, E: From<StudyError>>(
        &mut self,
        name: &str,
        work: impl FnOnce(Progress<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.time(name, |watch, cancel| {
            let mut told = (0, 0);
            work(&mut |done, all| {
                // A stage may do several works, which count from 0 each. What is told never falls.
                if told.1 != all {
                    told = (0, all);
                }
                told.0 = done.max(told.0);
                watch.advance(told.0, all);
                cancel.flow()
            })
        })
    }

    /// Runs a download.
    pub(crate) fn download<T, E: From<StudyError>>(
        &mut self,
        work: impl FnOnce(hub::Progress<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.time("download", |watch, cancel| {
            work(&mut |transfer| {
                watch.transfer(transfer);
                cancel.flow()
            })
        })
    }

    /// Runs and times a stage, unless the run was cancelled.
    fn time<T, E: From<StudyError>>(
        &mut self,
        name: &str,
        work: impl FnOnce(&mut dyn Watch, &CancelToken) -> Result<T, E>,
    ) -> Result<T, E> {
        let started = Instant::now();
        self.watch.begin(name);
        let result = match self.check_cancelled() {
            Ok(()) => work(self.watch, &self.cancel),
            Err(cancelled) => Err(cancelled.into()),
        };
        self.watch.end();
        self.seconds.insert(name.to_owned(), started.elapsed().as_secs_f64());
        result
    }

    /// The observer.
    pub(crate) fn watch(&mut self) -> &mut dyn Watch {
        self.watch
    }

    /// The token that stops the run.
    pub(crate) fn cancel_token(&self) -> CancelToken {
        self.cancel.clone()
    }

    /// Begins a stage that consists of studies with stages of their own.
    pub(crate) fn begin_sweep(&mut self) {
        self.watch.begin("sweep");
    }

    /// Ends this stage.
    pub(crate) fn end_sweep(&mut self) {
        self.watch.end();
    }

    /// The flag that cancels the run.
    pub(crate) fn cancel_flag(&self) -> Arc<AtomicBool> {
        self.cancel.flag()
    }

    /// Checks that the run was not cancelled.
    ///
    /// # Errors
    /// If it was ([`StudyError::Cancelled`]).
    pub fn check_cancelled(&self) -> Result<(), StudyError> {
        if self.cancel.is_cancelled() {
            return Err(StudyError::Cancelled);
        }
        Ok(())
    }

    /// Reports a note to the user.
    pub(crate) fn note(&mut self, note: &Note) {
        self.watch.note(note);
    }

    /// Reports a section of the results that is final.
    pub(crate) fn section(&mut self, section: &Section) {
        self.watch.section(section);
    }
}
