//! Questions that need no new study: the accuracy of a model, finished studies.

pub(crate) mod evaluation;
pub(crate) mod finished_studies;
