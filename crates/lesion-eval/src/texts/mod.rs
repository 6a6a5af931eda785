//! Text files of stimuli and prompts.

pub(crate) mod prompts;
pub(crate) mod stimuli;
pub(crate) mod stimuli_layout;
pub(crate) mod template_lines;
