//! The model that is studied: where it comes from, and what computes it.

pub(crate) mod device;
pub(crate) mod loaded_model;
pub(crate) mod model_source;
