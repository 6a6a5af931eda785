//! Questions that need no study: one sentence, how good a model is, finished studies.

pub(crate) mod evaluation;
pub(crate) mod finished_studies;
pub(crate) mod layer_neurons;
pub(crate) mod sentence_question;
