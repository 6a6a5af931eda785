//! The forward pass: embeddings, layers of attention and MLP, and the head; the hooks that watch and
//! edit the MLP; and the direct effects and the gradients of its neurons.

pub(crate) mod attention;
pub(crate) mod direct_effects;
pub(crate) mod embeddings;
pub(crate) mod gradients;
pub(crate) mod language_model;
pub(crate) mod layer;
pub(crate) mod mlm_head;
pub(crate) mod mlp;
pub(crate) mod mlp_hook;
pub(crate) mod token_batch;
