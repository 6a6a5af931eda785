//! Every setting of a study with its value.

use serde_json::Value;
use study_record::{Manifest, Section as _, Setting, Study};

use crate::error::ReportError;

/// Every setting by its key, and the layers and the t-test that the defaults came to.
pub(crate) fn settings_list(manifest: &Manifest) -> Result<Vec<(String, String)>, ReportError> {
    let mut settings = Vec::new();
    for (setting, value) in setting_values(manifest)? {
        settings.push((setting.key(), value));
    }
    let layers: Vec<String> = manifest.layers.iter().map(usize::to_string).collect();
    settings.push(("layer of the lesion".to_owned(), manifest.layer.to_string()));
    settings.push(("layers of the laboratory".to_owned(), layers.join(", ")));
    settings.push(("t-test of each neuron".to_owned(), manifest.test().to_string()));
    Ok(settings)
}

/// Every setting with its value in words.
pub(crate) fn setting_values(manifest: &Manifest) -> Result<Vec<(Setting, String)>, ReportError> {
    let values = serde_json::to_value(&manifest.study)?;
    let mut settings = Vec::new();
    for setting in Study::settings() {
        let section = match setting.section {
            "" => &values,
            section => &values[section],
        };
        let value = value_text(&setting, &section[setting.name]);
        settings.push((setting, value));
    }
    Ok(settings)
}

/// A value as an option writes it, or the meaning of an unset one.
fn value_text(setting: &Setting, value: &Value) -> String {
    match value {
        Value::Null => setting.default_text().to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) if !items.iter().any(Value::is_array) => {
            let items: Vec<String> = items.iter().map(|item| value_text(setting, item)).collect();
            items.join(", ")
        }
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{key}={value}"));
            entries.collect::<Vec<String>>().join(", ")
        }
        Value::Array(_) | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}
