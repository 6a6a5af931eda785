//! Questions to a model that stays loaded: predictions, lesions and activations of single sentences.

pub(crate) mod layer_neurons;
pub(crate) mod open_session;
pub(crate) mod sentence_answers;
pub(crate) mod sentence_json;
pub(crate) mod sentence_question;
pub(crate) mod stimuli_responses;
pub(crate) mod stimuli_selection;
