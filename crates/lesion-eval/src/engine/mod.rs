//! The laboratory: runs lesions of any kind in prompts.

pub(crate) mod batch_share;
pub(crate) mod batch_store;
pub(crate) mod counterpart_activations;
pub(crate) mod direct_pass;
pub(crate) mod journal;
pub(crate) mod laboratory;
pub(crate) mod lesion_method;
pub(crate) mod lesioned_layers;
pub(crate) mod lesioned_tokens;
pub(crate) mod prompt_passes;
pub(crate) mod reference;
pub(crate) mod trial;
