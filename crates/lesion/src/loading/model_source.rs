//! The source of a model.

use std::{
    env,
    path::{Path, PathBuf},
};

use bert_model::{Checkpoint, MemoryFolder};
use hub::{Checkout, Hub, HubError, Repo};
use lesion_eval::StudyError;
use study_record::FilePath;

use crate::{
    error::LesionError,
    loading::{
        model_name::{NamedModel, read_model_name},
        model_note::ModelNote,
    },
    running::{
        stages::Stages,
        watch::{Note, reason},
    },
};

/// The source of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ModelSource {
    /// The bundled model.
    #[default]
    Bundled,
    /// A checkpoint folder.
    Folder(PathBuf),
    /// A model on the Hugging Face hub, whose name might have been that of a folder.
    Hub(Repo),
    /// A model on the Hugging Face hub that an address names.
    HubAddress(Repo),
    /// The files of a checkpoint in memory.
    Memory(MemoryFolder),
}

impl ModelSource {
    /// The source that a setting specifies. Paths are relative to `folder`. A name that is both a path
    /// and a possible name on the hub is a path if it exists, and otherwise a name on the hub.
    ///
    /// # Errors
    /// If the setting specifies no model. A model on the hub may still turn out not to exist.
    pub fn named(name: Option<&FilePath>, folder: &Path) -> Result<Self, LesionError> {
        let Some(FilePath(name)) = name else { return Ok(Self::Bundled) };
        Ok(match read_model_name(name, folder, |name| env::var_os(name))? {
            NamedModel::Bundled => Self::Bundled,
            NamedModel::Folder(folder) => Self::Folder(folder),
            NamedModel::Hub(repo) => Self::Hub(repo),
            NamedModel::HubAddress(repo) => Self::HubAddress(repo),
        })
    }

    /// The setting that specifies this source, relative to the current folder.
    #[must_use]
    pub fn setting(&self) -> Option<FilePath> {
        match self {
            Self::Bundled => None,
            Self::Folder(path) => Some(FilePath(path.clone())),
            Self::Hub(repo) | Self::HubAddress(repo) => {
                let name = repo.to_string();
                // The address is no path, whatever is in the current folder.
                let is_path = Path::new(&name).exists();
                Some(FilePath(if is_path { format!("hf://{name}") } else { name }.into()))
            }
            Self::Memory(folder) => Some(FilePath(folder.name.clone().into())),
        }
    }

    /// The model on the hub and the number of bytes to download, if any are missing.
    ///
    /// # Errors
    /// If the hub cannot be asked, or its cache cannot be read.
    pub fn missing(&self, stages: &mut Stages<'_>) -> Result<Option<(&Repo, u64)>, LesionError> {
        let model = match self {
            Self::Hub(repo) => ModelOnHub { repo, is_address: false },
            Self::HubAddress(repo) => ModelOnHub { repo, is_address: true },
            Self::Bundled | Self::Folder(_) | Self::Memory(_) => return Ok(None),
        };
        let hub = model.hub(stages)?;
        let checkout = hub.open(model.repo).map_err(|source| model.error(source))?;
        let bytes = checkout.missing().map_err(|source| model.error(source))?;
        if bytes == 0 {
            return Ok(None);
        }
        note_refused_token(model.repo, &checkout, stages);
        Ok(Some((model.repo, bytes)))
    }
}

/// A model on the hub, as its user named it.
#[derive(Clone, Copy)]
pub(crate) struct ModelOnHub<'a> {
    pub(crate) repo: &'a Repo,
    /// Whether an address names it, which cannot be meant as a folder.
    pub(crate) is_address: bool,
}

/// A model in the hub's cache.
pub(crate) struct CachedModel {
    pub(crate) folder: PathBuf,
    /// The name with the commit.
    pub(crate) name: String,
    /// Notes on the commit that is used.
    pub(crate) notes: Vec<ModelNote>,
}

