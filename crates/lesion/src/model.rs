//! The model that is studied: what it is asked for as, where it is, and which one it then was.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    error::Error as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use bert_model::{BertConfig, BertForMaskedLm, Checkpoint, CheckpointFiles};
use hub::{Hub, Repo};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use study_report::hash;

use crate::{
    backend::Backend,
    inputs::{Origin, asset},
    progress::Stages,
};

const BUNDLED: CheckpointFiles = CheckpointFiles {
    config: asset!("models/bundled/config.json"),
    tokenizer: asset!("models/bundled/tokenizer.json"),
    weights: asset!("models/bundled/model.safetensors"),
};

/// What a model is asked for as.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum ModelSource {
    /// The one in the program.
    #[default]
    Bundled,
    /// A checkpoint folder.
    Folder(PathBuf),
    /// A name on the hub.
    Hub(Repo),
}

impl ModelSource {
    /// By how it is written: what could be a name on the hub is one, until [`Self::beside`] has
    /// looked for a folder.
    pub(crate) fn named(given: impl Into<PathBuf>) -> Self {
        let given = given.into();
        let repo = given.to_str().and_then(|text| text.parse().ok());
        repo.map_or(Self::Folder(given), Self::Hub)
    }

    /// Seen from a folder: paths start there, and what is there is no name on the hub.
    pub(crate) fn beside(self, folder: &Path) -> Self {
        let path = match &self {
            Self::Bundled => return self,
            Self::Folder(path) => folder.join(path),
            Self::Hub(repo) => folder.join(repo.to_string()),
        };
        if matches!(self, Self::Hub(_)) && !path.exists() { self } else { Self::Folder(path) }
    }

    /// Brings the model onto this machine, if it is not there.
    pub(crate) fn fetch(&self, stages: &mut Stages) -> Result<LocalModel> {
        match self {
            Self::Bundled => Ok(LocalModel { folder: None, source: "bundled".to_owned() }),
            Self::Folder(folder) => Ok(LocalModel {
                folder: Some(folder.clone()),
                source: folder.display().to_string(),
            }),
            Self::Hub(repo) => stages.download(|progress| download(repo, progress)),
        }
    }

    /// What would have to be downloaded first, if anything, and how many bytes that is.
    pub(crate) fn missing(&self) -> Result<Option<(&Repo, u64)>> {
        let Self::Hub(repo) = self else { return Ok(None) };
        let bytes = || Hub::from_env()?.open(repo)?.missing();
        let bytes = bytes().with_context(|| no_folder(repo))?;
        Ok((bytes > 0).then_some((repo, bytes)))
    }

    fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Bundled => None,
            Self::Folder(path) => Some(path.to_string_lossy()), // need not be Unicode, but JSON is
            Self::Hub(repo) => Some(repo.to_string().into()),
        }
    }
}

impl Serialize for ModelSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ModelSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        PathBuf::deserialize(deserializer).map(Self::named)
    }
}

fn no_folder(repo: &Repo) -> String {
    format!("model {repo}, which is no folder here")
}

fn download(repo: &Repo, progress: hub::Progress<'_>) -> Result<LocalModel> {
    let hub = Hub::from_env()?;
    let mut checkout = hub.open(repo).with_context(|| no_folder(repo))?;
    let name = checkout.repo().to_string();
    if let Some(error) = checkout.unanswered() {
        let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        eprintln!("The hub does not say what {repo} is now ({reason}); {name} is in the cache.");
    }
    // A model that cannot be computed is refused before its weights are downloaded.
    let config = checkout.description(progress)?.join("config.json");
    let json = fs::read(&config).with_context(|| format!("cannot read {}", config.display()))?;
    BertConfig::from_json(&json).with_context(|| format!("model {name}"))?;
    let folder = checkout.weights(progress)?.to_owned();
    Ok(LocalModel { folder: Some(folder), source: name })
}

/// A model that is on this machine.
pub(crate) struct LocalModel {
    /// None where it is in the program.
    folder: Option<PathBuf>,
    /// What manifest and answers call it.
    pub(crate) source: String,
}

impl LocalModel {
    /// The checkpoint and its weights on the device of the chosen backend.
    pub(crate) fn load(
        &self,
        backend: Backend,
        device: usize,
    ) -> Result<(Checkpoint, BertForMaskedLm)> {
        let device = backend.device(device)?;
        let name = || format!("model {}", self.source);
        let checkpoint = match &self.folder {
            None => Checkpoint::embedded(BUNDLED),
            Some(folder) => Checkpoint::open(folder),
        };
        let mut checkpoint = checkpoint.with_context(name)?;
        let model = checkpoint.load_model(&device).with_context(name)?;
        Ok((checkpoint, model))
    }

    /// Which model it was: the hash of every file of the checkpoint that decides its output.
    pub(crate) fn origin(&self, checkpoint: &Checkpoint) -> Result<Origin> {
        let source = self.source.clone();
        if self.folder.is_none() {
            let files = [
                ("config.json", BUNDLED.config),
                ("tokenizer.json", BUNDLED.tokenizer),
                ("model.safetensors", BUNDLED.weights),
            ];
            let sha256 = files.map(|(name, bytes)| (name.to_owned(), hash::of_bytes(bytes)));
            return Ok(Origin { source, sha256: sha256.into() });
        }
        let mut sha256 = BTreeMap::new();
        for path in checkpoint.files() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let hash = hash::of_file(path);
            sha256.insert(name, hash.with_context(|| format!("cannot read {}", path.display()))?);
        }
        Ok(Origin { source, sha256 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(text: &str) -> ModelSource {
        ModelSource::Hub(text.parse().unwrap())
    }

    #[test]
    fn a_folder_that_exists_is_no_name_on_the_hub() {
        let dir = tempfile::TempDir::new().unwrap();
        fs::create_dir_all(dir.path().join("owner/here")).unwrap();
        let seen = |text: &str| ModelSource::named(text).beside(dir.path());
        assert_eq!(seen("owner/here"), ModelSource::Folder(dir.path().join("owner/here")));
        assert_eq!(seen("owner/there"), hub("owner/there"));
        assert_eq!(seen("bert-base-uncased"), hub("bert-base-uncased"));
        assert_eq!(seen("owner/here@main"), hub("owner/here@main"));
    }

    #[test]
    fn what_looks_like_a_path_is_one() {
        for text in ["./x", "../x", "/x", "/x/y", "x/y/z", "x/", "~/x", "C:\\x", "x\\y", "a b"] {
            let seen = ModelSource::named(text).beside(Path::new("at"));
            assert_eq!(seen, ModelSource::Folder(Path::new("at").join(text)));
        }
    }
}
