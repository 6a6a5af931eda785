//! Questions that need no new study: one sentence, the accuracy of a model, finished studies.

pub(crate) mod evaluation;
pub(crate) mod finished_studies;
pub(crate) mod layer_neurons;
pub(crate) mod sentence_question;
