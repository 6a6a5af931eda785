//! Progress on stderr: a bar on a terminal, elsewhere a line a minute. The sections of a study are written
//! to stdout when they are final.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};
use lesion::{Note, Watch};
use study_report::Section;

use crate::{
    progress_events::ProgressEvents,
    screen,
    terminal::{printable, tell},
};

/// The form of progress on stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ProgressForm {
    /// A bar on a terminal, elsewhere a line a minute.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

/// The progress of the current stage, and the sections of a study.
pub(crate) struct ProgressBars {
    /// Writes events instead of bars and lines, if that was asked for.
    events: Option<ProgressEvents>,
    bar: Option<ProgressBar>,
    lines: Option<ProgressLines>,
    /// Whether sections are written.
    writes_sections: bool,
    /// Whether every section was written.
    written: io::Result<()>,
}

impl ProgressBars {
    pub(crate) fn new(form: ProgressForm, writes_sections: bool) -> Self {
        let events = (form == ProgressForm::Json).then(ProgressEvents::new);
        let lines = (!io::stderr().is_terminal()).then(|| ProgressLines::every(MINUTE));
        Self { events, bar: None, lines, writes_sections, written: Ok(()) }
    }

    /// Checks that every section could be written. A study is finished even if nobody reads it.
    ///
    /// # Errors
    /// If one could not be written.
    pub(crate) fn check_written(self) -> io::Result<()> {
        self.written
    }
}

const MINUTE: Duration = Duration::from_mins(1);

/// Progress in lines, at intervals.
struct ProgressLines {
    interval: Duration,
    stage: String,
    last: Instant,
}

impl ProgressLines {
    fn every(interval: Duration) -> Self {
        Self { interval, stage: String::new(), last: Instant::now() }
    }

    /// The line to write now, if one is due: `controls: 1200 of 5300 (22 %)`.
    fn line(&mut self, done: &str, all: &str, share: f64) -> Option<String> {
        if self.last.elapsed() < self.interval {
            return None;
        }
        self.last = Instant::now();
        Some(format!("{}: {done} of {all} ({:.0} %)", self.stage, 100.0 * share))
    }
}

/// A bar's style. `counts` is the template of its counts of steps or bytes.
fn style(counts: &str) -> ProgressStyle {
    let template = format!("{{msg:>10}} {{bar:30}} {counts} [{{elapsed}} < {{eta}}]");
    ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Watch for ProgressBars {
    fn begin(&mut self, stage: &str) {
        if let Some(events) = &mut self.events {
            return events.begin(stage);
        }
        if let Some(lines) = &mut self.lines {
            stage.clone_into(&mut lines.stage);
        }
        let bar = ProgressBar::new(1).with_style(style("{pos}/{len}"));
        let bar = bar.with_message(stage.to_owned());
        // A stage of one step is shown too.
        bar.tick();
        self.bar = Some(bar);
    }

    fn advance(&mut self, done: usize, all: usize) {
        if let Some(events) = &mut self.events {
            return events.advance(done, all);
        }
        if let Some(bar) = &self.bar {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        }
        if let Some(lines) = &mut self.lines {
            let share = done as f64 / all.max(1) as f64;
            if let Some(line) = lines.line(&done.to_string(), &all.to_string(), share) {
                tell(&line);
            }
        }
    }

    fn transfer(&mut self, transfer: hub::Transfer<'_>) {
        if let Some(events) = &mut self.events {
            return events.transfer(transfer);
        }
        if let Some(lines) = &mut self.lines {
            let [done, all] =
                [transfer.done, transfer.size].map(|bytes| DecimalBytes(bytes).to_string());
            let share = transfer.done as f64 / transfer.size.max(1) as f64;
            transfer.file.clone_into(&mut lines.stage);
            if let Some(line) = lines.line(&done, &all, share) {
                tell(&line);
            }
        }
        let Some(bar) = &self.bar else { return };
        let file = printable(transfer.file);
        let is_next = bar.message() != file;
        if is_next {
            bar.set_style(style("{decimal_bytes}/{decimal_total_bytes}"));
            bar.reset();
        }
        bar.set_length(transfer.size);
        bar.set_position(transfer.done);
        if is_next {
            bar.set_message(file.into_owned());
        }
    }

    fn end(&mut self) {
        if let Some(events) = &mut self.events {
            return events.end();
        }
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn note(&mut self, note: &Note) {
        if let Some(events) = &mut self.events {
            return events.note(note);
        }
        tell(&note.to_string());
    }

    fn section(&mut self, section: &Section) {
        if let Some(events) = &mut self.events {
            events.section(section);
        }
        if self.writes_sections && self.written.is_ok() {
            let mut out = anstream::stdout().lock();
            self.written = screen::write_section(&mut out, section).and_then(|()| out.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_at_intervals() {
        let mut always = ProgressLines::every(Duration::ZERO);
        "controls".clone_into(&mut always.stage);
        let line = always.line("20", "80", 0.25);
        assert_eq!(line.as_deref(), Some("controls: 20 of 80 (25 %)"));
        assert_eq!(ProgressLines::every(MINUTE).line("20", "80", 0.25), None);
    }
}
