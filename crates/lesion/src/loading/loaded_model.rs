//! A model that is ready to run.

use std::{borrow::Cow, collections::BTreeMap, sync::OnceLock};

use bert_model::{BertTokenizer, Checkpoint, LanguageModel, MemoryFolder, ModelFolder};
use burn::tensor::Device;
use lesion_eval::{Batching, Subject};
use study_record::{BUNDLED, Origin};
use study_report::hash;

use crate::{
    error::LesionError,
    inputs::bundled::MODEL,
    loading::{
        checkpoint_folder::{check_files, check_folder},
        model_note::ModelNote,
        model_source::{ModelOnHub, ModelSource},
    },
    running::{stages::Stages, watch::Note},
};

/// A model on a device, with its tokenizer.
pub struct LoadedModel {
    checkpoint: Checkpoint,
    model: LanguageModel,
    folder: ModelFolder,
    name: String,
    notes: Vec<ModelNote>,
    /// Its origin, once its files were hashed.
    origin: OnceLock<Origin>,
}

/// A model that was found, and downloaded if need be.
struct FoundModel {
    folder: ModelFolder,
    /// The folder of the tokenizer, if it is another one.
    tokenizer_folder: Option<ModelFolder>,
    name: String,
    notes: Vec<ModelNote>,
}

impl FoundModel {
    fn of_files(files: MemoryFolder) -> Self {
        let name = files.name.clone();
        let folder = ModelFolder::Memory(files);
        Self { folder, tokenizer_folder: None, name, notes: Vec::new() }
    }
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
        let found = match source {
            ModelSource::Bundled => FoundModel::of_files(bundled()),
            ModelSource::Memory(files) => return Self::open_files(files.clone(), device, stages),
            ModelSource::Folder(folder) => {
                let found = check_folder(folder)?;
                let mut notes = Vec::new();
                if found != *folder {
                    let (checkpoint, folder) = (folder.clone(), found.clone());
                    let note = ModelNote::TokenizerAbove { checkpoint, folder };
                    stages.note(&Note::Model(note.clone()));
                    notes.push(note);
                }
                FoundModel {
                    folder: ModelFolder::Disk(folder.clone()),
                    tokenizer_folder: Some(ModelFolder::Disk(found)),
                    name: folder.display().to_string(),
                    notes,
                }
            }
            ModelSource::Hub(repo) | ModelSource::HubAddress(repo) => {
                let is_address = matches!(source, ModelSource::HubAddress(_));
                let cached = ModelOnHub { repo, is_address }.download(stages)?;
                FoundModel {
                    folder: ModelFolder::Disk(cached.folder),
                    tokenizer_folder: None,
                    name: cached.name,
                    notes: cached.notes,
                }
            }
        };
        Self::load(found, untrained, device, stages)
    }

    /// Opens a model from its files in memory. A program that opens models in no other way contains no
    /// code to download them.
    ///
    /// # Errors
    /// If the model cannot be read or run.
    pub fn open_files(
        files: MemoryFolder,
        device: &Device,
        stages: &mut Stages<'_>,
    ) -> Result<Self, LesionError> {
        let found = FoundModel::of_files(files);
        check_files(&found.folder)?;
        Self::load(found, None, device, stages)
    }

    fn load(
        found: FoundModel,
        untrained: Option<u64>,
        device: &Device,
        stages: &mut Stages<'_>,
    ) -> Result<Self, LesionError> {
        let FoundModel { folder, tokenizer_folder, name, mut notes } = found;
        let (checkpoint, model) = stages.run("load", |_| {
            let tokenizer_folder = tokenizer_folder.as_ref().unwrap_or(&folder);
            let opened = Checkpoint::open_with_tokenizer(&folder, tokenizer_folder);
            let model_error = |source| LesionError::Model { model: name.clone(), source };
            let mut checkpoint = opened.map_err(model_error)?;
            let model = match untrained {
                Some(seed) => checkpoint.untrained_model(seed, device),
                None => checkpoint.load_model(device),
            };
            let model = model.map_err(model_error)?;
            Ok::<_, LesionError>((checkpoint, model))
        })?;
        for note in checkpoint.notes() {
            let note = ModelNote::Checkpoint { model: name.clone(), note: note.clone() };
            stages.note(&Note::Model(note.clone()));
            notes.push(note);
        }
        Ok(Self { checkpoint, model, folder, name, notes, origin: OnceLock::new() })
    }

    /// Notes on the model for its user. The observer of the stages was told each when it was found.
    #[must_use]
    pub fn notes(&self) -> &[ModelNote] {
        &self.notes
    }

    /// The model's name in results: a path, `bundled`, or a name and commit on the hub.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The model's tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &BertTokenizer {
        &self.checkpoint.tokenizer
    }

    /// The model with its tokenizer and its batch sizes.
    #[must_use]
    pub fn subject(&self, plain: bool, batching: Batching) -> Subject<'_> {
        Subject { model: &self.model, tokenizer: self.tokenizer(), plain, batching }
    }

    /// The model's origin, with the hash of each of its files. They are hashed once.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn origin(&self) -> Result<Origin, LesionError> {
        if let Some(origin) = self.origin.get() {
            return Ok(origin.clone());
        }
        let origin = self.hash_files()?;
        Ok(self.origin.get_or_init(|| origin).clone())
    }

    fn hash_files(&self) -> Result<Origin, LesionError> {
        let mut sha256 = BTreeMap::new();
        for path in self.checkpoint.files() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let hash = match &self.folder {
                ModelFolder::Memory(folder) => {
                    hash::of_bytes(folder.files.get(&name).map_or(&[], |bytes| bytes))
                }
                ModelFolder::Disk(_) => hash::of_file(path).map_err(LesionError::read(path))?,
            };
            sha256.insert(name, hash);
        }
        Ok(Origin { source: self.name.clone(), sha256 })
    }
}

fn bundled() -> MemoryFolder {
    let files = MODEL.iter().map(|&(name, bytes)| (name.to_owned(), Cow::Borrowed(bytes)));
    MemoryFolder { name: BUNDLED.to_owned(), files: files.collect() }
}
