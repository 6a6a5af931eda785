//! The keys of a `config.json`, each read in the form that its values must have.

use serde_json::{Map, Value};

use crate::{config::config_error::ConfigError, error::BertModelError};

/// The form of a value in JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) has: fn(&Value) -> bool,
}

pub(crate) const SIZE: Form = Form { name: "a positive whole number", has: Value::is_u64 };
const COUNT: Form = Form { name: "a whole number that is not negative", has: Value::is_u64 };
pub(crate) const NUMBER: Form = Form { name: "a number", has: Value::is_number };
pub(crate) const FLAG: Form = Form { name: "true or false", has: Value::is_boolean };
pub(crate) const TEXT: Form = Form { name: "a text", has: Value::is_string };
pub(crate) const LIST: Form = Form { name: "a list", has: Value::is_array };
const OBJECT: Form = Form { name: "an object", has: Value::is_object };

/// The keys of a `config.json` or of an object in it. A key that is null counts as absent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonKeys<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> JsonKeys<'a> {
    /// The value of a key, if there is one.
    pub(crate) fn get(self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    fn of_form(self, key: &'static str, form: Form) -> Result<Option<&'a Value>, BertModelError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        if !(form.has)(value) {
            let error = ConfigError::Form { key, found: value.to_string(), expected: form.name };
            return Err(BertModelError::Config(error));
        }
        Ok(Some(value))
    }

    pub(crate) fn flag(self, key: &'static str) -> Result<Option<bool>, BertModelError> {
        Ok(self.of_form(key, FLAG)?.and_then(Value::as_bool))
    }

    /// A size, which is not 0.
    pub(crate) fn size(self, key: &'static str) -> Result<Option<usize>, BertModelError> {
        let value = self.of_form(key, SIZE)?.and_then(Value::as_u64);
        match value.map(usize::try_from) {
            None => Ok(None),
            Some(Ok(size)) if size > 0 => Ok(Some(size)),
            Some(_) => Err(BertModelError::Config(ConfigError::ZeroSize { key })),
        }
    }

    /// A size that may be 0.
    pub(crate) fn count(self, key: &'static str) -> Result<Option<usize>, BertModelError> {
        let count = self.of_form(key, COUNT)?.and_then(Value::as_u64);
        // More than there can be things is as many as there are.
        Ok(count.map(|count| usize::try_from(count).unwrap_or(usize::MAX)))
    }

    pub(crate) fn number(self, key: &'static str) -> Result<Option<f64>, BertModelError> {
        Ok(self.of_form(key, NUMBER)?.and_then(Value::as_f64))
    }

    pub(crate) fn text(self, key: &'static str) -> Result<Option<&'a str>, BertModelError> {
        Ok(self.of_form(key, TEXT)?.and_then(Value::as_str))
    }

    pub(crate) fn list(self, key: &'static str) -> Result<Option<&'a [Value]>, BertModelError> {
        Ok(self.of_form(key, LIST)?.and_then(Value::as_array).map(Vec::as_slice))
    }

    pub(crate) fn object(self, key: &'static str) -> Result<Option<JsonKeys<'a>>, BertModelError> {
        Ok(self.of_form(key, OBJECT)?.and_then(Value::as_object).map(JsonKeys))
    }
}

/// The error of a value that asks for something else than what is supported.
pub(crate) fn unsupported(
    key: &'static str,
    found: impl Into<Value>,
    supported: &str,
) -> BertModelError {
    BertModelError::Unsupported {
        key,
        found: found.into().to_string(),
        supported: supported.to_owned(),
    }
}
