//! The study's texts: from files, or compiled into the program, so that an installed `lesion`
//! runs anywhere.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, anyhow};
use lesion_eval::{NeuronSetFile, SelectAt};
use serde::Serialize;
use study_report::hash;

macro_rules! asset {
    ($path:literal) => {
        include_bytes!(concat!("../../../assets/", $path))
    };
}

pub(crate) use asset;

const PAIRS: &[u8] = asset!("stimuli/him_her.txt");
const CONTEXT_PAIRS: &[u8] = asset!("stimuli/context_him_her.txt");
const PROMPTS: &[u8] = asset!("prompts/paper.txt");

/// Where an input came from and what it was, for the manifest.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Origin {
    /// A path, `bundled`, or a model's name and commit on the hub.
    pub(crate) source: String,
    /// SHA-256 of each file, in hexadecimal.
    pub(crate) sha256: BTreeMap<String, String>,
}

/// A text input.
pub(crate) struct TextInput {
    /// What an error about one of its lines calls it.
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) origin: Origin,
}

pub(crate) fn stimuli(path: Option<&Path>, at: SelectAt) -> Result<TextInput> {
    match at {
        SelectAt::Visible => text(path, PAIRS, "him_her.txt"),
        SelectAt::Masked => text(path, CONTEXT_PAIRS, "context_him_her.txt"),
    }
}

/// The sets of a `neuron_sets.json`; an error names line and column.
pub(crate) fn neuron_sets(path: &Path) -> Result<(NeuronSetFile, Origin)> {
    let TextInput { name, text, origin } = text(Some(path), &[], "")?;
    let sets = serde_json::from_str(&text).map_err(|error| {
        let problem = error.to_string();
        let problem = problem.split(" at line ").next().unwrap_or_default();
        anyhow!("{name}:{}:{}: {problem}", error.line(), error.column())
    })?;
    Ok((sets, origin))
}

pub(crate) fn prompts(path: Option<&Path>) -> Result<TextInput> {
    text(path, PROMPTS, "paper.txt")
}

fn text(path: Option<&Path>, bundled: &[u8], bundled_name: &str) -> Result<TextInput> {
    let (bytes, source, name) = match path {
        None => (bundled.to_vec(), "bundled".to_owned(), bundled_name.to_owned()),
        Some(path) => {
            let bytes =
                fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            (bytes, path.display().to_string(), path.display().to_string())
        }
    };
    let sha256 = BTreeMap::from([(name.clone(), hash::of_bytes(&bytes))]);
    let text = String::from_utf8(bytes)
        .with_context(|| format!("{name} is not UTF-8 text; save it as UTF-8"))?;
    Ok(TextInput { name, text, origin: Origin { source, sha256 } })
}
