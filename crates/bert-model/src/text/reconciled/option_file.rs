//! A JSON file with options of a tokenizer.

use serde_json::{Map, Value};

use crate::text::tokenizer_error::TokenizerError;

/// The options of a file; none if there is no such file.
#[derive(Clone, Debug)]
pub(crate) struct OptionFile {
    pub(crate) name: &'static str,
    keys: Map<String, Value>,
}

impl OptionFile {
    /// Reads the bytes of the file `name`.
    pub(crate) fn read(name: &'static str, json: Option<&[u8]>) -> Result<Self, TokenizerError> {
        let Some(json) = json else { return Ok(Self { name, keys: Map::new() }) };
        match serde_json::from_slice(json) {
            Ok(keys) => Ok(Self { name, keys }),
            Err(error) => Err(TokenizerError::Options { file: name, message: error.to_string() }),
        }
    }

    /// The value of a key, unless it is absent or null.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.keys.get(key).filter(|value| !value.is_null())
    }

    /// True if the file has the key, null or not.
    pub(crate) fn contains(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// True if the file has the key with the value null.
    pub(crate) fn is_null(&self, key: &str) -> bool {
        self.keys.get(key).is_some_and(Value::is_null)
    }

    /// All keys with their values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.keys.iter()
    }

    /// A value that is true or false.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, TokenizerError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(self.error(key, format!("is {other}, not true or false"))),
        }
    }

    /// A value that is a text.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&str>, TokenizerError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.error(key, format!("is {other}, not a text"))),
        }
    }

    /// An error about a key.
    pub(crate) fn error(&self, key: &str, problem: impl Into<String>) -> TokenizerError {
        TokenizerError::Setting { file: self.name, key: key.to_owned(), problem: problem.into() }
    }
}
