//! The paper's lesion.

pub(crate) mod silenced_prompts;
