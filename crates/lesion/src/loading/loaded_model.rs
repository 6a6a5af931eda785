//! A model that is ready to run.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use bert_model::{BertForMaskedLm, Checkpoint, CheckpointBytes};
use burn::tensor::Device;
use lesion_eval::{Batching, Subject};
use study_record::{BUNDLED, Origin};
use study_report::hash;

use crate::{
    error::LesionError,
    inputs::bundled::asset,
    loading::{
        checkpoint_folder::check_folder,
        model_source::{ModelBytes, ModelSource, download},
    },
    running::{stages::Stages, watch::Note},
};

/// A model on a device, with its tokenizer.
pub struct LoadedModel {
    checkpoint: Checkpoint,
    model: BertForMaskedLm,
    /// The files, if the checkpoint is in memory.
    bytes: Option<ModelBytes>,
    name: String,
}

impl LoadedModel {
    /// Opens a model and loads its weights, or draws other weights from the seed `untrained`. A model
    /// on the hub is downloaded first if it is not in the cache.
    ///
    /// # Errors
    /// If the model cannot be downloaded, read or run.
    pub fn open(
        source: &ModelSource,
        untrained: Option<u64>,
        device: &Device,
        stages: &mut Stages<'_>,
    ) -> Result<Self, LesionError> {
        let mut tokenizer_folder = None;
        let (folder, bytes, name) = match source {
            ModelSource::Bundled => (None, Some(bundled()), BUNDLED.to_owned()),
            ModelSource::Bytes(bytes) => (None, Some(bytes.clone()), bytes.name.clone()),
            ModelSource::Folder(folder) => {
                tokenizer_folder = Some(find_tokenizer(folder, stages)?);
                (Some(folder.clone()), None, folder.display().to_string())
            }
            ModelSource::Hub(repo) => {
                let (folder, name) = download(repo, stages)?;
                (Some(folder), None, name)
            }
        };
        let loaded = stages.run("load", |_| {
            let opened = match (&folder, &bytes) {
                (Some(folder), _) => {
                    let tokenizer_folder = tokenizer_folder.as_ref().unwrap_or(folder);
                    Checkpoint::open_with_tokenizer(folder, tokenizer_folder)
                }
                (None, bytes) => {
                    let bytes = bytes.clone().unwrap_or_default();
                    Checkpoint::from_bytes(CheckpointBytes {
                        config: &bytes.config,
                        tokenizer: &bytes.tokenizer,
                        weights: &bytes.weights,
                    })
                }
            };
            let model_error = |source| LesionError::Model { model: name.clone(), source };
            let mut checkpoint = opened.map_err(model_error)?;
            let model = match untrained {
                Some(seed) => checkpoint.untrained_model(seed, device),
                None => checkpoint.load_model(device),
            };
            let model = model.map_err(model_error)?;
            Ok::<_, LesionError>(Self { checkpoint, model, bytes, name: name.clone() })
        })?;
        for note in loaded.checkpoint.notes() {
            stages.note(&Note::Model { model: name.clone(), note: note.clone() });
        }
        Ok(loaded)
    }

    /// The model's name in results: a path, `bundled`, or a name and commit on the hub.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The model with its tokenizer and its batch sizes.
    #[must_use]
    pub fn subject(&self, plain: bool, batching: Batching) -> Subject<'_> {
        Subject { model: &self.model, tokenizer: &self.checkpoint.tokenizer, plain, batching }
    }

    /// The model's origin, with the hash of each of its files.
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

/// The folder of the tokenizer of a checkpoint in `folder`.
fn find_tokenizer(folder: &Path, stages: &mut Stages<'_>) -> Result<PathBuf, LesionError> {
    let tokenizer_folder = check_folder(folder)?;
    if tokenizer_folder != folder {
        let (checkpoint, folder) = (folder.to_owned(), tokenizer_folder.clone());
        stages.note(&Note::TokenizerAbove { checkpoint, folder });
    }
    Ok(tokenizer_folder)
}

fn bundled() -> ModelBytes {
    ModelBytes {
        name: BUNDLED.to_owned(),
        config: Cow::Borrowed(asset!("models/bundled/config.json")),
        tokenizer: Cow::Borrowed(asset!("models/bundled/tokenizer.json")),
        weights: Cow::Borrowed(asset!("models/bundled/model.safetensors")),
    }
}
