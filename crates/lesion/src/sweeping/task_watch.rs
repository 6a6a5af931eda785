//! The progress of a sweep as a whole.

use std::collections::{BTreeMap, BTreeSet};

use study_report::Section;

use crate::running::{
    check_study::PlannedStep,
    watch::{Note, Watch},
};

/// The progress of a sweep, in forward passes.
pub(crate) struct SweepProgress {
    /// Passes of finished tasks.
    pub(crate) done: f64,
    /// Passes of all tasks.
    all: f64,
    /// Notes that were told. Many tasks have the same ones.
    told: BTreeSet<String>,
}

impl SweepProgress {
    /// The progress of a sweep of so many passes that begins. Some notes are not told again.
    pub(crate) fn new(all: f64, told: BTreeSet<String>) -> Self {
        Self { done: 0.0, all, told }
    }
}

/// Watches a task, and tells the observer of the sweep how far all tasks are.
pub(crate) struct TaskWatch<'a> {
    watch: &'a mut dyn Watch,
    progress: &'a mut SweepProgress,
    /// Passes of the stages of this task.
    passes: BTreeMap<&'static str, f64>,
    /// Passes of its finished stages.
    done: f64,
    /// Passes of the stage that runs.
    stage: f64,
}

impl<'a> TaskWatch<'a> {
    pub(crate) fn new(
        watch: &'a mut dyn Watch,
        progress: &'a mut SweepProgress,
        steps: &[PlannedStep],
    ) -> Self {
        let passes = steps.iter().map(|step| (step.name, step.passes)).collect();
        Self { watch, progress, passes, done: 0.0, stage: 0.0 }
    }

    fn report(&mut self, share: f64) {
        let SweepProgress { done, all, .. } = *self.progress;
        let done = (done + self.done + self.stage * share).min(all);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "numbers of passes"
        )]
        self.watch.advance(done.round() as usize, all.round() as usize);
    }
}

impl Watch for TaskWatch<'_> {
    fn begin(&mut self, stage: &str) {
        self.stage = self.passes.get(stage).copied().unwrap_or_default();
    }

    fn advance(&mut self, done: usize, all: usize) {
        self.report(done as f64 / all.max(1) as f64);
    }

    fn end(&mut self) {
        self.done += self.stage;
        self.stage = 0.0;
        self.report(0.0);
    }

    fn note(&mut self, note: &Note) {
        if self.progress.told.insert(note.to_string()) {
            self.watch.note(note);
        }
    }

    /// The sections of a task are on its own page.
    fn section(&mut self, _section: &Section) {}
}
