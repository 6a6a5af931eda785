//! The files of a repository that a checkpoint is made of.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{
    cache::presence::Presence,
    checkouts::unusable_file::{SLOW_TOKENIZERS, weights_advice},
    error::HubError,
    naming::repo::Repo,
};

/// The files of one commit.
pub(crate) trait CommitFiles {
    /// Provides a file, if the commit has it.
    ///
    /// # Errors
    /// If the file cannot be provided.
    fn provide(&mut self, file: &str) -> Result<Presence, HubError>;

    /// The bytes of a small file that was provided.
    ///
    /// # Errors
    /// If they cannot be read.
    fn read(&mut self, file: &str) -> Result<Vec<u8>, HubError>;

    /// The error that none of `files`, of which a checkpoint needs one, is there. Their presence is
    /// `Absent` or `Unknown`.
    fn missing_error(&self, files: String, presence: Presence) -> HubError;

    /// Names of files of the commit, as far as they are known: to explain why a checkpoint is not one.
    ///
    /// # Errors
    /// If the caller ended it.
    fn file_names(&self) -> Result<Vec<String>, HubError>;

    fn repo(&self) -> &Repo;
}

/// Forms in which weights may be stored, best first.
pub const WEIGHTS: [&str; 4] =
    [SAFETENSORS, INDEX, "pytorch_model.bin", "pytorch_model.bin.index.json"];

/// Weights in one file whose header names the tensors.
pub(crate) const SAFETENSORS: &str = "model.safetensors";

/// The list of the files of weights, if there are several.
const INDEX: &str = "model.safetensors.index.json";

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const VOCABULARY: &str = "vocab.txt";
/// The vocabulary of byte-level tokenizers, whose merges are in a file of their own.
const BYTE_VOCABULARY: &str = "vocab.json";
const MERGES: &str = "merges.txt";
const TOKENIZER_OPTIONS: &str = "tokenizer_config.json";
/// The merges of PhoBERT's and BERTweet's tokenizers, which are read with `vocab.txt`, whatever else there is.
const CODES: &str = "bpe.codes";

/// Forms in which a tokenizer may be stored, best first.
pub const TOKENIZERS: [&str; 3] = [TOKENIZER, VOCABULARY, BYTE_VOCABULARY];

/// Files that a tokenizer may have besides its options.
const TOKENIZER_EXTRAS: [&str; 2] = ["special_tokens_map.json", "added_tokens.json"];

/// Provides everything but the weights: the configuration and the tokenizer.
pub(crate) fn provide_description(files: &mut impl CommitFiles) -> Result<(), HubError> {
    if let Err(presence) = provide_first_of(files, &[CONFIG])? {
        return Err(no_config_error(files, presence));
    }
    let tokenizer = match provide_first_of(files, &TOKENIZERS)? {
        Ok(tokenizer) => tokenizer,
        Err(presence) => return Err(no_tokenizer_error(files, presence)),
    };
    if tokenizer == BYTE_VOCABULARY
        && let Err(presence) = provide_first_of(files, &[MERGES])?
    {
        return Err(files.missing_error(MERGES.to_owned(), presence));
    }
    let options = files.provide(TOKENIZER_OPTIONS)?;
    // The options specify how to split a text, which a vocabulary alone does not.
    if options == Presence::Unknown && tokenizer != TOKENIZER {
        return Err(files.missing_error(TOKENIZER_OPTIONS.to_owned(), options));
    }
    for file in TOKENIZER_EXTRAS {
        files.provide(file)?;
    }
    if files.provide(CODES)? == Presence::Present {
        files.provide(VOCABULARY)?;
    }
    Ok(())
}

/// Provides the weights, in one file or in several.
pub(crate) fn provide_weights(files: &mut impl CommitFiles) -> Result<(), HubError> {
    let found = match provide_first_of(files, &WEIGHTS)? {
        Ok(found) => found,
        Err(presence) => return Err(no_weights_error(files, presence)),
    };
    if !found.ends_with(".index.json") {
        return Ok(());
    }
    let index = files.read(found)?;
    let shards: BTreeSet<String> =
        parse_index(found, &index, files.repo())?.into_values().collect();
    for shard in shards {
        if let Err(presence) = provide_first_of(files, &[&shard])? {
            return Err(files.missing_error(shard, presence));
        }
    }
    Ok(())
}

/// The error of a repository without `config.json`.
pub(crate) fn no_config_error(files: &impl CommitFiles, presence: Presence) -> HubError {
    if presence == Presence::Absent {
        let names = match files.file_names() {
            Ok(names) => names,
            Err(error) => return error,
        };
        if let Some(error) = unusable_weights_error(files, &names, CONFIG) {
            return error;
        }
        let below = format!("/{CONFIG}");
        if let Some(folder) = names.iter().find_map(|name| name.strip_suffix(&below)) {
            let repo = files.repo().id().to_owned();
            return HubError::ModelInFolder { repo, folder: folder.to_owned() };
        }
    }
    files.missing_error(CONFIG.to_owned(), presence)
}

