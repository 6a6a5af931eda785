//! `manifest.json`: what ran, on what, and what it wrote.

use std::{collections::BTreeMap, fs, io, path::Path};

use serde::Deserialize;
use serde_json::Value;

use crate::{ReportError, hash};

const FILE: &str = "manifest.json";

/// The corrections by their keys and names, from the most to the least permissive.
pub(crate) const CORRECTIONS: [(&str, &str); 7] = [
    ("none", "Uncorrected"),
    ("storey", "Storey"),
    ("bh", "Benjamini-Hochberg"),
    ("by", "Benjamini-Yekutieli"),
    ("max-t", "max-T"),
    ("holm", "Holm"),
    ("bonferroni", "Bonferroni"),
];

/// The manifest of a finished study.
#[derive(Debug, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) lesion: String,
    pub(crate) burn: String,
    pub(crate) platform: String,
    pub(crate) threads: usize,
    pub(crate) command: Vec<String>,
    pub(crate) study: Settings,
    pub(crate) layer: usize,
    pub(crate) layers: Vec<usize>,
    pub(crate) relabellings: usize,
    pub(crate) relabellings_exact: bool,
    pub(crate) label_a: String,
    pub(crate) label_b: String,
    pub(crate) inputs: BTreeMap<String, Origin>,
    pub(crate) seconds: BTreeMap<String, f64>,
    pub(crate) outputs: BTreeMap<String, String>,
    /// Every key of the study by its full name, for lists.
    #[serde(skip)]
    pub(crate) keys: BTreeMap<String, String>,
}

/// Those keys of the study that the page talks about.
#[derive(Debug, Deserialize)]
pub(crate) struct Settings {
    pub(crate) selection: Selection,
    pub(crate) lesion: Lesion,
    pub(crate) controls: Controls,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Selection {
    pub(crate) at: String,
    pub(crate) test: String,
    pub(crate) correction: String,
    pub(crate) scope: String,
    pub(crate) directional: bool,
    pub(crate) alpha: f64,
    pub(crate) held_out: f64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Lesion {
    pub(crate) site: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Controls {
    pub(crate) nulls: usize,
}

impl Lesion {
    /// Whether it is before or after GELU.
    pub(crate) fn when(&self) -> &'static str {
        if self.site == "pre" { "before" } else { "after" }
    }
}

impl Selection {
    /// How p is corrected, in words.
    pub(crate) fn correction(&self) -> String {
        let direction = if self.directional { ", each direction by itself" } else { "" };
        match CORRECTIONS.iter().find(|of| of.0 == self.correction) {
            Some(("none", _)) | None => "p is not corrected".to_owned(),
            Some((_, name)) => {
                format!("p is corrected after {name} over each {}{direction}", self.scope)
            }
        }
    }
}

/// Where an input came from.
#[derive(Debug, Deserialize)]
pub(crate) struct Origin {
    /// A path, or `bundled`.
    pub(crate) source: String,
    /// SHA-256 of each file.
    pub(crate) sha256: BTreeMap<String, String>,
}

impl Manifest {
    pub(crate) fn read(dir: &Path) -> Result<Self, ReportError> {
        let path = dir.join(FILE);
        let text = fs::read_to_string(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                ReportError::NoStudy(dir.to_owned())
            }
            _ => ReportError::Unreadable { path: path.clone(), source },
        })?;
        let malformed = |error: serde_json::Error| ReportError::Malformed {
            path: path.clone(),
            problem: error.to_string(),
        };
        let mut manifest: Self = serde_json::from_str(&text).map_err(malformed)?;
        let value: Value = serde_json::from_str(&text).map_err(malformed)?;
        flatten("", &value["study"], &mut manifest.keys);
        Ok(manifest)
    }

    pub(crate) fn labels(&self) -> [&str; 2] {
        [&self.label_a, &self.label_b]
    }

    /// The files that are no longer what the study wrote, and how.
    pub(crate) fn changed(&self, dir: &Path) -> Result<Vec<String>, ReportError> {
        let mut changed = Vec::new();
        for (name, expected) in &self.outputs {
            match hash::of_file(&dir.join(name)) {
                Ok(found) if found == *expected => {}
                Ok(_) => changed.push(format!("{name} was changed")),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    changed.push(format!("{name} is missing"));
                }
                Err(source) => {
                    return Err(ReportError::Unreadable { path: dir.join(name), source });
                }
            }
        }
        Ok(changed)
    }
}

/// Nested keys by their full names: `lesion.sets.share`.
fn flatten(prefix: &str, value: &Value, keys: &mut BTreeMap<String, String>) {
    let Value::Object(entries) = value else {
        let text = match value {
            Value::Null => "default".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        keys.insert(prefix.to_owned(), text);
        return;
    };
    for (key, value) in entries {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        flatten(&name, value, keys);
    }
}
