//! The command line: it parses arguments, calls the library and prints. `lesion --help` lists the
//! commands.

mod answers;
mod args;
mod exit;
mod import_answer;
mod job_array;
mod next_step;
mod predict_answer;
mod predict_request;
mod predict_stream;
mod progress_bars;
mod progress_events;
mod run_inputs;
mod screen;
mod sentence_screen;
mod setting_args;
mod shard_option;
mod signals;
mod sweep_commands;
mod task_option;
mod terminal;
mod time_limit;
mod usage;

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use lesion::{
    CancelToken, LesionError, LoadedModel, ModelSource, PreparedStudy, RunOptions, Session, Stages,
    StudyTexts, TextInput, WordPattern,
};
use study_record::{MANIFEST, Registration, SWEEP, Study, StudyFile};

use answers::{
    CheckAnswer, CompletionsAnswer, DevicesAnswer, NewAnswer, PageAnswer, RegisterAnswer,
    RunAnswer, ShareAnswer, WordsAnswer, give,
};
use args::{Args, Command, EvaluateArgs, ModelArgs, RunArgs, WordsArgs};
use exit::Exit;
use import_answer::ImportAnswer;
use predict_answer::PredictAnswer;
use predict_stream::answer_lines;
use progress_bars::{ProgressBars, ProgressForm};
use progress_events::{ProgressEvent, tell_event};
use run_inputs::{
    hash_program, numbered_folder, open_inputs, open_model, run_share_in, use_threads,
};
use screen::Download;
use sweep_commands::SweepFile;
use terminal::tell;
use time_limit::TimeLimit;

fn main() -> ExitCode {
    exit::report_panics();
    let args = match args::parse() {
        Ok(args) => args,
        Err(error) if usage::is_help(&error) => error.exit(),
        Err(error) => {
            tell(&usage::one_line(&error));
            return Exit::User.into();
        }
    };
    exit::catch_bugs(|| end(execute(&args), &args)).into()
}

/// Tells the error of a command, if it has one.
fn end(result: Result<()>, args: &Args) -> Exit {
    let error = match result {
        Ok(()) => return Exit::Success,
        Err(error) if is_closed_pipe(&error) => return Exit::Success,
        Err(error) => error,
    };
    let exit = Exit::of_error(&error);
    let tells_events = args.progress == ProgressForm::Json;
    if exit == Exit::Stopped {
        let line = usage::stopped(&error, &args.command);
        if tells_events {
            tell_event(&ProgressEvent::Stopped { text: &line });
        } else {
            tell(&line);
        }
        return exit;
    }
    for line in usage::error_lines(&error, &args.command) {
        if tells_events {
            tell_event(&ProgressEvent::Error { text: &line });
        } else {
            tell(&line);
        }
    }
    exit
}

fn execute(args: &Args) -> Result<()> {
    let cancel = CancelToken::default();
    signals::cancel_on_signals(&cancel).context("cannot handle signals")?;
    if let Some(TimeLimit(limit)) = args.time_limit {
        signals::cancel_after(limit, &cancel).context("cannot watch the time")?;
    }
    let mut bars = ProgressBars::new(args.progress, !args.json);
    answer(&args.command, args.json, &mut Stages::new(&mut bars, &cancel))?;
    Ok(bars.check_written()?)
}

