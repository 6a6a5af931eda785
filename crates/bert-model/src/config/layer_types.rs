//! The key `layer_types`: the kind of attention of each layer.

use crate::{
    config::{
        config_error::ConfigError,
        json_keys::{JsonKeys, unsupported},
        structure::FullLayers,
    },
    error::BertModelError,
};

/// The kind of attention that reads all tokens, or all to the left.
pub(crate) const FULL: &str = "full_attention";
/// The kind of attention that has a window.
pub(crate) const LOCAL: &str = "sliding_attention";

/// The layers without a window, if the file lists them.
///
/// # Errors
/// If a layer is of another kind, or the list has another length than there are layers.
pub(crate) fn listed_full_layers(keys: JsonKeys<'_>) -> Result<Option<FullLayers>, BertModelError> {
    let Some(types) = keys.list("layer_types")? else { return Ok(None) };
    let mut is_full = Vec::with_capacity(types.len());
    for layer in types {
        match layer.as_str() {
            Some(FULL) => is_full.push(true),
            Some(LOCAL) => is_full.push(false),
            _ => {
                let supported = format!("\"{FULL}\" and \"{LOCAL}\"");
                return Err(unsupported("layer_types", layer.clone(), &supported));
            }
        }
    }
    let layers = keys.size("num_hidden_layers")?.unwrap_or_default();
    if is_full.len() != layers {
        let found = is_full.len();
        return Err(BertModelError::Config(ConfigError::LayerTypes { found, layers }));
    }
    Ok(Some(FullLayers::Listed(is_full)))
}
