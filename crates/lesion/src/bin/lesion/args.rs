//! Command-line arguments.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{
    Arg, ArgGroup, Args as ClapArgs, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
};
use clap_complete::Shell;
use lesion::{
    LayerNeurons, LesionRequest, PairsFormat, RunOptions, SentenceColumns, SentenceQuestion,
    StarterWords,
};
use study_record::{Backend, Count, FigureFormat, LesionSettings, SettingValue};

use crate::{
    predict_request::PredictQuestion,
    progress_bars::ProgressForm,
    setting_args::{
        AllSettings, LESIONING, LesionManner, ModelName, ModelSettings, ScoreSetting, SettingArgs,
    },
    shard_option::ShardOption,
    task_option::TaskOption,
    time_limit::TimeLimit,
};

/// Finds the MLP neurons of a language model that respond differently to two words (him/her), lesions
/// them while the model predicts a word, and reports the effect.
#[derive(Parser, Debug)]
#[command(version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Answer with one JSON object on stdout, for scripts.
    #[arg(long, global = true, display_order = LAST)]
    pub(crate) json: bool,

    /// Form of progress, notes and errors on stderr: `text`, or `json` for one JSON object a line.
    #[arg(long, global = true, value_name = "FORM", default_value = "text", display_order = LAST,
          hide_possible_values = true)]
    pub(crate) progress: ProgressForm,

    /// Time after which the command stops as if a signal had come: `90s`, `15m`, `2h` or `1:30:00`.
    #[arg(long, global = true, value_name = "DURATION", display_order = LAST,
          value_parser = TimeLimit::parse)]
    pub(crate) time_limit: Option<TimeLimit>,
}

/// The place of an option in the help that follows all others, but not `--help`.
const LAST: usize = 998;

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run the paper's study on the bundled model, with its controls.
    Reproduce(RunArgs),
    /// Write the files of a study to start from: pairs, prompts and every setting, ready to run.
    New {
        /// Folder of the files; it is created if it does not exist. Existing files are never replaced.
        dir: PathBuf,
        #[arg(long, value_name = "A,B", default_value_t = StarterWords::default(),
              help = format!("The two words of the contrast: one of {}", StarterWords::values()))]
        words: StarterWords,
    },
    /// Write the files of a study from a list of minimal pairs of sentences: half of them become the pairs
    /// that select neurons, the others the prompts that evaluate them.
    Import(ImportArgs),
    /// Run a study file, or all studies of a sweep.
    Run {
        /// Study file. Options override its settings.
        study: PathBuf,
        #[command(flatten)]
        args: RunArgs,
    },
    /// Read everything that a study needs, list its steps and estimate how long it takes, without
    /// running it.
    Check {
        /// Study file. Options override its settings.
        study: PathBuf,
        #[command(flatten)]
        args: RunArgs,
    },
    /// Register a study before it runs: its settings, the hashes of its inputs and of the program.
    /// `lesion run` then says whether it ran as registered.
    Register {
        /// Study file. Options override its settings.
        study: PathBuf,
        #[command(flatten)]
        args: RunArgs,
    },
    /// Predict the words of one sentence in the place of `[MASK]`, without and with a lesion:
    /// `lesion predict "Robert helped Lucy with [MASK] project." --lesion 4:her`
    Predict(PredictArgs),
    /// Measure how often a model chooses the right word: in prompts of yours, or in held-out prompts of
    /// the grammar that the bundled model was trained on.
    Evaluate(EvaluateArgs),
    /// List the words that a model knows, one a line: those that are one token, so that they can be
    /// words of a contrast and candidates of a prompt.
    Words(WordsArgs),
    /// List the devices of each backend that is built in.
    Devices {
        /// List the devices of this backend only.
        #[arg(long, value_parser = Backend::parse)]
        backend: Option<Backend>,
    },
    /// Print a script that lets a shell complete the commands and options of `lesion`.
    Completions {
        /// Shell.
        shell: Shell,
    },
    /// Make report.html and its figures again, from a finished study's tables alone.
    Report {
        /// Folder of the finished study or sweep.
        dir: PathBuf,
        /// Write the figures in these formats too: `pdf`, `png`, or both with a comma. They are always
        /// written as `svg`.
        #[arg(long, value_name = "FORMATS", value_delimiter = ',', value_parser = FigureFormat::parse)]
        figures: Vec<FigureFormat>,
    },
    /// Write the methods, results, tables and references of a finished study for a paper, from its
    /// tables alone.
    Paper {
        /// Folder of the finished study.
        dir: PathBuf,
    },
    /// Gather finished studies of one question: their effects over all models, in one page. Two studies
    /// that ask different questions are put side by side.
    #[command(visible_alias = "compare")]
    Gather(GatherArgs),
}

