//! Stages of a run: a bar while one is under way, and how long each took.

use std::{collections::BTreeMap, time::Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use lesion_eval::Progress;

/// Wall-clock seconds by stage.
pub(crate) type Seconds = BTreeMap<&'static str, f64>;

/// Runs stages and keeps their times.
#[derive(Default)]
pub(crate) struct Stages {
    pub(crate) seconds: Seconds,
}

impl Stages {
    /// Runs a stage that a study may leave out.
    pub(crate) fn run_if<T>(
        &mut self,
        asked: bool,
        name: &'static str,
        work: impl FnOnce(Progress<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        asked.then(|| self.run(name, work)).transpose()
    }

    /// Runs one stage. `work` gets a function that takes the steps done and all steps. The bar is
    /// on stderr, only where that is a terminal.
    pub(crate) fn run<T>(
        &mut self,
        name: &'static str,
        work: impl FnOnce(Progress<'_>) -> Result<T>,
    ) -> Result<T> {
        self.with_bar(name, "{pos}/{len}", |bar| {
            work(&mut |done, all| {
                bar.set_length(all as u64);
                bar.set_position(done as u64);
            })
        })
    }

    /// The same for what comes over the network, counted in bytes.
    pub(crate) fn download<T>(
        &mut self,
        work: impl FnOnce(hub::Progress<'_>) -> Result<T>,
    ) -> Result<T> {
        self.with_bar("download", "{decimal_bytes}/{decimal_total_bytes}", |bar| {
            work(&mut |transfer| {
                let another = bar.message() != transfer.file;
                if another {
                    bar.reset();
                }
                bar.set_length(transfer.size);
                bar.set_position(transfer.done);
                if another {
                    bar.set_message(transfer.file.to_owned());
                }
            })
        })
    }

    fn with_bar<T>(
        &mut self,
        name: &'static str,
        counts: &str,
        work: impl FnOnce(&ProgressBar) -> Result<T>,
    ) -> Result<T> {
        let started = Instant::now();
        let template = format!("{{msg:>10}} {{bar:30}} {counts} [{{elapsed}} < {{eta}}]");
        let style = ProgressStyle::with_template(&template)
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(1).with_style(style).with_message(name);
        let result = work(&bar);
        bar.finish_and_clear();
        self.seconds.insert(name, started.elapsed().as_secs_f64());
        result
    }
}
