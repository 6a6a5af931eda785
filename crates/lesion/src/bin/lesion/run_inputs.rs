//! Everything that a command needs before it runs a study: threads, texts, model and options.

use std::{
    ffi::OsStr,
    num::NonZero,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use lesion::{LoadedModel, ModelSource, PreparedStudy, RunOptions, Stages, StudyTexts, device};
use study_record::Study;
use study_report::hash;

use crate::{
    answers::ShareAnswer,
    args::{ExecutionArgs, MOST_THREADS, RunArgs, Threads},
    shard_option::ShardOption,
};

/// Computes a share of a study into a folder.
pub(crate) fn run_share_in(
    study: Study,
    shard: ShardOption,
    dir: &Path,
    args: &RunArgs,
    stages: &mut Stages<'_>,
) -> Result<ShareAnswer> {
    let share = shard.share().context("--shard")?;
    let (texts, model) = open_inputs(&study, &args.execution, stages)?;
    let options = RunOptions { code: hash_program()?, ..args.options() };
    let prepared = PreparedStudy::new(&model, study, texts, options, stages)?;
    let folder = lesion::create_folder(dir)?;
    let summary = lesion::run_share(&prepared, share, &folder, stages)?;
    Ok(ShareAnswer { summary, dir: dir.to_owned() })
}

/// `target/NAME`, and from the second study of this name on `target/NAME-2`.
pub(crate) fn numbered_folder(name: &OsStr, number: usize) -> PathBuf {
    let mut folder = name.to_owned();
    if number > 1 {
        folder.push(format!("-{number}"));
    }
    Path::new("target").join(folder)
}

/// Reads the texts of a study and opens its model. Invalid lines are an error before a model is
/// downloaded, and if it cannot be opened; otherwise they are one when the study is prepared, together
/// with those that are invalid for this model.
pub(crate) fn open_inputs(
    study: &Study,
    execution: &ExecutionArgs,
    stages: &mut Stages<'_>,
) -> Result<(StudyTexts, LoadedModel)> {
    use_threads(execution.threads)?;
    let mut texts = StudyTexts::read_valid_lines(study)?;
    if let ModelSource::Hub(_) = ModelSource::named(study.model.as_ref(), Path::new(""))? {
        texts = texts.check_lines()?;
    }
    match open_model(study, execution.device, stages) {
        Ok(model) => Ok((texts, model)),
        Err(error) => {
            texts.check_lines()?;
            Err(error)
        }
    }
}

/// Opens the model of a study, on the device of this number.
pub(crate) fn open_model(
    study: &Study,
    number: usize,
    stages: &mut Stages<'_>,
) -> Result<LoadedModel> {
    let source = ModelSource::named(study.model.as_ref(), Path::new(""))?;
    let device = device(study.backend, number)?;
    Ok(LoadedModel::open(&source, study.untrained, &device, stages)?)
}

/// Starts the thread pool that Burn and the statistics share.
pub(crate) fn use_threads(threads: Option<Threads>) -> Result<()> {
    let threads = match threads {
        Some(threads) => threads.get(),
        None => default_threads(),
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    match pool.build_global() {
        Ok(()) => Ok(()),
        Err(error) if threads == 1 => bail!("cannot start a thread: {error}"),
        Err(error) => {
            bail!("cannot start {threads} threads; RAYON_NUM_THREADS=1 asks for one only: {error}")
        }
    }
}

/// As many threads as `RAYON_NUM_THREADS` says, or as there are cores, at most as many as an option may
/// ask for.
fn default_threads() -> usize {
    let given = std::env::var("RAYON_NUM_THREADS").ok().and_then(|text| text.parse().ok());
    let given = given.filter(|&threads| threads > 0);
    let cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
    given.unwrap_or_else(cores).min(MOST_THREADS as usize)
}

impl RunArgs {
    /// The options of a run.
    pub(crate) fn options(&self) -> RunOptions {
        RunOptions {
            memory: self.memory.get() << 20,
            plain: self.plain,
            save_activations: self.save_activations,
            replaces: self.force,
            strict: self.strict,
            command: std::env::args_os()
                .map(|arg| hub::without_password(&arg.to_string_lossy()))
                .collect(),
            ..RunOptions::default()
        }
    }
}

/// The hash of this program: a run only resumes one of the same build.
pub(crate) fn hash_program() -> Result<String> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let hash = hash::of_file(&program);
    hash.with_context(|| format!("cannot read {}", program.display()))
}