impl ModelOnHub<'_> {
    /// The hub of the environment, which waits until the run is cancelled.
    fn hub(self, stages: &Stages<'_>) -> Result<Hub, LesionError> {
        let hub = Hub::from_env().map_err(|source| self.error(source))?;
        Ok(hub.ended_by(stages.cancel_flag()))
    }

    fn error(self, source: HubError) -> LesionError {
        if matches!(source, HubError::Cancelled) {
            return StudyError::Cancelled.into();
        }
        LesionError::Hub { model: self.repo.to_string(), is_address: self.is_address, source }
    }

    /// Downloads the model into the hub's cache, unless it is there.
    pub(crate) fn download(self, stages: &mut Stages<'_>) -> Result<CachedModel, LesionError> {
        let hub = self.hub(stages)?;
        let downloaded = match hub.open(self.repo) {
            Ok(checkout) => self.download_checkout(checkout, stages),
            Err(source) => return Err(stopped_download(self.error(source))),
        };
        let downloaded = match downloaded {
            Err(LesionError::Hub { source, .. }) => match hub.open_cached(self.repo, source) {
                Ok(cached) => self.download_checkout(cached, stages),
                Err(source) => Err(self.error(source)),
            },
            downloaded => downloaded,
        };
        downloaded.map_err(stopped_download)
    }

    fn download_checkout(
        self,
        mut checkout: Checkout<'_>,
        stages: &mut Stages<'_>,
    ) -> Result<CachedModel, LesionError> {
        let name = checkout.repo().to_string();
        let requested = self.repo.to_string();
        let mut notes = Vec::new();
        if let Some(error) = checkout.unanswered() {
            let (reason, cached) = (reason(error), name.clone());
            notes.push(ModelNote::HubUnanswered { requested: requested.clone(), reason, cached });
        }
        if checkout.is_older() {
            notes.push(ModelNote::OlderCommit { requested, cached: name.clone() });
        }
        // The download may fail, or take long.
        for note in &notes {
            stages.note(&Note::Model(note.clone()));
        }
        let folder = stages.download(|progress| {
            checkout.description(progress).map_err(|source| self.error(source))?;
            self.check_description(&checkout)?;
            let folder = checkout.weights(progress).map_err(|source| self.error(source))?;
            Ok::<PathBuf, LesionError>(folder.to_owned())
        })?;
        note_refused_token(self.repo, &checkout, stages);
        Ok(CachedModel { folder, name, notes })
    }

    /// Rejects a model that cannot run, before its weights are downloaded.
    fn check_description(self, checkout: &Checkout<'_>) -> Result<(), LesionError> {
        let folder = checkout.folder();
        let model_error =
            |source| LesionError::Model { model: checkout.repo().to_string(), source };
        let mut tensors = None;
        if Checkpoint::is_family_of_tensors(folder).map_err(model_error)? {
            tensors = checkout.tensor_names().map_err(|source| self.error(source))?;
        }
        Checkpoint::check_without_weights(folder, tensors.as_deref()).map_err(model_error)
    }
}

/// The error of a download, which can be resumed if it was stopped.
fn stopped_download(error: LesionError) -> LesionError {
    if error.is_cancelled() { LesionError::DownloadStopped } else { error }
}

fn note_refused_token(repo: &Repo, checkout: &Checkout<'_>, stages: &mut Stages<'_>) {
    if let Some(origin) = checkout.refused_token() {
        let (origin, model) = (origin.to_owned(), repo.to_string());
        stages.note(&Note::TokenRefused { origin, model });
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_setting_specifies_the_same_source_again() {
        let dir = tempfile::TempDir::new().unwrap();
        fs::create_dir_all(dir.path().join("owner/folder")).unwrap();
        for (text, expected) in [
            ("owner/folder", ModelSource::Folder(dir.path().join("owner/folder"))),
            ("owner/model", ModelSource::Hub("owner/model".parse().unwrap())),
            ("owner/folder@main", ModelSource::Hub("owner/folder@main".parse().unwrap())),
            (
                "https://hf.co/owner/folder",
                ModelSource::HubAddress("owner/folder".parse().unwrap()),
            ),
        ] {
            let source = ModelSource::named(Some(&FilePath(text.into())), dir.path()).unwrap();
            assert_eq!(source, expected);
            let again = ModelSource::named(source.setting().as_ref(), Path::new("")).unwrap();
            assert_eq!(again.setting(), expected.setting());
        }
    }

    #[test]
    fn a_name_of_the_hub_is_not_a_folder_of_the_same_name() {
        // Tests run in the folder of the package.
        let source = ModelSource::Hub("src".parse().unwrap());
        assert_eq!(source.setting(), Some(FilePath("hf://src".into())));
        let again = ModelSource::named(source.setting().as_ref(), Path::new("")).unwrap();
        assert_eq!(again, ModelSource::HubAddress("src".parse().unwrap()));
    }
}
