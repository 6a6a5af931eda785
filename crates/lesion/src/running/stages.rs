//! The stages of a run, with their progress and times.

use std::{ops::ControlFlow, time::Instant};

use lesion_eval::Progress;
use study_record::Seconds;

use crate::running::watch::{CancelToken, Note, Watch};

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

    /// Wall-clock seconds of each stage.
    #[must_use]
    pub fn seconds(&self) -> &Seconds {
        &self.seconds
    }

    /// Runs one stage.
    pub(crate) fn run<T, E>(
        &mut self,
        name: &str,
        work: impl FnOnce(Progress<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let started = Instant::now();
        self.watch.begin(name);
        let (watch, cancel) = (&mut self.watch, &self.cancel);
        let result = work(&mut |done, all| {
            watch.advance(done, all);
            if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        self.watch.end();
        self.seconds.insert(name.to_owned(), started.elapsed().as_secs_f64());
        result
    }

    /// Runs a download.
    pub(crate) fn download<T, E>(
        &mut self,
        work: impl FnOnce(hub::Progress<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let started = Instant::now();
        self.watch.begin("download");
        let watch = &mut self.watch;
        let result = work(&mut |transfer| watch.transfer(transfer));
        self.watch.end();
        self.seconds.insert("download".to_owned(), started.elapsed().as_secs_f64());
        result
    }

    /// Reports a note to the user.
    pub(crate) fn note(&mut self, note: &Note) {
        self.watch.note(note);
    }
}
