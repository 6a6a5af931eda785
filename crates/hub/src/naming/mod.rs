//! Names of models on the hub.

pub(crate) mod hub_address;
pub(crate) mod name_problem;
pub(crate) mod repo;
