//! Progress bars on stderr, if it is a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use lesion::{Note, Watch};

/// A progress bar for the current stage.
#[derive(Default)]
pub(crate) struct ProgressBars {
    bar: Option<ProgressBar>,
}

/// A bar's style. `counts` is the template of its counts of steps or bytes.
fn style(counts: &str) -> ProgressStyle {
    let template = format!("{{msg:>10}} {{bar:30}} {counts} [{{elapsed}} < {{eta}}]");
    ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Watch for ProgressBars {
    fn begin(&mut self, stage: &str) {
        let bar = ProgressBar::new(1).with_style(style("{pos}/{len}"));
        self.bar = Some(bar.with_message(stage.to_owned()));
    }

    fn advance(&mut self, done: usize, all: usize) {
        if let Some(bar) = &self.bar {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        }
    }

    fn transfer(&mut self, transfer: hub::Transfer<'_>) {
        let Some(bar) = &self.bar else { return };
        let is_next = bar.message() != transfer.file;
        if is_next {
            bar.set_style(style("{decimal_bytes}/{decimal_total_bytes}"));
            bar.reset();
        }
        bar.set_length(transfer.size);
        bar.set_position(transfer.done);
        if is_next {
            bar.set_message(transfer.file.to_owned());
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn note(&mut self, note: &Note) {
        eprintln!("{note}");
    }
}
