//! Errors of the library.

use std::{io, path::PathBuf};

use bert_model::BertModelError;
use hub::HubError;
use lesion_eval::StudyError;
use study_record::{Backend, FigureFormat, LesionKind, SettingError, TableError, Warning};
use study_report::ReportError;

use crate::{importing::sentence_pair::UnusedLine, loading::model_name_error::ModelNameError};

/// An error of the library. With its sources it prints as one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LesionError {
    /// An invalid setting.
    #[error(transparent)]
    Setting(#[from] SettingError),

    /// Invalid stimuli, prompts, neuron sets or lesion, or a study that cannot run.
    #[error(transparent)]
    Study(#[from] StudyError),

    /// The same, with the file that is at fault.
    #[error("{name}")]
    StudyInput {
        /// The file.
        name: String,
        /// The problem.
        source: StudyError,
    },

    /// A question about a sentence that does not fit the model.
    #[error("{field}")]
    Question {
        /// The field of [`SentenceQuestion`](crate::SentenceQuestion) that is at fault.
        field: &'static str,
        /// The problem.
        source: StudyError,
    },

    /// A label that is looked up in stimuli which the model cannot read.
    #[error(
        "labels are those of the bundled stimuli, which this model cannot read; give neurons by number, or \
         a file of neuron sets"
    )]
    UnreadLabels {
        /// The invalid lines.
        source: StudyError,
    },

    /// A kind of lesion whose values come from stimuli which the model cannot read.
    #[error(
        "the kind `{kind}` takes its values from the bundled stimuli, which this model cannot read; a study \
         takes them from its own"
    )]
    UnreadValues {
        /// The kind.
        kind: LesionKind,
        /// The invalid lines.
        source: StudyError,
    },

    /// A patch without the sentence that it takes activations from.
    #[error("the kind `patch` needs a sentence to take activations from")]
    NoPatch,

    /// A question that needs neurons and names none.
    #[error("no neurons are given; name some, as in `4:12,19`, `4:her` or `4:all`")]
    NoNeurons,

    /// A selection without a study that would hold stimuli out.
    #[error("`held_out` needs a study, which tests the held-out stimuli too")]
    NoHeldOut,

    /// Neurons that are lesioned by themselves, of which there are none.
    #[error("no neuron of these layers has the label; name others, as in `4:12,19` or `4:all`")]
    NoneLabelled,

    /// A name that specifies no model, or a folder that is not one of a checkpoint.
    #[error("model")]
    ModelName(#[from] ModelNameError),

    /// A checkpoint that cannot be loaded or run.
    #[error("model {model:?}")]
    Model {
        /// The folder, or the name on the hub.
        model: String,
        /// The problem.
        source: BertModelError,
    },

    /// A model that is not a folder, and not available from the hub.
    #[error("model {model}{}", if *is_address { " of the hub" } else { NOT_A_FOLDER })]
    Hub {
        /// The name on the hub.
        model: String,
        /// Whether an address names the model, which cannot be meant as a folder.
        is_address: bool,
        /// The hub's error.
        source: HubError,
    },

    /// A download that was cancelled by its token. The next one resumes it.
    #[error("the download was cancelled")]
    DownloadStopped,

    /// A run that was cancelled by its token while batches ran. The same run resumes it.
    #[error("the run was cancelled after {finished} of {planned} batches")]
    Stopped {
        /// Batches that are finished.
        finished: usize,
        /// Batches that are finished or were planned so far.
        planned: usize,
    },

    /// A sweep that was cancelled by its token. The same run resumes it.
    #[error("the sweep was cancelled in task {task} of {tasks}")]
    SweepStopped {
        /// The task that ran, from 1.
        task: usize,
        /// Number of all tasks.
        tasks: usize,
        /// Batches of this task that are finished, and those that are finished or were planned so far;
        /// none before its first batch.
        batches: Option<(usize, usize)>,
    },

    /// An error of one task of a sweep.
    #[error("{task}")]
    Task {
        /// The number and the values of the task.
        task: String,
        /// The error.
        source: Box<LesionError>,
    },

    /// A list of the tasks of a sweep that is not one of this version.
    #[error("{} is not a list of tasks that this version reads: {source}", path.display())]
    SweepRecord {
        /// The file.
        path: PathBuf,
        /// The problem.
        source: serde_json::Error,
    },

    /// A file that cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },

    /// A file or folder that cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },

    /// A text file in another encoding.
    #[error(
        "{name}:{line}: the byte 0x{byte:02X} is not UTF-8 text (\"{}\" in Latin-1); save the file as \
         UTF-8", char::from(*byte)
    )]
    NotUtf8 {
        /// The file.
        name: String,
        /// The line, counted from 1.
        line: usize,
        /// The first byte that is not UTF-8.
        byte: u8,
    },

    /// A text file in UTF-16.
    #[error("{name} is UTF-16 text; save it as UTF-8")]
    Utf16 {
        /// The file.
        name: String,
    },

    /// Warnings, where they are errors.
    #[error("{first}{}", more_note(*count))]
    Warnings {
        /// The first warning.
        first: Box<Warning>,
        /// Number of all warnings.
        count: usize,
    },

    /// A file of neuron sets that is not JSON of the right form.
    #[error("{name}:{line}:{column}: {problem}")]
    NeuronSetFile {
        /// The file.
        name: String,
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// The parser's message.
        problem: String,
    },

    /// A setting with a layer that the model does not have.
    #[error("{setting}")]
    Layer {
        /// The setting's key.
        setting: &'static str,
        /// The layer, and the number of layers.
        source: BertModelError,
    },

    /// Prompts without a label of the stimuli.
    #[error(
        "{name}: no prompt has a label of these stimuli, \"{a}\" or \"{b}\", so nothing would be \
         lesioned; specify `prompts` with these words, or with a label and a tab before each"
    )]
    NoLabelledPrompt {
        /// The file of the prompts.
        name: String,
        /// The label of side a.
        a: String,
        /// The label of side b.
        b: String,
    },

    /// A part that the study includes and that cannot run.
    #[error("part `{part}`: {reason}")]
    Part {
        /// The part.
        part: study_record::Part,
        /// The reason.
        reason: String,
    },

    /// A folder that another run writes into.
    #[error("another run is writing into {}", .0.display())]
    AnotherRun(PathBuf),

    /// A folder with the results or the interrupted run of another study.
    #[error("{} has the results, or the interrupted run, of another study", .0.display())]
    AnotherStudy(PathBuf),

    /// A file or a link that this program did not make, in a place where it would write.
    #[error("{} was not made by this version of the program; move it away", path.display())]
    ForeignFile {
        /// The file.
        path: PathBuf,
    },

    /// Files that exist where new ones would be written.
    #[error("{} exist{} already; specify another folder", listed(paths), if paths.len() == 1 { "s" } else { "" })]
    FilesExist {
        /// The files.
        paths: Vec<PathBuf>,
    },

    /// A table without a column.
    #[error(
        "{name}: there is no column `{column}`; its columns are {}",
        found.iter().map(|found| format!("`{found}`")).collect::<Vec<_>>().join(", ")
    )]
    NoColumn {
        /// The file.
        name: String,
        /// The column.
        column: String,
        /// The columns of the first row.
        found: Vec<String>,
    },

    /// A table with two columns of a name.
    #[error("{name}: two columns are named `{column}`")]
    TwoColumns {
        /// The file.
        name: String,
        /// The name.
        column: String,
    },

    /// A list of minimal pairs of which too few can be used.
    #[error(
        "{name}: {found} {} can be used, and at least {fewest} are needed{}",
        if *found == 1 { "pair" } else { "pairs" }, unused_note(*unused, first.as_deref())
    )]
    FewPairs {
        /// The file.
        name: String,
        /// Number of pairs that can be used.
        found: usize,
        /// The fewest pairs.
        fewest: usize,
        /// Number of lines that cannot be used.
        unused: usize,
        /// The first of them.
        first: Option<Box<UnusedLine>>,
    },

    /// A backend that is not in this build.
    #[error(
        "this build has no backend `{backend}`; in a clone, `cargo xtask` with `--backend \
         {backend}` builds it in"
    )]
    NoBackend {
        /// The backend.
        backend: Backend,
    },

    /// A backend without any device.
    #[error("backend {backend}: no device available; it needs {needs}")]
    NoDevice {
        /// The backend.
        backend: Backend,
        /// The driver or hardware that a device needs.
        needs: &'static str,
    },

    /// A device that a backend does not have.
    #[error("backend {backend}: no device {device}; {count} available")]
    NoSuchDevice {
        /// The backend.
        backend: Backend,
        /// The number of the device.
        device: usize,
        /// Number of devices.
        count: usize,
    },

    /// A table that cannot be written.
    #[error(transparent)]
    Table(#[from] TableError),

    /// A table that no part declares, or that was computed twice.
    #[error("{file} is not declared as a table of this study, or was computed twice")]
    UndeclaredTable {
        /// The file.
        file: &'static str,
    },

    /// A value that JSON cannot represent.
    #[error("{file}")]
    Json {
        /// The file.
        file: &'static str,
        /// The problem.
        source: serde_json::Error,
    },

    /// A file that is not a registration of this version.
    #[error("{} is not a registration that this version reads: {source}", path.display())]
    Registration {
        /// The file.
        path: PathBuf,
        /// The problem.
        source: serde_json::Error,
    },

    /// A study that is registered already.
    #[error(
        "the study is registered in {}; remove this file to register it again",
        path.display()
    )]
    Registered {
        /// The file of the registration.
        path: PathBuf,
    },

    /// Activations that cannot be written.
    #[error("activations.safetensors")]
    Activations(#[from] safetensors::SafeTensorError),

    /// A finished study that cannot be read or shown.
    #[error(transparent)]
    Report(#[from] ReportError),

    /// Fewer studies than can be gathered.
    #[error("specify at least two finished studies, or the folder of a sweep")]
    TooFewStudies,

    /// A list of the tasks of a sweep that is not one of this version.
    #[error("{}: {source}", path.display())]
    Sweep {
        /// The file.
        path: PathBuf,
        /// The problem.
        source: serde_json::Error,
    },

    /// A format of figures that is not in this build.
    #[error(
        "this build writes figures as SVG only; in a clone, `cargo xtask` with `--figures {format}` \
         builds the others in, and so does `cargo install` with `--features figures`"
    )]
    NoFigureFormat {
        /// The format.
        format: FigureFormat,
    },

    /// A figure that cannot be written in a format.
    #[cfg(feature = "figures")]
    #[error("figures as {format}")]
    Figure {
        /// The format.
        format: FigureFormat,
        /// The problem.
        source: figure_export::ExportError,
    },

    /// A path without a file name.
    #[error("{}: not the name of a file", .0.display())]
    NoFileName(PathBuf),

    /// An error in the grammar of the held-out sentences.
    #[error(transparent)]
    Grammar(#[from] grammar::NotationError),
}

