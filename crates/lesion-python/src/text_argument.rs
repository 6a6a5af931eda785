//! Texts as arguments from Python.

use std::path::PathBuf;

use lesion::TextInput;
use pyo3::prelude::*;

use crate::native_error::NativeError;

/// A text as Python passes it.
#[derive(Clone, FromPyObject)]
pub(crate) enum TextArgument {
    /// Its lines.
    Lines(Vec<String>),
    /// Its file.
    File(PathBuf),
}

impl TextArgument {
    /// Reads the text.
    ///
    /// # Errors
    /// If the file cannot be read, or an item of the list has several lines.
    pub(crate) fn read(&self, name: &'static str) -> Result<TextInput, NativeError> {
        let lines = match self {
            Self::File(path) => return Ok(TextInput::read(path)?),
            Self::Lines(lines) => lines,
        };
        if let Some(line) = lines.iter().find(|line| line.contains(['\n', '\r'])) {
            let problem = format!("an item of the list has several lines: {line:?}");
            return Err(NativeError::Argument { argument: name, problem });
        }
        Ok(TextInput::given(name, lines.join("\n") + "\n"))
    }
}
