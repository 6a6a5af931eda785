//! A model that is ready to run.

use std::{borrow::Cow, collections::BTreeMap};

use bert_model::{BertForMaskedLm, Checkpoint, CheckpointBytes};
use burn::tensor::Device;
use lesion_eval::{Batching, Subject};
use study_record::Origin;
use study_report::hash;

use crate::{
    error::LesionError,
    inputs::bundled::asset,
    loading::model_source::{ModelBytes, ModelSource, download},
    running::stages::Stages,
};

/// A model on a device, with its tokenizer.
pub struct LoadedModel {
    checkpoint: Checkpoint,
    model: BertForMaskedLm,
    /// The files of a checkpoint in memory.
    bytes: Option<ModelBytes>,
    name: String,
}

impl LoadedModel {
    /// Opens a model, downloads it first if it is on the hub and not here, and loads its weights.
    ///
    /// # Errors
    /// If it cannot be downloaded, read or computed.
    pub fn open(
        source: &ModelSource,
        device: &Device,
        stages: &mut Stages<'_>,
    ) -> Result<Self, LesionError> {
        let (folder, bytes, name) = match source {
            ModelSource::Bundled => (None, Some(bundled()), BUNDLED.to_owned()),
            ModelSource::Bytes(bytes) => (None, Some(bytes.clone()), bytes.name.clone()),
            ModelSource::Folder(folder) => {
                (Some(folder.clone()), None, folder.display().to_string())
            }
            ModelSource::Hub(repo) => {
                let (folder, name) = download(repo, stages)?;
                (Some(folder), None, name)
            }
        };
        stages.run("load", |_| {
            let opened = match (&folder, &bytes) {
                (Some(folder), _) => Checkpoint::open(folder),
                (None, bytes) => {
                    let bytes = bytes.clone().unwrap_or_default();
                    Checkpoint::from_bytes(CheckpointBytes {
                        config: &bytes.config,
                        tokenizer: &bytes.tokenizer,
                        weights: &bytes.weights,
                    })
                }
            };
            let failed = |source| LesionError::Model { model: name.clone(), source };
            let mut checkpoint = opened.map_err(failed)?;
            let model = checkpoint.load_model(device).map_err(failed)?;
            Ok(Self { checkpoint, model, bytes, name: name.clone() })
        })
    }

    /// What results call the model: a path, `bundled`, or a name and commit on the hub.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The model as it is asked: with its tokenizer, and how much runs at once.
    #[must_use]
    pub fn subject(&self, plain: bool, batching: Batching) -> Subject<'_> {
        Subject { model: &self.model, tokenizer: &self.checkpoint.tokenizer, plain, batching }
    }

    /// Which model it is: the hash of every file that decides what it computes.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn origin(&self) -> Result<Origin, LesionError> {
        let source = self.name.clone();
        if let Some(bytes) = &self.bytes {
            let files = [
                ("config.json", &bytes.config),
                ("tokenizer.json", &bytes.tokenizer),
                ("model.safetensors", &bytes.weights),
            ];
            let sha256 = files.map(|(name, bytes)| (name.to_owned(), hash::of_bytes(bytes)));
            return Ok(Origin { source, sha256: sha256.into() });
        }
        let mut sha256 = BTreeMap::new();
        for path in self.checkpoint.files() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            sha256.insert(name, hash::of_file(path).map_err(LesionError::read(path))?);
        }
        Ok(Origin { source, sha256 })
    }
}

/// What results call the model in the program.
const BUNDLED: &str = "bundled";

fn bundled() -> ModelBytes {
    ModelBytes {
        name: BUNDLED.to_owned(),
        config: Cow::Borrowed(asset!("models/bundled/config.json")),
        tokenizer: Cow::Borrowed(asset!("models/bundled/tokenizer.json")),
        weights: Cow::Borrowed(asset!("models/bundled/model.safetensors")),
    }
}