/// The script that lets a shell complete command lines.
pub(crate) fn completion_script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "lesion", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Parses the command line.
pub(crate) fn parse() -> Result<Args, clap::Error> {
    // The error for `--layer -1` is then about -1, not about an unknown option `-1`.
    let parser =
        Args::command().mut_subcommands(|command| command.mut_args(allow_negative_numbers));
    let matches = parser.try_get_matches()?;
    Args::from_arg_matches(&matches)
}

fn allow_negative_numbers(arg: Arg) -> Arg {
    let takes_values = arg.get_action().takes_values();
    arg.allow_negative_numbers(takes_values)
}

/// The settings of a study, and the options of a run.
#[derive(ClapArgs, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option by itself")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) settings: SettingArgs<AllSettings>,

    #[command(flatten)]
    pub(crate) execution: ExecutionArgs,

    /// Memory that forward passes may use besides the weights, in MiB. Less memory means smaller
    /// batches; results differ by rounding only.
    #[arg(long, value_name = "MIB", default_value_t = default_memory(),
          value_parser = Mebibytes::parse)]
    pub(crate) memory: Mebibytes,

    /// Compute all tokens of all layers in every pass, without shortcuts. This is slow, and the
    /// results differ by rounding only.
    #[arg(long)]
    pub(crate) plain: bool,

    /// Also write the tested activations, as activations.safetensors.
    #[arg(long)]
    pub(crate) save_activations: bool,

    /// Folder for the results [default: target/NAME, with the name of the study, or target/NAME-2 and
    /// so on if that has another study].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Compute one share of the study's batches only, such as `3/8`, into a journal in the folder. Run the
    /// study without it to write the results. In a job array, `auto` or `auto/8` finds the share.
    #[arg(long, value_name = "I/N", requires = "out", value_parser = ShardOption::parse)]
    pub(crate) shard: Option<ShardOption>,

    /// Run one task of a sweep only, into its folder; in a job array, `auto` finds the task. Run the sweep
    /// without it to write its table and page.
    #[arg(long, value_name = "I", requires = "out", value_parser = TaskOption::parse)]
    pub(crate) task: Option<TaskOption>,

    /// Treat warnings about the study and its texts as errors.
    #[arg(long)]
    pub(crate) strict: bool,

    /// Replace the results, or the interrupted run, of another study in the folder.
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

/// The most memory for forward passes, in MiB.
const MOST_MEMORY: u32 = 100_000_000;

/// An amount of memory in MiB.
pub(crate) type Mebibytes = Count<1, MOST_MEMORY>;

fn default_memory() -> Mebibytes {
    let text = (RunOptions::default().memory >> 20).to_string();
    Mebibytes::parse(&text).expect("the default is a valid amount")
}

/// A number of threads.
pub(crate) type Threads = Count<1, MOST_THREADS>;
/// The most threads.
pub(crate) const MOST_THREADS: u32 = 512;

/// The machine that computes.
#[derive(ClapArgs, Debug)]
pub(crate) struct ExecutionArgs {
    /// Number of the device in the list of `lesion devices`.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = usize::parse)]
    pub(crate) device: usize,

