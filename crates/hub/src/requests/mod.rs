//! Requests to the hub, and downloads into the cache.

pub(crate) mod body;
pub(crate) mod client;
pub(crate) mod download;
pub(crate) mod file_request;
pub(crate) mod headers;
pub(crate) mod origin;
pub(crate) mod patience;
pub(crate) mod refusal;
pub(crate) mod waiting;
