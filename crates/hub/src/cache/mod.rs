//! The hub's cache on this machine.

pub(crate) mod etag;
pub(crate) mod presence;
pub(crate) mod repo_cache;
