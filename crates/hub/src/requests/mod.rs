//! Requests to the hub, and downloads into the cache.

pub(crate) mod client;
pub(crate) mod download;
pub(crate) mod origin;
