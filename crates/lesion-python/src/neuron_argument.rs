//! Neurons and lesions, as arguments from Python.

use std::{ffi::OsStr, path::PathBuf};

use lesion::{LayerNeurons, LesionRequest};
use lesion_eval::ReadToken;
use pyo3::prelude::*;
use study_record::{Site, Study};

use crate::native_error::NativeError;

/// A lesion as Python passes it: texts as on the command line.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct LesionArgument {
    neurons: Vec<String>,
    sets: Option<PathBuf>,
    kind: String,
    site: String,
    at: String,
    shared: String,
    patch: Option<String>,
}

/// A token whose activations are read.
#[derive(FromPyObject)]
pub(crate) enum TokenArgument {
    /// A position.
    Position(i64),
    /// A word, or the mask.
    Word(String),
}

/// The text of a mask.
const MASK: &str = "[MASK]";

impl LesionArgument {
    /// The lesion.
    ///
    /// # Errors
    /// If a text is invalid.
    pub(crate) fn request(self) -> Result<LesionRequest, NativeError> {
        let mut study = Study::default();
        let manner = [
            ("kind", &self.kind),
            ("site", &self.site),
            ("at", &self.at),
            ("shared", &self.shared),
        ];
        for (argument, text) in manner {
            let set = study.set(&format!("lesion.{argument}"), OsStr::new(text));
            let problem = |error: study_record::SettingError| error.to_string();
            set.map_err(|error| NativeError::Argument { argument, problem: problem(error) })?;
        }
        Ok(LesionRequest {
            neurons: parse_neurons("lesion", &self.neurons)?,
            sets: self.sets,
            kind: study.lesion.kind,
            site: study.lesion.site,
            at: study.lesion.at,
            shared: study.lesion.shared,
            patch: self.patch,
        })
    }
}

/// Neurons, each text as in `4:her`.
///
/// # Errors
/// If a text names no neurons.
pub(crate) fn parse_neurons(
    argument: &'static str,
    texts: &[String],
) -> Result<Vec<LayerNeurons>, NativeError> {
    let mut neurons = Vec::with_capacity(texts.len());
    for text in texts {
        let parsed = text.parse::<LayerNeurons>();
        neurons.push(parsed.map_err(|problem| NativeError::Argument { argument, problem })?);
    }
    Ok(neurons)
}

/// The site before or after the activation function.
///
/// # Errors
/// If there is no such site.
pub(crate) fn parse_site(text: &str) -> Result<Site, NativeError> {
    let mut study = Study::default();
    study.set("lesion.site", text).map_err(|error| {
        let problem = error.to_string();
        NativeError::Argument { argument: "site", problem }
    })?;
    Ok(study.lesion.site)
}

impl TokenArgument {
    /// The token to read.
    pub(crate) fn token(self) -> ReadToken {
        match self {
            Self::Position(position) => ReadToken::Position(position),
            Self::Word(word) if word == MASK => ReadToken::Mask,
            Self::Word(word) => ReadToken::Word(word),
        }
    }
}
