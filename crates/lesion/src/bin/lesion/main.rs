//! The command line: it parses arguments, calls the library and prints. `lesion --help` lists the
//! commands.

mod answers;
mod args;
mod exit;
mod next_step;
mod predict_answer;
mod predict_request;
mod predict_stream;
mod progress_bars;
mod progress_events;
mod screen;
mod sentence_screen;
mod setting_args;
mod shard_option;
mod signals;
mod terminal;
mod time_limit;
mod usage;

use std::{
    ffi::OsStr,
    io,
    num::NonZero,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use lesion::{
    CancelToken, LesionError, LoadedModel, ModelSource, PreparedStudy, RunOptions, Session, Stages,
    StudyTexts, TextInput, WordPattern, device,
};
use study_record::{Registration, Study};
use study_report::hash;

use answers::{
    CheckAnswer, CompletionsAnswer, DevicesAnswer, NewAnswer, PageAnswer, RegisterAnswer,
    RunAnswer, ShareAnswer, WordsAnswer, give,
};
use args::{
    Args, Command, EvaluateArgs, ExecutionArgs, MOST_THREADS, ModelArgs, RunArgs, Threads,
    WordsArgs,
};
use exit::Exit;
use predict_answer::PredictAnswer;
use predict_stream::answer_lines;
use progress_bars::{ProgressBars, ProgressForm};
use progress_events::{ProgressEvent, tell_event};
use screen::Download;
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
            if args.shard.is_some() {
                return give(&run_share(study, args, stages)?, json);
            }
            give(&run_study(study, OsStr::new("reproduce"), None, args, stages)?, json)
        }
        Command::New { dir, words } => {
            let paths = lesion::write_starter(dir, *words)?;
            give(&NewAnswer { paths }, json)
        }
        Command::Run { study: file, args } => {
            let study = read_study(file, args)?;
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
            let study = read_study(file, args)?;
            give(&check_study(study, args, stages)?, json)
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
        Command::Evaluate(EvaluateArgs { model, prompts: Some(path), seed, .. }) => {
            let prompts = TextInput::read(path)?;
            let model = open_named_model(model, stages)?;
            give(&lesion::evaluate_prompts(&model, &prompts, *seed, stages)?, json)
        }
        Command::Evaluate(args) => {
            let model = open_named_model(&args.model, stages)?;
            give(&lesion::evaluate(&model, args.count.get(), args.seed, stages)?, json)
        }
        Command::Words(args) => give(&list_words(args, stages)?, json),
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

/// Reads a study file; options override its settings.
fn read_study(file: &Path, args: &RunArgs) -> Result<Study> {
    let study = Study::parse(&file.display().to_string(), TextInput::read(file)?.text())?;
    let folder = file.parent().unwrap_or(Path::new(""));
    args.settings.override_study(study, folder)
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
    let share = shard.share()?;
    let (texts, model) = open_inputs(&study, &args.execution, stages)?;
    let options = RunOptions { code: hash_program()?, ..args.options() };
    let prepared = PreparedStudy::new(&model, study, texts, options, stages)?;
    let folder = lesion::create_folder(dir)?;
    let summary = lesion::run_share(&prepared, share, &folder, stages)?;
    Ok(ShareAnswer { summary, dir: dir.clone() })
}

/// `target/NAME`, and from the second study of this name on `target/NAME-2`.
fn numbered_folder(name: &OsStr, number: usize) -> PathBuf {
    let mut folder = name.to_owned();
    if number > 1 {
        folder.push(format!("-{number}"));
    }
    Path::new("target").join(folder)
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
    Ok(CheckAnswer::Ready(lesion::check(&prepared, stages)?))
}

/// Reads the texts of a study and opens its model. Invalid lines are an error before a model is
/// downloaded, and if it cannot be opened; otherwise they are one when the study is prepared, together
/// with those that are invalid for this model.
fn open_inputs(
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

fn open_named_model(args: &ModelArgs, stages: &mut Stages<'_>) -> Result<LoadedModel> {
    use_threads(args.execution.threads)?;
    open_model(&args.settings.study()?, args.execution.device, stages)
}

/// Opens the model of a study, on the device of this number.
fn open_model(study: &Study, number: usize, stages: &mut Stages<'_>) -> Result<LoadedModel> {
    let source = ModelSource::named(study.model.as_ref(), Path::new(""))?;
    let device = device(study.backend, number)?;
    Ok(LoadedModel::open(&source, study.untrained, &device, stages)?)
}

/// Starts the thread pool that Burn and the statistics share.
fn use_threads(threads: Option<Threads>) -> Result<()> {
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
    fn options(&self) -> RunOptions {
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
fn hash_program() -> Result<String> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let hash = hash::of_file(&program);
    hash.with_context(|| format!("cannot read {}", program.display()))
}

/// Whether the reader of the output, such as `head`, has closed it.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
