//! Environment variables, read as the hub's Python library reads them.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use crate::error::HubError;

/// The path in a text, in which `~` at the beginning, and `$NAME` and `${NAME}` anywhere, are replaced
/// by the values of these variables.
#[must_use]
pub fn expand_path(text: &str, var: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    Variables(var).expand(text)
}

/// Variables of an environment. An empty value counts as none.
pub(crate) struct Variables<F>(pub(crate) F);

impl<F: Fn(&str) -> Option<OsString>> Variables<F> {
    fn value(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.value(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// The first of these variables that has a value, with its value.
    pub(crate) fn first_text<'a>(&self, names: &[&'a str]) -> Option<(&'a str, String)> {
        names.iter().find_map(|name| Some((*name, self.text(name)?)))
    }

    pub(crate) fn home_folder(&self) -> Option<PathBuf> {
        self.value("HOME").or_else(|| self.value("USERPROFILE")).map(PathBuf::from)
    }

    /// A path, in which `~` and other variables are replaced.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        let value = self.value(name)?;
        let Some(text) = value.to_str() else { return Some(value.into()) };
        Some(self.expand(text))
    }

    /// The path of the first of these variables that has a value.
    pub(crate) fn first_path<'a>(&self, names: &[&'a str]) -> Option<(&'a str, PathBuf)> {
        names.iter().find_map(|name| Some((*name, self.path(name)?)))
    }

    /// A path with `~` at its beginning, and `$NAME` and `${NAME}` anywhere, replaced by their values.
    /// A variable without a value stays as it is.
    fn expand(&self, text: &str) -> PathBuf {
        let text = self.replace_variables(text);
        let Some(rest) = text.strip_prefix('~') else { return text.into() };
        match self.home_folder() {
            Some(home) if rest.is_empty() => home,
            Some(home) if rest.starts_with(['/', '\\']) => home.join(&rest[1..]),
            _ => text.into(),
        }
    }

    fn replace_variables(&self, text: &str) -> String {
        let mut replaced = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            replaced.push_str(before);
            let (name, end) = match after.strip_prefix('{').and_then(|tail| tail.split_once('}')) {
                Some((name, end)) => (name, end),
                None => {
                    after.split_at(after.find(|c| !is_name_character(c)).unwrap_or(after.len()))
                }
            };
            if let Some(value) = self.text(name) {
                replaced.push_str(&value);
            } else {
                replaced.push('$');
                replaced.push_str(&after[..after.len() - end.len()]);
            }
            rest = end;
        }
        replaced + rest
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| is_true(&value))
    }

    /// A number of seconds; `default` if there is none, or if it is 0.
    pub(crate) fn seconds(
        &self,
        name: &'static str,
        default: Duration,
    ) -> Result<Duration, HubError> {
        let Some(text) = self.text(name) else { return Ok(default) };
        match text.trim().parse::<u64>() {
            Ok(0) => Ok(default),
            Ok(seconds) => Ok(Duration::from_secs(seconds).min(LONGEST_TIMEOUT)),
            Err(_) => Err(HubError::Seconds { variable: name, found: text }),
        }
    }
}

/// Longest timeout: longer ones are shortened to it, because a clock has a last moment.
const LONGEST_TIMEOUT: Duration = Duration::from_hours(24);

fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Whether a switch is on, by the rules of the hub's own tools.
pub(crate) fn is_true(value: &str) -> bool {
    ["1", "on", "yes", "true"].contains(&value.to_ascii_lowercase().as_str())
}
