//! `lesion run` and `lesion reproduce`: a study, from text files to tables.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Result;
use lesion_eval::{Accuracy, LesionSummary, tables};
use serde::Serialize;

use crate::{
    answer::Answer,
    args::RunArgs,
    console,
    journal::FileJournal,
    manifest::{self, Manifest},
    output::{OutputDir, REPORT},
    prepare::Prepared,
    progress::{Seconds, Stages},
    report,
    results::Results,
    study::Study,
};

/// A study that ran, and whose tables are written.
pub(crate) struct Finished {
    prepared: Prepared,
    results: Results,
    dir: PathBuf,
    /// The names of the files in it.
    files: Vec<String>,
    seconds: Seconds,
}

/// `name` is the study's: its results go into `target/NAME` where no other folder is asked for.
pub(crate) fn run(mut study: Study, name: &OsStr, args: &RunArgs) -> Result<Finished> {
    args.apply(&mut study)?;
    let mut stages = Stages::default();
    let prepared = Prepared::new(study, args, &mut stages)?;
    let dir = args.out.clone().unwrap_or_else(|| Path::new("target").join(name));
    let mut out = OutputDir::create(&dir)?;
    let mut journal = FileJournal::open(&dir, prepared.identity()?)?;
    if journal.finished() > 0 {
        eprintln!(
            "An earlier run of this study stopped in {}; it goes on after {} finished batches.",
            dir.display(),
            journal.finished()
        );
    } else if journal.replaces_another() {
        eprintln!("An unfinished run of another study in {} is given up.", dir.display());
    }
    let results = Results::compute(&prepared, &mut journal, &mut stages)?;

    out.begin()?;
    results.write(&prepared, &mut out, args.save_activations)?;
    let selection = &results.selection;
    let manifest = Manifest {
        lesion: env!("CARGO_PKG_VERSION"),
        burn: manifest::BURN,
        platform: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        threads: rayon::current_num_threads(),
        command: std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect(),
        study: &prepared.study,
        layer: prepared.lesion.layer,
        layers: &prepared.layers,
        relabellings: selection.relabellings.0,
        relabellings_exact: selection.relabellings.1,
        label_a: &selection.contrast.a,
        label_b: &selection.contrast.b,
        inputs: &prepared.origins,
        seconds: &stages.seconds,
        outputs: &out.written().clone(),
    };
    out.json(manifest::FILE, &manifest)?;
    journal.remove()?;
    report::write(&dir)?;

    let files = out.written().keys().cloned().collect();
    Ok(Finished { prepared, results, dir, files, seconds: stages.seconds })
}

impl Answer for Finished {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        console::results(out, &self.prepared, &self.results)?;
        writeln!(out, "\nThe tables are in {}.", self.dir.display())?;
        writeln!(out, "The report is {}.", self.dir.join(REPORT).display())?;
        Ok(())
    }

    fn json(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Json<'a> {
            files: BTreeMap<&'a str, String>,
            report: String,
            layer: usize,
            selection: Vec<tables::SelectionRow<'a>>,
            predictions: Vec<tables::PredictionRow<'a>>,
            accuracy: Accuracy,
            lesion: LesionSummary,
            #[serde(skip_serializing_if = "Option::is_none")]
            profile: Option<Vec<tables::ProfileRow<'a>>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            dissociation: Option<Vec<tables::DissociationRow<'a>>>,
            seconds: &'a Seconds,
        }
        let Self { prepared, results, dir, files, seconds } = self;
        let path = |name: &str| dir.join(name).display().to_string();
        let controls = results.laboratory.controls.as_ref();
        Json {
            files: files.iter().map(|name| (name.as_str(), path(name))).collect(),
            report: path(REPORT),
            layer: prepared.lesion.layer,
            selection: tables::chosen(&results.selection).collect(),
            predictions: tables::predictions(&results.predictions).collect(),
            accuracy: Accuracy::of(&results.predictions),
            lesion: LesionSummary::of(&results.outcomes),
            profile: controls.map(|of| tables::profile(&of.profile).collect()),
            dissociation: controls.map(|of| tables::dissociation(&of.dissociations).collect()),
            seconds,
        }
    }
}
