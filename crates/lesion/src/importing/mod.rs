//! Pairs and prompts from lists of minimal pairs of sentences.

pub(crate) mod blimp_lines;
pub(crate) mod contrast_labels;
pub(crate) mod differing_span;
pub(crate) mod import_contrast;
pub(crate) mod sentence_pair;
pub(crate) mod sentence_table;
