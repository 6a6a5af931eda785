//! Folders of checkpoints: found from a path that leads near them, and checked before they are opened.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bert_model::ModelFolder;
use hub::{Repo, SLOW_TOKENIZERS, TOKENIZERS, WEIGHTS, weights_advice};

use crate::loading::model_name_error::ModelNameError;

const CONFIG: &str = "config.json";

/// Other files of a checkpoint, whose folder may be meant by them.
const COMPANIONS: [&str; 5] =
    [CONFIG, "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "merges.txt"];

const ARCHIVES: [&str; 5] = [".zip", ".tar", ".gz", ".tgz", ".7z"];

/// Number of folders or models that an error names at most.
const MOST_NAMED: usize = 5;

/// Start of the name of a model's folder in the hub's cache.
const CACHED: &str = "models--";

/// Start of the name of a folder in which `transformers` saves the state of a training.
const TRAINING: &str = "checkpoint-";

/// The folder of the checkpoint that an existing path leads to: the folder itself, that of a file of a
/// checkpoint, or that of a commit in the hub's cache.
pub(crate) fn find_folder(path: &Path) -> Result<PathBuf, ModelNameError> {
    if path.is_file() {
        return folder_of_file(path);
    }
    if path.join(CONFIG).exists() {
        return Ok(path.to_owned());
    }
    if let Some(repo) = cached_repo(path) {
        return find_commit(path, &repo);
    }
    if let Some(parent) = path.parent()
        && let Some(repo) = cached_repo(parent)
        && ["snapshots", "refs", "blobs"].iter().any(|name| path.ends_with(name))
    {
        return find_commit(parent, &repo);
    }
    for cache in [path.to_owned(), path.join("hub")] {
        let cached: Vec<Repo> = folders_in(&cache).iter().filter_map(|p| cached_repo(p)).collect();
        if !cached.is_empty() {
            let found = cached.iter().take(MOST_NAMED).map(ToString::to_string).collect();
            return Err(ModelNameError::Cache { folder: path.to_owned(), found });
        }
    }
    Ok(path.to_owned())
}

fn folder_of_file(path: &Path) -> Result<PathBuf, ModelNameError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = name.as_str();
    if COMPANIONS.contains(&name) || TOKENIZERS.contains(&name) || SLOW_TOKENIZERS.contains(&name) {
        return Ok(folder.to_owned());
    }
    let path = path.to_owned();
    if WEIGHTS.contains(&name) {
        return match WEIGHTS.into_iter().find(|weights| folder.join(weights).exists()) {
            Some(read) if read != name => Err(ModelNameError::OtherWeights { path, read }),
            _ => Ok(folder.to_owned()),
        };
    }
    if let Some(advice) = weights_advice(name) {
        return Err(ModelNameError::UnusableWeights { path, advice });
    }
    if ARCHIVES.iter().any(|ending| name.ends_with(ending)) {
        return Err(ModelNameError::Archive { path });
    }
    Err(ModelNameError::File { path })
}

/// The model whose folder in the hub's cache has the name of this path.
pub(crate) fn cached_repo(path: &Path) -> Option<Repo> {
    let name = path.file_name()?.to_str()?.strip_prefix(CACHED)?;
    name.replacen("--", "/", 1).parse().ok()
}

/// The folder of the commit of `main` in a model's folder in the hub's cache, or of the only commit.
fn find_commit(cache: &Path, repo: &Repo) -> Result<PathBuf, ModelNameError> {
    let snapshots = cache.join("snapshots");
    if let Ok(commit) = fs::read_to_string(cache.join("refs/main")) {
        let commit = snapshots.join(commit.trim());
        if commit.join(CONFIG).exists() {
            return Ok(commit);
        }
    }
    let mut found = folders_in(&snapshots);
    found.retain(|commit| commit.join(CONFIG).exists());
    match found.as_slice() {
        [] => Err(ModelNameError::EmptyCache { folder: cache.to_owned(), repo: repo.to_string() }),
        [commit] => Ok(commit.clone()),
        _ => {
            found.truncate(MOST_NAMED);
            Err(ModelNameError::Commits { folder: cache.to_owned(), found })
        }
    }
}

/// Checks that a folder has the files of a checkpoint, and returns the folder of its tokenizer: that
/// above it, if the checkpoint is the state of a training that has no tokenizer of its own.
pub(crate) fn check_folder(folder: &Path) -> Result<PathBuf, ModelNameError> {
    if !folder.exists() {
        return Err(ModelNameError::NoFolder { path: folder.to_owned() });
    }
    if check_files(&ModelFolder::Disk(folder.to_owned()))? {
        return Ok(folder.to_owned());
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    if !name.starts_with(TRAINING) {
        return Ok(folder.to_owned());
    }
    let above = folder.join("..");
    if TOKENIZERS.iter().any(|name| above.join(name).exists()) {
        return Ok(folder
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .map_or(above, Path::to_owned));
    }
    Err(ModelNameError::NoTokenizer { folder: folder.to_owned() })
}

/// Checks that a folder has the files of a checkpoint. Returns whether it has a tokenizer.
pub(crate) fn check_files(folder: &ModelFolder) -> Result<bool, ModelNameError> {
    let has = |names: &[&str]| names.iter().any(|name| folder.contains(name));
    if !has(&[CONFIG]) {
        return Err(no_config_error(folder));
    }
    if !has(&WEIGHTS)
        && let Some(error) = unusable_weights_error(folder)
    {
        return Err(error);
    }
    if has(&TOKENIZERS) {
        return Ok(true);
    }
    match SLOW_TOKENIZERS.into_iter().find(|file| has(&[*file])) {
        Some(file) => {
            let folder = folder.path().to_owned();
            Err(ModelNameError::SlowTokenizer { folder, file })
        }
        None => Ok(false),
    }
}

fn no_config_error(folder: &ModelFolder) -> ModelNameError {
    let path = folder.path().to_owned();
    let mut found = checkpoints_in(folder);
    if !found.is_empty() {
        found.truncate(MOST_NAMED);
        return ModelNameError::InFolders { folder: path, found };
    }
    match unusable_weights_error(folder) {
        Some(error) => error,
        None => ModelNameError::NoConfig { folder: path },
    }
}

/// The error of weights in a form that is not read, if the folder has any.
fn unusable_weights_error(folder: &ModelFolder) -> Option<ModelNameError> {
    let mut files = folder.file_names();
    // The state of an optimiser is of no use without the weights.
    files.retain(|file| !["optimizer.pt", "scheduler.pt"].contains(&file.as_str()));
    files.into_iter().find_map(|file| {
        let advice = weights_advice(&file)?;
        Some(ModelNameError::UnusableWeights { path: folder.path().join(file), advice })
    })
}

/// The folders of checkpoints in a folder, in the order of their names.
fn checkpoints_in(folder: &ModelFolder) -> Vec<PathBuf> {
    match folder {
        ModelFolder::Disk(dir) => {
            let mut found = folders_in(dir);
            found.retain(|folder| folder.join(CONFIG).exists());
            found
        }
        ModelFolder::Memory(_) => {
            let files = folder.file_names();
            let configs = files.iter().map(Path::new).filter(|file| file.ends_with(CONFIG));
            configs.filter_map(|file| Some(folder.path().join(file.parent()?))).collect()
        }
    }
}

/// The folders in a folder, in the order of their names.
fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.is_dir());
    paths.sort_unstable();
    paths
}
