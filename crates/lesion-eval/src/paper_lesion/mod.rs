//! The paper's lesion.

pub(crate) mod lesion;
