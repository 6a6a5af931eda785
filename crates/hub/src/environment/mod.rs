//! Settings of the hub, and the environment variables that they come from.

pub(crate) mod certificates;
pub(crate) mod endpoint;
pub(crate) mod hub_settings;
pub(crate) mod secrets;
pub(crate) mod token;
pub(crate) mod variables;