/// Executes a command and gives its answer.
fn answer(command: &Command, json: bool, stages: &mut Stages<'_>) -> Result<()> {
    match command {
        Command::Reproduce(args) => {
            let study = args.settings.study()?;
            check_no_task(args, "the study of `reproduce`")?;
            if args.shard.is_some() {
                return give(&run_share(study, args, stages)?, json);
            }
            give(&run_study(study, OsStr::new("reproduce"), None, args, stages)?, json)
        }
        Command::New { dir, words } => {
            let paths = lesion::write_starter(dir, *words)?;
            give(&NewAnswer { paths }, json)
        }
        Command::Import(args) => give(&ImportAnswer::import(args, stages)?, json),
        Command::Run { study: file, args } => {
            let study = match read_study_file(file)? {
                StudyFile::Study(study) => override_study(*study, file, args)?,
                StudyFile::Sweep(sweep) => {
                    return SweepFile { sweep: &sweep, file, args }.run(json, stages);
                }
            };
            check_no_task(args, &file.display().to_string())?;
            if args.shard.is_some() {
                return give(&run_share(study, args, stages)?, json);
            }
            let name = file.file_stem().unwrap_or(OsStr::new("study"));
            let registration = lesion::read_registration(&registration_file(file))?;
            give(&run_study(study, name, registration, args, stages)?, json)
        }
        Command::Register { study: file, args } => {
            refuse_shares("register", args)?;
            let study = read_study(file, args)?;
            give(&register_study(study, file, args, stages)?, json)
        }
        Command::Check { study: file, args } => {
            refuse_shares("check", args)?;
            match read_study_file(file)? {
                StudyFile::Study(study) => {
                    let study = override_study(*study, file, args)?;
                    give(&check_study(study, args, stages)?, json)
                }
                StudyFile::Sweep(sweep) => {
                    SweepFile { sweep: &sweep, file, args }.check(json, stages)
                }
            }
        }
        Command::Predict(args) => {
            let question = args.question()?;
            let model = open_named_model(&args.model, stages)?;
            let session = Session::new(model, args.model.settings.study()?.backend);
            if args.stdin {
                return answer_lines(&session, &question, stages);
            }
            give(&PredictAnswer::ask(&session, &question, stages)?, json)
        }
        Command::Evaluate(EvaluateArgs { model, prompts: Some(path), score, seed, .. }) => {
            let prompts = TextInput::read(path)?;
            let model = open_named_model(model, stages)?;
            let score = score.study()?.score;
            give(&lesion::evaluate_prompts(&model, &prompts, score, *seed, stages)?, json)
        }
        Command::Evaluate(args) => {
            if args.score.find_override(|_| true).is_some() {
                bail!("--score: give the prompts whose sentences are scored with --prompts");
            }
            let model = open_named_model(&args.model, stages)?;
            give(&lesion::evaluate(&model, args.count.get(), args.seed, stages)?, json)
        }
        Command::Words(args) => give(&list_words(args, stages)?, json),
        Command::Report { dir, figures } if is_sweep(dir) => {
            sweep_commands::report(dir, figures, json, stages)
        }
        Command::Report { dir, figures } => {
            let page = lesion::export_figures(dir, figures, stages)?;
            give(&PageAnswer { page }, json)
        }
        Command::Paper { dir } => give(&lesion::write_paper(dir, stages)?, json),
        Command::Gather(args) => give(&lesion::gather(&args.dirs, &args.out, stages)?, json),
        Command::Completions { shell } => give(&CompletionsAnswer::generate(*shell), json),
        Command::Devices { backend } => {
            use_threads(None)?;
            give(&DevicesAnswer::list(*backend), json)
        }
    }
}

fn list_words(args: &WordsArgs, stages: &mut Stages<'_>) -> Result<WordsAnswer> {
    use_threads(None)?;
    let model = open_model(&args.model.study()?, 0, stages)?;
    let pattern = args.like.as_deref().map(WordPattern::new);
    let list = lesion::list_words(&model, pattern.as_ref());
    Ok(WordsAnswer { list, like: args.like.clone() })
}

/// Reads the file of one study; options override its settings.
fn read_study(file: &Path, args: &RunArgs) -> Result<Study> {
    let study = Study::parse(&file.display().to_string(), TextInput::read(file)?.text())?;
    override_study(study, file, args)
}

/// Reads a study file: one study, or a sweep.
fn read_study_file(file: &Path) -> Result<StudyFile> {
    let name = file.display().to_string();
    Ok(StudyFile::parse(&name, TextInput::read(file)?.text())?)
}

/// The study of a file, whose settings options override.
fn override_study(study: Study, file: &Path, args: &RunArgs) -> Result<Study> {
    let folder = file.parent().unwrap_or(Path::new(""));
    Ok(args.settings.override_study(study, folder)?)
}

