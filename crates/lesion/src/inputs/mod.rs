//! Texts that a study reads: stimuli, prompts and neuron sets.

pub(crate) mod bundled;
pub(crate) mod encoded_texts;
pub(crate) mod study_texts;
