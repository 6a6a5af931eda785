//! The progress of a question, for the page.

use lesion::{CancelToken, Stages, Watch};

/// An observer that tells the page of the current stage.
#[derive(Default)]
pub(crate) struct PageWatch {
    stage: String,
}

impl PageWatch {
    /// Stages that the page watches. Nothing cancels them: the page ends the worker instead.
    pub(crate) fn stages(&mut self) -> Stages<'_> {
        Stages::new(self, &CancelToken::default())
    }
}

impl Watch for PageWatch {
    fn begin(&mut self, stage: &str) {
        stage.clone_into(&mut self.stage);
        report(stage, 0, 0);
    }

    fn advance(&mut self, done: usize, all: usize) {
        report(&self.stage, done, all);
    }
}

#[cfg(not(target_family = "wasm"))]
fn report(_stage: &str, _done: usize, _all: usize) {}

#[cfg(target_family = "wasm")]
fn report(stage: &str, done: usize, all: usize) {
    worker::report_progress(stage, done, all);
}

#[cfg(target_family = "wasm")]
mod worker {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        /// A function of the worker.
        #[wasm_bindgen(js_name = reportProgress)]
        pub(super) fn report_progress(stage: &str, done: usize, all: usize);
    }
}
