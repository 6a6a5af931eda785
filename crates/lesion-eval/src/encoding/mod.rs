//! Stimuli and prompts as the model reads them.

pub(crate) mod counterpart;
pub(crate) mod encoded_stimuli;
pub(crate) mod filled;
pub(crate) mod masked_prompt;
pub(crate) mod prompt_doubts;
pub(crate) mod scored_sentences;
pub(crate) mod word_doubts;
pub(crate) mod word_keys;
pub(crate) mod word_labels;
