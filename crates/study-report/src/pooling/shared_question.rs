//! The check that studies ask the same question of different models.

use std::collections::BTreeMap;

use study_record::{
    Manifest,
    tables::{PromptControlRow, Row as _},
};

use super::mismatch::Mismatch;
use crate::{error::ReportError, sections::settings_list::setting_values};

/// Characters of a hash in a message: enough to tell two files apart.
const HASH_START: usize = 12;

/// The question that the first of several studies asks, and the models and tables of all.
#[derive(Default)]
pub(crate) struct SharedQuestion {
    /// The first study.
    first: Option<AskedQuestion>,
    /// The study of each model, by the model's identity.
    models: BTreeMap<ModelIdentity, String>,
    /// The study of each table of controls, by its hash.
    tables: BTreeMap<String, String>,
}

/// A question as one study asks it.
struct AskedQuestion {
    study: String,
    /// The settings that must be the same, each with its value.
    settings: Vec<(String, String)>,
    /// The inputs that must be the same, each with its hashes.
    inputs: Vec<(&'static str, String)>,
}

/// The hashes of a model's weights, and the random seed that replaced them.
type ModelIdentity = (Vec<String>, Option<u64>);

impl SharedQuestion {
    /// Adds a study. Returns why it cannot be pooled with those before it, if it cannot.
    pub(crate) fn add(
        &mut self,
        study: &str,
        manifest: &Manifest,
    ) -> Result<Option<Mismatch>, ReportError> {
        let asked = AskedQuestion::read(study, manifest)?;
        let Some(table) = manifest.outputs.get(PromptControlRow::TABLE.file) else {
            return Ok(Some(Mismatch::NoControls { study: study.to_owned() }));
        };
        if let Some(mismatch) = self.first.as_ref().and_then(|first| first.mismatch(&asked)) {
            return Ok(Some(mismatch));
        }
        if self.first.is_none() {
            self.first = Some(asked);
        }
        if let Some(other) = self.tables.insert(table.clone(), study.to_owned()) {
            return Ok(Some(Mismatch::Copy { a: other, b: study.to_owned() }));
        }
        if let Some(other) = self.models.insert(identify_model(manifest), study.to_owned()) {
            return Ok(Some(Mismatch::SameModel { a: other, b: study.to_owned() }));
        }
        Ok(None)
    }
}

impl AskedQuestion {
    fn read(study: &str, manifest: &Manifest) -> Result<Self, ReportError> {
        let mut settings = Vec::new();
        for (setting, value) in setting_values(manifest)? {
            // The default test is that of the stimuli.
            let is_test = setting.key() == "selection.test";
            if !setting.may_differ() {
                let value = if is_test { manifest.test().to_string() } else { value };
                settings.push((setting.key(), value));
            }
        }
        // Paths and seeds may differ, but not whether there are any.
        for (name, is_given) in [
            ("untrained", manifest.study.untrained.is_some()),
            ("lesion.neurons", manifest.inputs.neurons.is_some()),
        ] {
            let given = if is_given { "given" } else { "not given" };
            settings.push((name.to_owned(), given.to_owned()));
        }
        settings.push(("first label".to_owned(), manifest.label_a.clone()));
        settings.push(("second label".to_owned(), manifest.label_b.clone()));
        let inputs = [("stimuli", &manifest.inputs.stimuli), ("prompts", &manifest.inputs.prompts)];
        let inputs = inputs.map(|(input, origin)| {
            // Files may have moved, so they are known by their contents alone.
            let hashes: Vec<&str> = origin.sha256.values().map(String::as_str).collect();
            (input, hashes.join(" "))
        });
        Ok(Self { study: study.to_owned(), settings, inputs: inputs.into() })
    }

    /// The first difference of another study from this one.
    fn mismatch(&self, other: &Self) -> Option<Mismatch> {
        let a = self.study.clone();
        let b = other.study.clone();
        for ((input, hash), (_, other_hash)) in self.inputs.iter().zip(&other.inputs) {
            if hash != other_hash {
                let [hash_a, hash_b] = [hash, other_hash]
                    .map(|hash| hash.chars().take(HASH_START).collect::<String>() + "…");
                return Some(Mismatch::Input { a, b, input, hash_a, hash_b });
            }
        }
        for ((setting, value), (_, other_value)) in self.settings.iter().zip(&other.settings) {
            if value != other_value {
                return Some(Mismatch::Setting {
                    a,
                    b,
                    setting: setting.clone(),
                    value_a: value.clone(),
                    value_b: other_value.clone(),
                });
            }
        }
        None
    }
}

/// The files of a checkpoint that are not weights end with one of these.
const NOT_WEIGHTS: [&str; 2] = [".json", ".txt"];

fn identify_model(manifest: &Manifest) -> ModelIdentity {
    let files = &manifest.inputs.model.sha256;
    let is_weights = |file: &str| !NOT_WEIGHTS.iter().any(|ending| file.ends_with(ending));
    let weights = files.iter().filter(|(file, _)| is_weights(file));
    let mut hashes: Vec<String> = weights.map(|(_, hash)| hash.clone()).collect();
    if hashes.is_empty() {
        hashes = files.values().cloned().collect();
    }
    hashes.sort();
    (hashes, manifest.study.untrained)
}
