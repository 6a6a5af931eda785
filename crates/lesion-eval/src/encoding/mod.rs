//! Stimuli and prompts as the model reads them.

pub(crate) mod encoded_stimuli;
pub(crate) mod filled;
pub(crate) mod masked_prompt;