const NOT_A_FOLDER: &str = ", which is not a folder on this machine";
/// Paths in a sentence: `a, b and c`.
fn listed(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// The number of warnings after the first.
fn more_note(count: usize) -> String {
    match count {
        0 | 1 => String::new(),
        2 => "; there is one more warning".to_owned(),
        _ => format!("; there are {} more warnings", count - 1),
    }
}

impl LesionError {
    /// The error of a task of a sweep, unless it was cancelled.
    pub(crate) fn in_task(self, task: &str) -> Self {
        if self.is_cancelled() {
            return self;
        }
        Self::Task { task: task.to_owned(), source: Box::new(self) }
    }

    /// The error itself, or that of the task in which it happened.
    #[must_use]
    pub fn innermost(&self) -> &Self {
        match self {
            Self::Task { source, .. } => source.innermost(),
            error => error,
        }
    }

    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }

    pub(crate) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Write { path, source }
    }

    /// Whether the run was cancelled by its token, rather than failed.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(
            self,
            Self::Study(StudyError::Cancelled)
                | Self::DownloadStopped
                | Self::Stopped { .. }
                | Self::SweepStopped { .. }
        )
    }
}

/// The first line that cannot be used, and the number of the others.
fn unused_note(unused: usize, first: Option<&UnusedLine>) -> String {
    let Some(first) = first else { return String::new() };
    let others = match unused - 1 {
        0 => String::new(),
        1 => " (and one more line)".to_owned(),
        more => format!(" (and {more} more lines)"),
    };
    format!("; line {}: {}{others}", first.line, first.shown_reason())
}
