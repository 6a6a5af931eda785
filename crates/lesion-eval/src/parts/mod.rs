//! The parts of a study that run in the laboratory.

pub(crate) mod causal;
pub(crate) mod controls;
pub(crate) mod dissociation;
pub(crate) mod dose;
pub(crate) mod dynamic;
pub(crate) mod joint;
pub(crate) mod profile;
pub(crate) mod random_sets;
pub(crate) mod template_bootstrap;