fn no_tokenizer_error(files: &impl CommitFiles, presence: Presence) -> HubError {
    if presence == Presence::Absent {
        let names = match files.file_names() {
            Ok(names) => names,
            Err(error) => return error,
        };
        if let Some(file) = SLOW_TOKENIZERS.iter().find(|file| names.iter().any(|n| n == *file)) {
            return HubError::SlowTokenizer { repo: files.repo().id().to_owned(), file };
        }
    }
    files.missing_error(TOKENIZERS.join(" or "), presence)
}

fn no_weights_error(files: &impl CommitFiles, presence: Presence) -> HubError {
    let expected = WEIGHTS.join(" or ");
    if presence == Presence::Absent {
        let names = match files.file_names() {
            Ok(names) => names,
            Err(error) => return error,
        };
        if let Some(error) = unusable_weights_error(files, &names, &expected) {
            return error;
        }
    }
    files.missing_error(expected, presence)
}

/// The error of weights in a form that is not read, if there are any.
fn unusable_weights_error(
    files: &impl CommitFiles,
    names: &[String],
    missing: &str,
) -> Option<HubError> {
    let (file, advice) = names.iter().find_map(|name| Some((name, weights_advice(name)?)))?;
    let (repo, file, missing) = (files.repo().id().to_owned(), file.clone(), missing.to_owned());
    Some(HubError::UnusableWeights { repo, missing, file, advice })
}

/// Provides the first of these files that the commit has, and returns its name. The inner error is
/// the presence of all of them.
fn provide_first_of<'a>(
    files: &mut impl CommitFiles,
    names: &[&'a str],
) -> Result<Result<&'a str, Presence>, HubError> {
    let mut presence = Presence::Absent;
    for name in names {
        match files.provide(name)? {
            Presence::Present => return Ok(Ok(name)),
            Presence::Absent => (),
            Presence::Unknown => presence = Presence::Unknown,
        }
    }
    Ok(Err(presence))
}

/// The file of each tensor, from an index.
pub(crate) fn parse_index(
    name: &str,
    index: &[u8],
    repo: &Repo,
) -> Result<BTreeMap<String, String>, HubError> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let (index_name, repo) = (name.to_owned(), repo.to_string());
    let index: Index = match serde_json::from_slice(index) {
        Ok(index) => index,
        Err(error) => {
            return Err(HubError::Index { index: index_name, repo, message: error.to_string() });
        }
    };
    if let Some(file) = index.weight_map.values().find(|name| !is_plain_name(name)) {
        return Err(HubError::ShardName { index: index_name, repo, file: file.clone() });
    }
    Ok(index.weight_map)
}

