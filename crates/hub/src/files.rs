//! Which files of a repository a checkpoint is made of.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{HubError, Repo};

/// Where the files of a commit come from.
pub(crate) trait Files {
    /// Whether the commit has this file, which then is where it comes to. None where nobody can say.
    ///
    /// # Errors
    /// Where the file cannot be had.
    fn has(&mut self, file: &str) -> Result<Option<bool>, HubError>;

    /// The bytes of a small file that it has.
    ///
    /// # Errors
    /// Where they cannot be had.
    fn read(&mut self, file: &str) -> Result<Vec<u8>, HubError>;

    /// That a checkpoint needs what is not here: not in the repository, or not known to be.
    fn missing(&self, what: String, known: bool) -> HubError;

    fn repo(&self) -> &Repo;
}

/// What the weights may be stored as, best first.
const WEIGHTS: [&str; 3] = ["model.safetensors", INDEX, "pytorch_model.bin"];

/// Where the weights are in several files, it says which.
const INDEX: &str = "model.safetensors.index.json";

/// Everything but the weights: the configuration and the tokenizer.
pub(crate) fn description(files: &mut impl Files) -> Result<(), HubError> {
    first_of(files, &["config.json"])?;
    let tokenizer = first_of(files, &["tokenizer.json", "vocab.txt"])?;
    let options = "tokenizer_config.json";
    // A vocabulary does not say how a text is split. `tokenizer.json` says everything.
    if files.has(options)?.is_none() && tokenizer == "vocab.txt" {
        return Err(files.missing(options.to_owned(), false));
    }
    files.has("special_tokens_map.json").map(drop)
}

/// The weights, in one file or in several.
pub(crate) fn weights(files: &mut impl Files) -> Result<(), HubError> {
    if first_of(files, &WEIGHTS)? != INDEX {
        return Ok(());
    }
    let shards = shards(&files.read(INDEX)?).map_err(|reason| HubError::Index {
        file: INDEX,
        repo: files.repo().to_string(),
        reason,
    })?;
    shards.iter().try_for_each(|shard| first_of(files, &[shard]).map(drop))
}

/// The first of these files that there is.
fn first_of<'a>(files: &mut impl Files, names: &[&'a str]) -> Result<&'a str, HubError> {
    let mut known = true;
    for name in names {
        match files.has(name)? {
            Some(true) => return Ok(name),
            Some(false) => (),
            None => known = false,
        }
    }
    Err(files.missing(names.join(" or "), known))
}

/// The files that an index names.
fn shards(index: &[u8]) -> Result<BTreeSet<String>, String> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let index: Index = serde_json::from_slice(index).map_err(|error| error.to_string())?;
    let shards: BTreeSet<String> = index.weight_map.into_values().collect();
    // They become parts of paths and addresses.
    let plain = |name: &String| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        !name.is_empty() && !name.starts_with('.') && name.bytes().all(allowed)
    };
    match shards.iter().find(|name| !plain(name)) {
        Some(name) => Err(format!("{name:?} is no name of a file of weights")),
        None => Ok(shards),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a repository has, and what was asked for and found.
    struct Fixed {
        repo: Repo,
        there: BTreeMap<&'static str, Option<bool>>,
        found: Vec<String>,
    }

    impl Fixed {
        fn new(there: &[&'static str], unknown: &[&'static str]) -> Self {
            let there = there.iter().map(|name| (*name, Some(true)));
            let unknown = unknown.iter().map(|name| (*name, None));
            let repo = "a/b".parse().unwrap();
            Self { repo, there: there.chain(unknown).collect(), found: Vec::new() }
        }
    }

    impl Files for Fixed {
        fn has(&mut self, file: &str) -> Result<Option<bool>, HubError> {
            let there = self.there.get(file).copied().unwrap_or(Some(false));
            if there == Some(true) {
                self.found.push(file.to_owned());
            }
            Ok(there)
        }

        fn read(&mut self, _: &str) -> Result<Vec<u8>, HubError> {
            Ok(br#"{"weight_map": {"x": "two.safetensors", "y": "one.safetensors"}}"#.to_vec())
        }

        fn missing(&self, what: String, _: bool) -> HubError {
            HubError::NoFile { repo: self.repo.to_string(), files: what }
        }

        fn repo(&self) -> &Repo {
            &self.repo
        }
    }

    fn all(there: &[&'static str], unknown: &[&'static str]) -> Result<Vec<String>, String> {
        let mut files = Fixed::new(there, unknown);
        description(&mut files)
            .and_then(|()| weights(&mut files))
            .map_err(|error| error.to_string())?;
        Ok(files.found)
    }

    #[test]
    fn the_best_kind_of_each_file_is_taken() {
        let new = ["config.json", "tokenizer.json", "vocab.txt", "model.safetensors"];
        let both = [&new[..], &["pytorch_model.bin"]].concat();
        let expected = ["config.json", "tokenizer.json", "model.safetensors"];
        assert_eq!(all(&both, &[]).unwrap(), expected);
        let old = ["config.json", "vocab.txt", "tokenizer_config.json", "pytorch_model.bin"];
        assert_eq!(all(&old, &[]).unwrap(), old);
    }

    #[test]
    fn every_shard_of_an_index_is_taken() {
        let there = ["config.json", "tokenizer.json", INDEX, "one.safetensors", "two.safetensors"];
        assert_eq!(all(&there, &[]).unwrap(), there);
        assert!(all(&there[..4], &[]).unwrap_err().contains("two.safetensors"));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(all(&[], &[]).unwrap_err().contains("config.json"));
        let error = all(&["config.json"], &[]).unwrap_err();
        assert!(error.contains("tokenizer.json or vocab.txt"), "{error}");
        let error = all(&["config.json", "tokenizer.json"], &[]).unwrap_err();
        assert!(error.contains("model.safetensors or") && error.contains("bin"), "{error}");
    }

    #[test]
    fn a_vocabulary_needs_its_options_to_be_known() {
        let there = ["config.json", "vocab.txt", "pytorch_model.bin"];
        assert_eq!(all(&there, &["model.safetensors"]).unwrap(), there);
        let error = all(&there, &["tokenizer_config.json"]).unwrap_err();
        assert!(error.contains("tokenizer_config.json"), "{error}");
    }

    #[test]
    fn an_index_leads_nowhere_else() {
        for name in ["../x", "/etc/passwd", "a/b", ".x", "", "a\\b"] {
            let index = format!(r#"{{"weight_map": {{"t": "{name}"}}}}"#);
            assert!(shards(index.as_bytes()).is_err(), "{name}");
        }
        assert!(shards(b"[]").is_err());
    }
}