    /// Number of threads [default: all cores]. It changes the time, not the results.
    #[arg(long, value_name = "N", value_parser = Threads::parse)]
    pub(crate) threads: Option<Threads>,
}

/// A model and its compute backend.
#[derive(ClapArgs, Debug)]
pub(crate) struct ModelArgs {
    #[command(flatten)]
    pub(crate) settings: SettingArgs<ModelSettings>,

    #[command(flatten)]
    pub(crate) execution: ExecutionArgs,
}

/// The group of the options that may name neurons by a label.
const LABELLING: &str = "labelling";

/// A sentence and its lesion.
#[derive(ClapArgs, Debug)]
#[command(
    group = ArgGroup::new(LESIONING).args(["lesion", "each", "stdin"]).multiple(true),
    group = ArgGroup::new(LABELLING).args(["lesion", "each", "show", "stdin"]).multiple(true)
)]
pub(crate) struct PredictArgs {
    /// A sentence, with `[MASK]` for each word to predict.
    #[arg(required_unless_present = "stdin")]
    sentence: Option<String>,

    #[command(flatten)]
    pub(crate) model: ModelArgs,

    /// Number of words to show.
    #[arg(long, value_name = "N", default_value = "10", value_parser = Count::<1, 1000>::parse)]
    top: Count<1, 1000>,

    /// Words to show instead: `him,her,his`.
    #[arg(long, value_name = "WORDS", value_delimiter = ',', conflicts_with = "top")]
    candidates: Vec<String>,

    /// Neurons to lesion: `4:12,19`, `0-5:0-99`, `4:all`, or `all:her` for all neurons of all layers
    /// that carry the label. Layers and neurons count from 0. Can be given more than once.
    #[arg(long, value_name = "LAYERS:NEURONS")]
    lesion: Vec<LayerNeurons>,

    /// A `neuron_sets.json` in which labels are looked up [default: the neurons that `lesion
    /// reproduce` selects].
    #[arg(long, value_name = "FILE", requires = LABELLING)]
    neurons: Option<PathBuf>,

    /// Set neurons to their activations where the first word of this sentence is predicted.
    #[arg(long, value_name = "SENTENCE", requires = LESIONING, conflicts_with = "kind")]
    patch: Option<String>,

    /// Neurons to lesion each by itself: `4:all`, `4:her`, `0-5:12`. Can be given more than once.
    #[arg(long, value_name = "LAYER:NEURONS")]
    each: Vec<LayerNeurons>,

    /// Neurons to show at every token, with the words that they write: `4:84`, or `4:top20` for the
    /// most active ones. Can be given more than once.
    #[arg(long, value_name = "LAYER:NEURONS")]
    show: Vec<LayerNeurons>,

    /// Read questions from stdin, a JSON object per line, and answer each with one. What a line leaves
    /// out is as given by the options.
    #[arg(long, conflicts_with = "sentence")]
    pub(crate) stdin: bool,

    #[command(flatten)]
    manner: SettingArgs<LesionManner>,
}

impl PredictArgs {
    /// The question that the arguments ask. With `--stdin` its sentence is empty.
    pub(crate) fn question(&self) -> Result<PredictQuestion> {
        let LesionSettings { kind, site, at, shared, .. } = self.manner.study()?.lesion;
        let manner = LesionRequest {
            neurons: Vec::new(),
            sets: self.neurons.clone(),
            kind,
            site,
            at,
            shared,
            patch: self.patch.clone(),
        };
        let request = LesionRequest { neurons: self.lesion.clone(), ..manner.clone() };
        let question = SentenceQuestion {
            sentence: self.sentence.clone().unwrap_or_default(),
            candidates: self.candidates.iter().map(|word| word.trim().to_owned()).collect(),
            top: self.top.get(),
            lesion: (!self.lesion.is_empty()).then_some(request),
        };
        let (show, each) = (self.show.clone(), self.each.clone());
        Ok(PredictQuestion { question, manner, show, each })
    }
}

