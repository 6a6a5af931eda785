//! Questions that need no new study: the words and the accuracy of a model, finished studies.

pub(crate) mod evaluation;
pub(crate) mod finished_studies;
mod gathered_folders;
pub(crate) mod gathered_studies;
pub(crate) mod prompts_evaluation;
pub(crate) mod word_list;
pub(crate) mod word_pattern;
