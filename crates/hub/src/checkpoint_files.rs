//! The files of a repository that a checkpoint is made of.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{cache::presence::Presence, error::HubError, repo::Repo};

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

    fn repo(&self) -> &Repo;
}

/// Forms in which weights may be stored, best first.
const WEIGHTS: [&str; 3] = ["model.safetensors", INDEX, "pytorch_model.bin"];

/// The list of the files of weights, if there are several.
const INDEX: &str = "model.safetensors.index.json";

const TOKENIZER: &str = "tokenizer.json";
const VOCABULARY: &str = "vocab.txt";
const TOKENIZER_OPTIONS: &str = "tokenizer_config.json";

/// Provides everything but the weights: the configuration and the tokenizer.
pub(crate) fn provide_description(files: &mut impl CommitFiles) -> Result<(), HubError> {
    provide_first_of(files, &["config.json"])?;
    let tokenizer = provide_first_of(files, &[TOKENIZER, VOCABULARY])?;
    let options = files.provide(TOKENIZER_OPTIONS)?;
    // The options say how to split a text, which a vocabulary alone does not.
    if options == Presence::Unknown && tokenizer == VOCABULARY {
        return Err(files.missing_error(TOKENIZER_OPTIONS.to_owned(), options));
    }
    files.provide("special_tokens_map.json").map(drop)
}

/// Provides the weights, in one file or in several.
pub(crate) fn provide_weights(files: &mut impl CommitFiles) -> Result<(), HubError> {
    if provide_first_of(files, &WEIGHTS)? != INDEX {
        return Ok(());
    }
    let index = files.read(INDEX)?;
    for shard in parse_index(&index, files.repo())? {
        provide_first_of(files, &[&shard])?;
    }
    Ok(())
}

/// Provides the first of these files that the commit has, and returns its name.
fn provide_first_of<'a>(
    files: &mut impl CommitFiles,
    names: &[&'a str],
) -> Result<&'a str, HubError> {
    let mut presence = Presence::Absent;
    for name in names {
        match files.provide(name)? {
            Presence::Present => return Ok(name),
            Presence::Absent => (),
            Presence::Unknown => presence = Presence::Unknown,
        }
    }
    Err(files.missing_error(names.join(" or "), presence))
}

/// The files that an index names.
fn parse_index(index: &[u8], repo: &Repo) -> Result<BTreeSet<String>, HubError> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let index: Index = serde_json::from_slice(index).map_err(|error| HubError::Index {
        index: INDEX,
        repo: repo.to_string(),
        message: error.to_string(),
    })?;
    let shards: BTreeSet<String> = index.weight_map.into_values().collect();
    if let Some(file) = shards.iter().find(|name| !is_plain_name(name)) {
        let file = file.clone();
        return Err(HubError::ShardName { index: INDEX, repo: repo.to_string(), file });
    }
    Ok(shards)
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
            if presence == Presence::Present {
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
        assert!(error.contains("tokenizer.json or vocab.txt"), "{error}");
        let error = provided(&["config.json", "tokenizer.json"], &[]).unwrap_err();
        assert!(error.contains("model.safetensors or") && error.contains("bin"), "{error}");
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
            let error = parse_index(index.as_bytes(), &repo).unwrap_err();
            assert!(matches!(error, HubError::ShardName { .. }), "{name}: {error}");
        }
        assert!(matches!(parse_index(b"[]", &repo), Err(HubError::Index { .. })));
    }
}
