//! The content of a checkpoint's `config.json`: the sizes of the model, and its family.

pub(crate) mod bert_config;
pub(crate) mod config_error;
pub(crate) mod family;
pub(crate) mod parameter_count;