/// Checks that no task of a sweep is asked for.
fn check_no_task(args: &RunArgs, name: &str) -> Result<()> {
    if args.task.is_some() {
        bail!("--task: {name} has no `[sweep]`, so it has no tasks");
    }
    Ok(())
}

/// True if a folder has the results of a sweep rather than of a study.
fn is_sweep(dir: &Path) -> bool {
    dir.join(SWEEP).is_file() && !dir.join(MANIFEST).is_file()
}

/// Runs a study. The results go into the folder of `--out`; by default into `target/NAME`, with the
/// `name` of the study, or the first `target/NAME-2` and so on that has no other study.
fn run_study(
    study: Study,
    name: &OsStr,
    registration: Option<(Registration, String)>,
    args: &RunArgs,
    stages: &mut Stages<'_>,
) -> Result<RunAnswer> {
    let (texts, model) = open_inputs(&study, &args.execution, stages)?;
    let options = RunOptions { code: hash_program()?, registration, ..args.options() };
    let prepared = PreparedStudy::new(&model, study, texts, options, stages)?;
    if let Some(dir) = &args.out {
        let summary = lesion::run(&prepared, &mut lesion::create_folder(dir)?, stages)?;
        return Ok(RunAnswer { summary, dir: dir.clone() });
    }
    let mut number = 1;
    loop {
        let dir = numbered_folder(name, number);
        match lesion::run(&prepared, &mut lesion::create_folder(&dir)?, stages) {
            Err(LesionError::AnotherStudy(_)) => number += 1,
            result => return Ok(RunAnswer { summary: result?, dir }),
        }
    }
}

/// Refuses `--shard` in a command that is about a whole study.
fn refuse_shares(command: &str, args: &RunArgs) -> Result<()> {
    if args.shard.is_some() {
        bail!("`lesion {command}` is about the whole study; leave --shard to `lesion run`");
    }
    Ok(())
}

/// Computes a share of a study into the folder of `--out`.
fn run_share(study: Study, args: &RunArgs, stages: &mut Stages<'_>) -> Result<ShareAnswer> {
    let (Some(shard), Some(dir)) = (args.shard, &args.out) else {
        bail!("a share needs --shard and --out");
    };
    run_share_in(study, shard, dir, args, stages)
}

/// The file of a study's registration: `my.registration.json` beside `my.toml`.
fn registration_file(study: &Path) -> PathBuf {
    study.with_extension("registration.json")
}

fn register_study(
    study: Study,
    file: &Path,
    args: &RunArgs,
    stages: &mut Stages<'_>,
) -> Result<RegisterAnswer> {
    let (texts, model) = open_inputs(&study, &args.execution, stages)?;
    let options = RunOptions { code: hash_program()?, ..args.options() };
    let prepared = PreparedStudy::new(&model, study, texts, options, stages)?;
    let registration = prepared.registration();
    let path = registration_file(file);
    let sha256 = lesion::write_registration(&path, &registration)?;
    Ok(RegisterAnswer { path, sha256, registration })
}

fn check_study(study: Study, args: &RunArgs, stages: &mut Stages<'_>) -> Result<CheckAnswer> {
    let source = ModelSource::named(study.model.as_ref(), Path::new(""))?;
    let missing = source.missing(stages);
    if !matches!(missing, Ok(None)) {
        StudyTexts::read(&study)?;
    }
    if let Some((repo, bytes)) = missing? {
        return Ok(CheckAnswer::Absent(Download { model: repo.to_string(), bytes }));
    }
    let (texts, model) = open_inputs(&study, &args.execution, stages)?;
    let prepared = PreparedStudy::new(&model, study, texts, args.options(), stages)?;
    Ok(CheckAnswer::Ready(Box::new(lesion::check(&prepared, stages)?)))
}

fn open_named_model(args: &ModelArgs, stages: &mut Stages<'_>) -> Result<LoadedModel> {
    use_threads(args.execution.threads)?;
    open_model(&args.settings.study()?, args.execution.device, stages)
}

/// Whether the reader of the output, such as `head`, has closed it.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