/// A model to evaluate, and the prompts: those of a file, or random ones of the grammar.
#[derive(ClapArgs, Debug)]
pub(crate) struct EvaluateArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,

    /// Prompts file, with the right word of each brace first: `We thanked {her|him}.` Each label is
    /// evaluated by itself [default: held-out prompts of the grammar].
    #[arg(long, value_name = "FILE")]
    pub(crate) prompts: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) score: SettingArgs<ScoreSetting>,

    /// Number of prompts of each kind of the grammar.
    #[arg(long, value_name = "N", default_value = "1000", conflicts_with = "prompts",
          value_parser = Count::<1, 100_000>::parse)]
    pub(crate) count: Count<1, 100_000>,

    /// Random seed of the grammar's prompts, or of the intervals over templates of the file.
    #[arg(long, default_value_t = 0, value_parser = u64::parse)]
    pub(crate) seed: u64,
}

/// A model, and which of its words to list.
#[derive(ClapArgs, Debug)]
pub(crate) struct WordsArgs {
    #[command(flatten)]
    pub(crate) model: SettingArgs<ModelName>,

    /// List only the words that fit a pattern: `*` stands for any letters, also none, and `?` for
    /// one. Quote it, because shells read these characters too: `--like '*ing'`.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) like: Option<String>,
}

/// The form of a list of minimal pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportForm {
    /// A file of BLiMP: a JSON object on each line.
    Blimp,
    /// A table with a column for each sentence: CSV or TSV.
    Pairs,
}

/// A list of minimal pairs.
#[derive(ClapArgs, Debug)]
pub(crate) struct ImportArgs {
    /// Form of the list.
    pub(crate) form: ImportForm,

    /// File of the list.
    pub(crate) file: PathBuf,

    /// Column of the acceptable sentences of a table; by default `sentence_good`.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) good: Option<String>,

    /// Column of the unacceptable sentences of a table; by default `sentence_bad`.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) bad: Option<String>,

    #[command(flatten)]
    pub(crate) model: SettingArgs<ModelName>,

    #[command(flatten)]
    pub(crate) score: SettingArgs<ScoreSetting>,

    /// Random seed of the halves.
    #[arg(long, default_value_t = 0, value_parser = u64::parse)]
    pub(crate) seed: u64,

    /// Folder for the files [default: the name of the file without its ending].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Replace the files of an earlier import.
    #[arg(long)]
    pub(crate) force: bool,
}

impl ImportArgs {
    /// The form of the list, with the columns of a table.
    pub(crate) fn format(&self) -> Result<PairsFormat> {
        let given = self.good.as_ref().map(|_| "--good").or(self.bad.as_ref().map(|_| "--bad"));
        match (self.form, given) {
            (ImportForm::Blimp, Some(option)) => {
                bail!(
                    "{option}: a file of BLiMP has no columns; `lesion import pairs` reads tables"
                )
            }
            (ImportForm::Blimp, None) => Ok(PairsFormat::Blimp),
            (ImportForm::Pairs, _) => {
                let SentenceColumns { good, bad } = SentenceColumns::default();
                Ok(PairsFormat::Table(SentenceColumns {
                    good: self.good.clone().unwrap_or(good),
                    bad: self.bad.clone().unwrap_or(bad),
                }))
            }
        }
    }

    /// The folder for the files.
    pub(crate) fn folder(&self) -> Result<PathBuf> {
        if let Some(dir) = &self.out {
            return Ok(dir.clone());
        }
        let Some(stem) = self.file.file_stem() else { bail!("specify a folder with --out") };
        Ok(PathBuf::from(stem))
    }
}

/// Finished studies.
#[derive(ClapArgs, Debug)]
pub(crate) struct GatherArgs {
    /// Folders of finished studies, or of sweeps.
    #[arg(required = true, value_name = "DIR")]
    pub(crate) dirs: Vec<PathBuf>,

    /// Folder for the page and the tables. If it ends with `.html`, only the page is written there.
    #[arg(long, value_name = "DIR", default_value = "target/gather")]
    pub(crate) out: PathBuf,
}
