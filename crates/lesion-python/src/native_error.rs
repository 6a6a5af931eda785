//! Errors as Python exceptions.

use std::error::Error;

use lesion::LesionError;
use pyo3::prelude::*;
use study_record::SettingError;

/// The module of Python that defines the exceptions.
const EXCEPTIONS: &str = "lesion._errors";

/// An error of the native half.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NativeError {
    /// An error of the library.
    #[error(transparent)]
    Lesion(Box<LesionError>),

    /// A keyword argument that is not a setting.
    #[error("no setting is called `{key}`{}", suggestion_note(suggestion.as_deref()))]
    NoSuchSetting {
        /// The keyword.
        key: String,
        /// The setting with the most similar name.
        suggestion: Option<String>,
    },

    /// A setting with an invalid value.
    #[error("`{key}`: {problem}")]
    SettingValue {
        /// The setting.
        key: String,
        /// The problem.
        problem: String,
    },

    /// An argument with an invalid value.
    #[error("`{argument}`: {problem}")]
    Argument {
        /// The argument.
        argument: &'static str,
        /// The problem.
        problem: String,
    },

    /// An error of one of many sentences.
    #[error("sentence {sentence} (counted from 0)")]
    Sentence {
        /// The sentence.
        sentence: usize,
        /// The problem.
        source: Box<LesionError>,
    },

    /// A table that a study does not have.
    #[error("this study has no table `{name}`; it has {}", known.join(", "))]
    NoSuchTable {
        /// The table.
        name: String,
        /// The tables of the study.
        known: Vec<String>,
    },

    /// A column that a table does not have.
    #[error("there is no column `{name}`; there are {}", known.join(", "))]
    NoSuchColumn {
        /// The column.
        name: String,
        /// The columns.
        known: Vec<String>,
    },

    /// A figure that a study does not have.
    #[error("this study has no figure `{name}`; it has {}", known.join(", "))]
    NoSuchFigure {
        /// The figure.
        name: String,
        /// The figures of the study.
        known: Vec<String>,
    },

    /// Neurons of a label or layer that a study does not have.
    #[error("this study has no neuron set of {label:?} in layer {layer}")]
    NoSuchSet {
        /// The label.
        label: String,
        /// The layer.
        layer: usize,
    },

    /// A file of a finished study that cannot be read.
    #[error("cannot read {file}: {problem}")]
    File {
        /// The file.
        file: String,
        /// The problem.
        problem: String,
    },

    /// Tables that do not have the same columns.
    #[error("the tables do not have the same columns, so they cannot be gathered")]
    OtherColumns,

    /// A process that was forked from one whose threads it does not have.
    #[error(
        "this process was forked from one that had used lesion, and does not have its threads; use \
         multiprocessing's start method \"spawn\""
    )]
    Forked,

    /// A panic.
    #[error(
        "lesion {version} failed: {0}. This is a bug; please report it with this message",
        version = env!("CARGO_PKG_VERSION")
    )]
    Panic(String),

    /// An exception of Python, such as that of a signal.
    #[error("an exception of Python")]
    Python(PyErr),
}

fn suggestion_note(suggestion: Option<&str>) -> String {
    match suggestion {
        Some(name) => format!("; did you mean `{name}`?"),
        None => "; `lesion.settings()` lists them".to_owned(),
    }
}

impl NativeError {
    /// The name of the class of exceptions.
    fn class(&self) -> &'static str {
        match self {
            Self::Lesion(error) => class_of(error),
            Self::Sentence { source, .. } => class_of(source),
            Self::NoSuchSetting { .. } | Self::SettingValue { .. } | Self::Argument { .. } => {
                "SettingError"
            }
            Self::NoSuchTable { .. }
            | Self::NoSuchColumn { .. }
            | Self::NoSuchFigure { .. }
            | Self::NoSuchSet { .. } => "NoSuchResultError",
            Self::File { .. } | Self::OtherColumns | Self::Forked => "UserError",
            Self::Panic(_) | Self::Python(_) => "InternalError",
        }
    }

    /// The error and its sources, in one line.
    fn line(&self) -> String {
        let mut line = self.to_string();
        let mut source = self.source();
        while let Some(error) = source {
            line = format!("{line}: {error}");
            source = error.source();
        }
        line
    }
}

/// The class of an error of the library.
fn class_of(error: &LesionError) -> &'static str {
    match error {
        _ if error.is_cancelled() => "Stopped",
        LesionError::Setting(_) | LesionError::Layer { .. } | LesionError::Part { .. } => {
            "SettingError"
        }
        LesionError::ModelName(_)
        | LesionError::Model { .. }
        | LesionError::Hub { .. }
        | LesionError::NoBackend { .. }
        | LesionError::NoDevice { .. }
        | LesionError::NoSuchDevice { .. } => "ModelError",
        LesionError::Study(_)
        | LesionError::StudyInput { .. }
        | LesionError::NotUtf8 { .. }
        | LesionError::Utf16 { .. }
        | LesionError::NeuronSetFile { .. }
        | LesionError::NoLabelledPrompt { .. }
        | LesionError::Question { .. } => "TextError",
        _ => "UserError",
    }
}

impl From<LesionError> for NativeError {
    fn from(error: LesionError) -> Self {
        Self::Lesion(Box::new(error))
    }
}

impl From<SettingError> for NativeError {
    fn from(error: SettingError) -> Self {
        LesionError::from(error).into()
    }
}

impl From<PyErr> for NativeError {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<NativeError> for PyErr {
    fn from(error: NativeError) -> Self {
        if let NativeError::Python(exception) = error {
            return exception;
        }
        Python::attach(|py| {
            let class = py.import(EXCEPTIONS).and_then(|module| module.getattr(error.class()));
            match class.and_then(|class| class.call1((error.line(),))) {
                Ok(exception) => Self::from_value(exception),
                Err(failure) => failure,
            }
        })
    }
}
