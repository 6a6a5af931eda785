//! The settings of a study as keyword arguments.

use pyo3::prelude::*;
use study_record::{Section as _, Setting, SettingError, Study, guide::OF_THE_MODEL};

use crate::native_error::NativeError;

/// The full name of a setting, and its value in JSON.
pub(crate) type SettingJson = (String, String);

/// Every setting: its full name, default, documentation, and whether an argument can set it.
#[pyfunction]
pub(crate) fn settings() -> Vec<(String, String, String, bool)> {
    let mut rows = Vec::new();
    for setting in Study::settings() {
        let key = setting.key();
        let is_argument = !OF_THE_MODEL.contains(&key.as_str());
        rows.push((key, setting.default_text().to_owned(), setting.text(), is_argument));
    }
    rows
}

/// The study with these settings. A setting whose value is null is left at its default.
///
/// # Errors
/// If there is no such setting, or a value is not one of its setting.
pub(crate) fn read_study(settings: &[SettingJson]) -> Result<Study, NativeError> {
    let mut table = toml::Table::new();
    for (key, json) in settings {
        let Some(value) = read_value(key, json)? else { continue };
        check_value(key, value.clone())?;
        add_value(&mut table, key, value);
    }
    Ok(Study::parse("the settings", &table.to_string())?)
}

/// The value of a setting in TOML; none if it is null.
fn read_value(key: &str, json: &str) -> Result<Option<toml::Value>, NativeError> {
    check_key(key)?;
    let invalid = |problem: String| NativeError::SettingValue { key: key.to_owned(), problem };
    let value: serde_json::Value =
        serde_json::from_str(json).map_err(|error| invalid(error.to_string()))?;
    if value.is_null() {
        return Ok(None);
    }
    let value = toml::Value::try_from(value).map_err(|error| invalid(error.to_string()))?;
    Ok(Some(value))
}

fn check_key(key: &str) -> Result<(), NativeError> {
    if OF_THE_MODEL.contains(&key) {
        let problem = "it belongs to the model, which `lesion.load_model` opens".to_owned();
        return Err(NativeError::SettingValue { key: key.to_owned(), problem });
    }
    let known: Vec<String> = Study::settings().iter().map(Setting::key).collect();
    if known.iter().any(|other| other == key) {
        return Ok(());
    }
    Err(NativeError::NoSuchSetting { key: key.to_owned(), suggestion: most_similar(key, &known) })
}

/// The setting with the most similar name, in full or without its section.
fn most_similar(key: &str, known: &[String]) -> Option<String> {
    /// The least similarity of a suggestion.
    const LEAST: f64 = 0.75;
    let name = key.rsplit('.').next().unwrap_or(key);
    let mut best: Option<(f64, &String)> = None;
    for other in known {
        let other_name = other.rsplit('.').next().unwrap_or(other);
        let in_full = strsim::jaro_winkler(key, other);
        let similarity = in_full.max(strsim::jaro_winkler(name, other_name));
        if similarity >= LEAST && best.is_none_or(|(least, _)| similarity > least) {
            best = Some((similarity, other));
        }
    }
    best.map(|(_, other)| other.clone())
}

/// Checks the value of one setting by itself, so that the error names it.
fn check_value(key: &str, value: toml::Value) -> Result<(), NativeError> {
    let mut table = toml::Table::new();
    add_value(&mut table, key, value);
    match Study::parse(key, &table.to_string()) {
        Ok(_) => Ok(()),
        Err(SettingError::File { problem, .. }) => {
            Err(NativeError::SettingValue { key: key.to_owned(), problem })
        }
        Err(error) => Err(error.into()),
    }
}

/// Adds the value of a setting in its section.
fn add_value(table: &mut toml::Table, key: &str, value: toml::Value) {
    let Some((section, name)) = key.split_once('.') else {
        table.insert(key.to_owned(), value);
        return;
    };
    let entry = table.entry(section).or_insert_with(|| toml::Table::new().into());
    if let Some(section) = entry.as_table_mut() {
        section.insert(name.to_owned(), value);
    }
}
