//! Documents: sections of blocks, which a page or a screen shows.

pub(crate) mod cell;
pub(crate) mod figure;
pub(crate) mod number_text;
pub(crate) mod prompt_sentence;
pub(crate) mod report_table;
pub(crate) mod section;
pub(crate) mod stimuli_text;
