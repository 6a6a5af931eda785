//! The bytes of an answer.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use ureq::{Body, http::Response};

use crate::requests::headers::is_compressed;

/// A reader of the bytes of the file in an answer. Some servers compress them unasked, with gzip.
pub(crate) fn reader(response: Response<Body>) -> Box<dyn Read + Send> {
    let is_compressed = is_compressed(response.headers());
    let reader = response.into_body().into_reader();
    if is_compressed { Box::new(MultiGzDecoder::new(reader)) } else { Box::new(reader) }
}
