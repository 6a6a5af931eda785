//! What a checkpoint's `config.json` says: the sizes of the model, and its family.

pub(crate) mod bert_config;
pub(crate) mod family;
