//! `lesion run` and `lesion reproduce`: a study, from text files to tables.

use std::{
    ffi::OsStr,
    io::{self, Write},
    path::Path,
};

use anyhow::Result;

use crate::{
    args::RunArgs,
    console,
    journal::FileJournal,
    manifest::{self, Manifest},
    output::OutputDir,
    prepare::Prepared,
    progress::Stages,
    results::Results,
    study::Study,
};

/// `name` is the study's: its results go into `target/NAME` where no other folder is asked for.
pub(crate) fn run(study: Study, name: &OsStr, args: &RunArgs) -> Result<()> {
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

    let mut stdout = io::stdout().lock();
    console::results(&mut stdout, &prepared, &results)?;
    writeln!(stdout, "\nThe tables are in {}.", dir.display())?;
    Ok(())
}
