//! The source of a model.

use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};

use bert_model::BertConfig;
use hub::{Hub, HubError, Repo};
use lesion_eval::StudyError;
use study_record::FilePath;

use crate::{
    error::LesionError,
    running::{stages::Stages, watch::Note},
};

/// The source of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ModelSource {
    /// The bundled model.
    #[default]
    Bundled,
    /// A checkpoint folder.
    Folder(PathBuf),
    /// A model on the Hugging Face hub.
    Hub(Repo),
    /// The files of a checkpoint in memory.
    Bytes(ModelBytes),
}

/// A checkpoint in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelBytes {
    /// The model's name in results.
    pub name: String,
    /// `config.json`.
    pub config: Cow<'static, [u8]>,
    /// `tokenizer.json`.
    pub tokenizer: Cow<'static, [u8]>,
    /// `model.safetensors`.
    pub weights: Cow<'static, [u8]>,
}

impl ModelSource {
    /// The source that a setting specifies. Paths are relative to `folder`. A name that is both a path
    /// and a possible name on the hub is a path if it exists, and otherwise a name on the hub.
    #[must_use]
    pub fn named(name: Option<&FilePath>, folder: &Path) -> Self {
        let Some(FilePath(name)) = name else { return Self::Bundled };
        let path = folder.join(name);
        let repo = name.to_str().and_then(|text| text.parse().ok());
        match repo {
            Some(repo) if !path.exists() => Self::Hub(repo),
            _ => Self::Folder(path),
        }
    }

    /// The setting that specifies this source, relative to the current folder.
    #[must_use]
    pub fn setting(&self) -> Option<FilePath> {
        match self {
            Self::Bundled => None,
            Self::Folder(path) => Some(FilePath(path.clone())),
            Self::Hub(repo) => Some(FilePath(repo.to_string().into())),
            Self::Bytes(bytes) => Some(FilePath(bytes.name.clone().into())),
        }
    }

    /// The model on the hub and the number of bytes to download, if any are missing.
    ///
    /// # Errors
    /// If the hub cannot be asked, or its cache cannot be read.
    pub fn missing(&self) -> Result<Option<(&Repo, u64)>, LesionError> {
        let Self::Hub(repo) = self else { return Ok(None) };
        let bytes = || Hub::from_env()?.open(repo)?.missing();
        let bytes = bytes().map_err(|source| hub_error(repo, source))?;
        Ok((bytes > 0).then_some((repo, bytes)))
    }
}

fn hub_error(repo: &Repo, source: HubError) -> LesionError {
    if matches!(source, HubError::Cancelled) {
        return StudyError::Cancelled.into();
    }
    LesionError::Hub { model: repo.to_string(), source }
}

/// Downloads a model into the hub's cache. Returns the folder, and the name with the commit.
pub(crate) fn download(
    repo: &Repo,
    stages: &mut Stages<'_>,
) -> Result<(PathBuf, String), LesionError> {
    let hub = Hub::from_env().map_err(|source| hub_error(repo, source))?;
    let mut checkout = hub.open(repo).map_err(|source| hub_error(repo, source))?;
    let name = checkout.repo().to_string();
    if let Some(error) = checkout.unanswered() {
        stages.note(&Note::HubUnanswered {
            requested: repo.to_string(),
            reason: crate::running::watch::reason(error),
            cached: name.clone(),
        });
    }
    stages.download(|progress| {
        // A model that cannot run is rejected before its weights are downloaded.
        let description = checkout.description(progress);
        let config = description.map_err(|source| hub_error(repo, source))?.join("config.json");
        let json = fs::read(&config).map_err(LesionError::read(config))?;
        BertConfig::from_json(&json)
            .map_err(|source| LesionError::Model { model: name.clone(), source })?;
        let folder = checkout.weights(progress).map_err(|source| hub_error(repo, source))?;
        Ok((folder.to_owned(), name.clone()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str, folder: &Path) -> ModelSource {
        ModelSource::named(Some(&FilePath(text.into())), folder)
    }

    #[test]
    fn a_name_is_a_folder_if_the_folder_exists() {
        let dir = tempfile::TempDir::new().unwrap();
        fs::create_dir_all(dir.path().join("owner/folder")).unwrap();
        let source = |text: &str| named(text, dir.path());
        let hub = |text: &str| ModelSource::Hub(text.parse().unwrap());
        assert_eq!(source("owner/folder"), ModelSource::Folder(dir.path().join("owner/folder")));
        assert_eq!(source("owner/model"), hub("owner/model"));
        assert_eq!(source("bert-base-uncased"), hub("bert-base-uncased"));
        assert_eq!(source("owner/folder@main"), hub("owner/folder@main"));
    }

    #[test]
    fn a_name_that_looks_like_a_path_is_a_folder() {
        for text in ["./x", "../x", "/x", "/x/y", "x/y/z", "x/", "~/x", "C:\\x", "x\\y", "a b"] {
            let source = named(text, Path::new("studies"));
            assert_eq!(source, ModelSource::Folder(Path::new("studies").join(text)));
            // Relative to the current folder, it is still the same folder.
            let again = ModelSource::named(source.setting().as_ref(), Path::new(""));
            assert_eq!(again, source);
        }
    }
}
