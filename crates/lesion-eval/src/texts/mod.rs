//! Text files of stimuli and prompts.

pub(crate) mod characters;
pub(crate) mod contrast;
pub(crate) mod prompts;
pub(crate) mod stimuli;
pub(crate) mod stimuli_layout;
pub(crate) mod template_lines;