/// Whether this is safe as a part of paths and addresses.
fn is_plain_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    !name.is_empty()
        && !name.starts_with('.')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository with some files.
    struct Fixed {
        repo: Repo,
        files: BTreeMap<&'static str, Presence>,
        /// Files that were requested and found.
        provided: Vec<String>,
    }

    impl Fixed {
        fn new(present: &[&'static str], unknown: &[&'static str]) -> Self {
            let present = present.iter().map(|name| (*name, Presence::Present));
            let unknown = unknown.iter().map(|name| (*name, Presence::Unknown));
            let repo = "a/b".parse().unwrap();
            Self { repo, files: present.chain(unknown).collect(), provided: Vec::new() }
        }
    }

    impl CommitFiles for Fixed {
        fn provide(&mut self, file: &str) -> Result<Presence, HubError> {
            let presence = self.files.get(file).copied().unwrap_or(Presence::Absent);
            let is_new = !self.provided.iter().any(|name| name == file);
            if presence == Presence::Present && is_new {
                self.provided.push(file.to_owned());
            }
            Ok(presence)
        }

        fn read(&mut self, _: &str) -> Result<Vec<u8>, HubError> {
            Ok(br#"{"weight_map": {"x": "two.safetensors", "y": "one.safetensors"}}"#.to_vec())
        }

        fn missing_error(&self, files: String, _: Presence) -> HubError {
            HubError::NoFile { repo: self.repo.to_string(), files }
        }

        fn file_names(&self) -> Result<Vec<String>, HubError> {
            Ok(self.files.keys().map(|name| (*name).to_owned()).collect())
        }

        fn repo(&self) -> &Repo {
            &self.repo
        }
    }

    /// The files that a checkpoint is made of, in a repository with these files.
    fn provided(present: &[&'static str], unknown: &[&'static str]) -> Result<Vec<String>, String> {
        let mut files = Fixed::new(present, unknown);
        provide_description(&mut files)
            .and_then(|()| provide_weights(&mut files))
            .map_err(|error| error.to_string())?;
        Ok(files.provided)
    }

    #[test]
    fn the_best_kind_of_each_file_is_taken() {
        let new = ["config.json", "tokenizer.json", "vocab.txt", "model.safetensors"];
        let both = [&new[..], &["pytorch_model.bin"]].concat();
        let expected = ["config.json", "tokenizer.json", "model.safetensors"];
        assert_eq!(provided(&both, &[]).unwrap(), expected);
        let old = ["config.json", "vocab.txt", "tokenizer_config.json", "pytorch_model.bin"];
        assert_eq!(provided(&old, &[]).unwrap(), old);
        let bytes =
            ["config.json", "vocab.json", "merges.txt", "added_tokens.json", "pytorch_model.bin"];
        assert_eq!(provided(&bytes, &[]).unwrap(), bytes);
        let error = provided(&["config.json", "vocab.json"], &[]).unwrap_err();
        assert!(error.contains("merges.txt"), "{error}");
    }

    #[test]
    fn merges_of_fast_bpe_come_with_their_vocabulary() {
        let present = ["config.json", "tokenizer.json", "bpe.codes", "vocab.txt"];
        let mut files = Fixed::new(&present, &[]);
        provide_description(&mut files).unwrap();
        assert_eq!(files.provided, present);
    }

    #[test]
    fn every_shard_of_an_index_is_taken() {
        let present =
            ["config.json", "tokenizer.json", INDEX, "one.safetensors", "two.safetensors"];
        assert_eq!(provided(&present, &[]).unwrap(), present);
        assert!(provided(&present[..4], &[]).unwrap_err().contains("two.safetensors"));
    }

    #[test]
    fn a_missing_file_is_named() {
        assert!(provided(&[], &[]).unwrap_err().contains("config.json"));
        let error = provided(&["config.json"], &[]).unwrap_err();
        assert!(error.contains("tokenizer.json or vocab.txt or vocab.json"), "{error}");
        let error = provided(&["config.json", "tokenizer.json"], &[]).unwrap_err();
        assert!(error.contains("model.safetensors or") && error.contains("bin"), "{error}");
    }

    #[test]
    fn files_that_are_not_read_lead_on() {
        let model = ["config.json", "tokenizer.json"];
        for (files, expected) in [
            ([&model[..], &["tf_model.h5"]].concat(), "from_tf=True"),
            ([&model[..], &["flax_model.msgpack"]].concat(), "from_flax=True"),
            ([&model[..], &["onnx/model.onnx"]].concat(), "made from"),
            (vec!["model.Q8_0.gguf"], "model.Q8_0.gguf"),
            (vec!["adapter_config.json", "adapter_model.safetensors"], "merge_and_unload"),
            (vec!["0_Transformer/config.json"], "0_Transformer"),
            (vec!["config.json", "sentencepiece.bpe.model"], "AutoTokenizer"),
            (vec!["config.json", "spiece.model"], "AutoTokenizer"),
            (vec!["config.json", "vocab.json"], "merges.txt"),
        ] {
            let error = provided(&files, &[]).unwrap_err();
            assert!(error.contains(expected) && error.contains("a/b"), "{files:?}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }

    #[test]
    fn weights_of_pytorch_may_have_an_index() {
        let present = [
            "config.json",
            "tokenizer.json",
            "pytorch_model.bin.index.json",
            "one.safetensors",
            "two.safetensors",
        ];
        assert_eq!(provided(&present, &[]).unwrap(), present);
    }

    #[test]
    fn a_vocabulary_needs_its_options_to_be_known() {
        let present = ["config.json", "vocab.txt", "pytorch_model.bin"];
        assert_eq!(provided(&present, &["model.safetensors"]).unwrap(), present);
        let error = provided(&present, &["tokenizer_config.json"]).unwrap_err();
        assert!(error.contains("tokenizer_config.json"), "{error}");
    }

    #[test]
    fn an_index_that_leaves_its_folder_is_refused() {
        let repo: Repo = "a/b".parse().unwrap();
        for name in ["../x", "/etc/passwd", "a/b", ".x", "", "a\\b"] {
            let index = format!(r#"{{"weight_map": {{"t": "{name}"}}}}"#);
            let error = parse_index(INDEX, index.as_bytes(), &repo).unwrap_err();
            assert!(matches!(error, HubError::ShardName { .. }), "{name}: {error}");
        }
        assert!(matches!(parse_index(INDEX, b"[]", &repo), Err(HubError::Index { .. })));
    }
}
