//! Everything that a user, a machine or a file can get wrong.

use std::{io, path::PathBuf};

use bert_model::BertModelError;
use hub::HubError;
use lesion_eval::StudyError;
use study_record::{Backend, SettingError, TableError};
use study_report::ReportError;

/// Why a question has no answer. Each prints as one line, its source behind it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LesionError {
    /// A setting that cannot be.
    #[error(transparent)]
    Setting(#[from] SettingError),

    /// Stimuli, prompts, neuron sets or a lesion that cannot be.
    #[error(transparent)]
    Study(#[from] StudyError),

    /// The same, of a file or an option.
    #[error("{name}")]
    StudyInput {
        /// The file or the option.
        name: String,
        /// What is wrong with it.
        source: StudyError,
    },

    /// A checkpoint that cannot be computed.
    #[error("model {model}")]
    Model {
        /// The folder, or the name on the hub.
        model: String,
        /// What is wrong with it.
        source: BertModelError,
    },

    /// A model that is not a folder here, and cannot be had from the hub.
    #[error("model {model}, which is not a folder here")]
    Hub {
        /// The name on the hub.
        model: String,
        /// What the hub said.
        source: HubError,
    },

    /// A file that cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// A file or folder that cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// A text file in another encoding.
    #[error("{name} is not UTF-8 text; save it as UTF-8")]
    NotUtf8 {
        /// The file.
        name: String,
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
        /// What the parser said.
        problem: String,
    },

    /// A layer of a setting that the model does not have.
    #[error("{setting}")]
    Layer {
        /// The setting, and the option that overrides it.
        setting: &'static str,
        /// The layer, and those that there are.
        source: BertModelError,
    },

    /// A list of layers without a layer.
    #[error("{setting}: an empty list of layers")]
    NoLayer {
        /// The setting, and the option that overrides it.
        setting: &'static str,
    },

    /// Bundled prompts whose words are not those of the stimuli.
    #[error(
        "no bundled prompt has a label of these stimuli, \"{a}\" or \"{b}\", so nothing would be \
         lesioned; specify your own, `prompts` in the study or --prompts"
    )]
    NoLabelledPrompt {
        /// The label of side a.
        a: String,
        /// The label of side b.
        b: String,
    },

    /// A part that was asked for and cannot run.
    #[error("part `{part}`: {reason}")]
    Part {
        /// The part.
        part: study_record::Part,
        /// Why it cannot run.
        reason: String,
    },

    /// A folder that another run writes into.
    #[error("another run is writing into {}; specify another --out", .0.display())]
    AnotherRun(PathBuf),

    /// A backend that was not built in.
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
        /// What has to be there for a device.
        needs: &'static str,
    },

    /// A device that a backend does not have.
    #[error("backend {backend}: no device {device}; `lesion devices` lists {count}")]
    NoSuchDevice {
        /// The backend.
        backend: Backend,
        /// The device asked for.
        device: usize,
        /// How many there are.
        count: usize,
    },

    /// A table that cannot be written.
    #[error(transparent)]
    Table(#[from] TableError),

    /// A value that JSON cannot hold.
    #[error("{file}")]
    Json {
        /// The file.
        file: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },

    /// Activations that cannot be written.
    #[error("activations.safetensors")]
    Activations(#[from] safetensors::SafeTensorError),

    /// A finished study that cannot be read or shown.
    #[error(transparent)]
    Report(#[from] ReportError),

    /// A path that names no file.
    #[error("--out {}: not the name of a file", .0.display())]
    NoFileName(PathBuf),

    /// Held-out sentences that the grammar cannot make.
    #[error(transparent)]
    Grammar(#[from] grammar::NotationError),
}

impl LesionError {
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
        matches!(self, Self::Study(StudyError::Cancelled))
    }
}
