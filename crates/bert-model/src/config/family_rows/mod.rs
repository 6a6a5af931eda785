//! A file for each family of models, or for a few that are nearly one: its names for keys and tensors,
//! and what it computes.

pub(crate) mod albert;
pub(crate) mod esm;
pub(crate) mod gpt2;
pub(crate) mod gpt_neox;
pub(crate) mod llama;
pub(crate) mod modern_bert;
pub(crate) mod post_norm_bert;
