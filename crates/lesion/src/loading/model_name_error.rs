//! Errors in the name of a model, or in the folder that it names.

use std::path::PathBuf;

use hub::HubError;

/// A name that specifies no model. Each error prints as one line, with what to write instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelNameError {
    /// An empty name.
    #[error("the name is empty; write a folder, or a model of the hub as owner/name")]
    Empty,

    /// A path at which there is nothing.
    #[error("there is no folder {path:?}; write a folder, or a model of the hub as owner/name")]
    NoFolder {
        /// The path.
        path: PathBuf,
    },

    /// A folder of the hub's cache that is not there, by its model's name.
    #[error("there is no folder {path:?}; write {repo} to use this model of the hub")]
    NotCached {
        /// The path.
        path: PathBuf,
        /// The model.
        repo: String,
    },

    /// Neither a folder nor a possible name on the hub.
    #[error("there is no such folder, and {problem}")]
    Neither {
        /// Reason why the hub cannot have the name.
        problem: HubError,
    },

    /// A name with backslashes in place of slashes.
    #[error("there is no folder {path:?}; write a model of the hub as {repo}")]
    Backslashes {
        /// The path.
        path: PathBuf,
        /// The name with slashes.
        repo: String,
    },

    /// An address that is not one of a model.
    #[error(transparent)]
    Address(#[from] HubError),

    /// A file that is not one of a checkpoint.
    #[error("{path:?} is a file; write the folder of a checkpoint, with config.json in it")]
    File {
        /// The file.
        path: PathBuf,
    },

    /// An archive.
    #[error("{path:?} is an archive; unpack it and write the folder with config.json")]
    Archive {
        /// The file.
        path: PathBuf,
    },

    /// A file of weights in a folder where another one is read.
    #[error(
        "{path:?} is not read, because {read} is in the same folder; move one of them to another \
         folder"
    )]
    OtherWeights {
        /// The file.
        path: PathBuf,
        /// The file that is read.
        read: &'static str,
    },

    /// Weights in a form that is not read.
    #[error("{path:?} cannot be read: {advice}, and write FOLDER")]
    UnusableWeights {
        /// The file.
        path: PathBuf,
        /// How to get weights that are read.
        advice: &'static str,
    },

    /// A tokenizer in a form that is not read.
    #[error(
        "{folder:?} has no tokenizer.json, but only {file}, which needs Python; save the fast \
         tokenizer with transformers: \
         `AutoTokenizer.from_pretrained({folder:?}).save_pretrained({folder:?})`"
    )]
    SlowTokenizer {
        /// The folder.
        folder: PathBuf,
        /// The file of the tokenizer.
        file: &'static str,
    },

    /// A checkpoint of a training without its tokenizer.
    #[error(
        "{folder:?} has no tokenizer, and neither has the folder above it; save that of the model \
         that was trained: `AutoTokenizer.from_pretrained(NAME).save_pretrained({folder:?})`"
    )]
    NoTokenizer {
        /// The folder.
        folder: PathBuf,
    },

    /// A folder without `config.json`, with checkpoints in its folders.
    #[error("{folder:?} has no config.json, but its folders have; write one of {}", list(found))]
    InFolders {
        /// The folder.
        folder: PathBuf,
        /// The folders of checkpoints in it.
        found: Vec<PathBuf>,
    },

    /// A folder without `config.json`.
    #[error(
        "there is no {:?}; write a folder that was saved with `save_pretrained` of transformers, or a \
         model of the hub as hf://owner/name",
        folder.join("config.json")
    )]
    NoConfig {
        /// The folder.
        folder: PathBuf,
    },

    /// The hub's cache, with models in it.
    #[error("{folder:?} is a cache of models; write one of {}", found.join(", "))]
    Cache {
        /// The folder.
        folder: PathBuf,
        /// Names of models in it.
        found: Vec<String>,
    },

    /// A model in the hub's cache without a usable commit.
    #[error(
        "{folder:?} contains no commit of the model with a config.json; write {repo} to download it"
    )]
    EmptyCache {
        /// The folder.
        folder: PathBuf,
        /// The model.
        repo: String,
    },

    /// A model in the hub's cache with several commits, none of which is that of `main`.
    #[error("{folder:?} contains several commits of the model; write one of {}", list(found))]
    Commits {
        /// The folder.
        folder: PathBuf,
        /// The folders of the commits.
        found: Vec<PathBuf>,
    },
}

/// The paths in quotes, with commas between them.
#[expect(clippy::unnecessary_debug_formatting, reason = "it escapes characters of control")]
fn list(paths: &[PathBuf]) -> String {
    let quoted: Vec<String> = paths.iter().map(|path| format!("{path:?}")).collect();
    quoted.join(", ")
}
