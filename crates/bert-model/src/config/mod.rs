//! The content of a checkpoint's `config.json`: the sizes of the model, its family, and
//! what it computes.

pub(crate) mod bert_config;
pub(crate) mod config_error;
pub(crate) mod family;
pub(crate) mod family_rows;
pub(crate) mod family_traits;
pub(crate) mod json_keys;
pub(crate) mod layer_types;
pub(crate) mod parameter_count;
pub(crate) mod rotary_keys;
pub(crate) mod structure;
