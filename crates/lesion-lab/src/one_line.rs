//! Errors for the page: the program's line, and invalid lines of texts by themselves.

use std::error::Error;

use lesion::LesionError;
use lesion_eval::{InvalidLines, StudyError};
use serde::Serialize;

/// The name of the pairs in errors.
pub(crate) const PAIRS: &str = "pairs";
/// The name of the prompts in errors.
pub(crate) const PROMPTS: &str = "prompts";

/// An error, as the page shows it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Problem {
    /// The line that the program prints after `error:`.
    message: String,
    cancelled: bool,
    /// The invalid lines of the texts, if these are the error.
    pub(crate) lines: Vec<LineNote>,
}

/// An invalid line of a text.
#[derive(Debug, Serialize)]
pub(crate) struct LineNote {
    text: &'static str,
    line: usize,
    message: String,
}

impl Problem {
    /// An error with this message.
    pub(crate) fn line(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }
}

/// An error with its sources in one line.
fn in_one_line(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        message.push_str(": ");
        message.push_str(&error.to_string());
        source = error.source();
    }
    message
}

/// Invalid lines of the page's own texts.
fn line_notes(invalid: &InvalidLines) -> Vec<LineNote> {
    let mut notes = Vec::new();
    for line in invalid.lines() {
        for text in [PAIRS, PROMPTS] {
            if line.file == text {
                notes.push(LineNote { text, line: line.line, message: line.problem.to_string() });
            }
        }
    }
    notes
}

impl From<LesionError> for Problem {
    fn from(error: LesionError) -> Self {
        let mut problem = Self::line(in_one_line(&error));
        problem.cancelled = error.is_cancelled();
        if let LesionError::Study(StudyError::Lines(invalid)) = &error {
            problem.lines = line_notes(invalid);
        }
        problem
    }
}

/// Conversions of errors that have nothing but a message.
macro_rules! of_message {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Problem {
            fn from(error: $error) -> Self {
                Self::line(in_one_line(&error))
            }
        }
    )+};
}

of_message!(
    bert_model::BertModelError,
    csv::Error,
    serde_json::Error,
    study_record::SettingError,
    study_report::ReportError,
    toml::ser::Error,
);

impl From<StudyError> for Problem {
    fn from(error: StudyError) -> Self {
        LesionError::from(error).into()
    }
}
