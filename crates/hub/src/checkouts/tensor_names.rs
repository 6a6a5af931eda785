//! Names of the tensors of weights that are not downloaded.

use serde_json::{Map, Value};

use crate::{
    cache::presence::Presence,
    checkouts::checkpoint_files::{CommitFiles, SAFETENSORS, WEIGHTS, parse_index},
    error::HubError,
};

/// Number of bytes before the header of a safetensors file: the length of the header.
const LENGTH: u64 = 8;

/// Most bytes of a header. That of a model with 100 layers has about 200 kB.
const LONGEST_HEADER: u64 = 16 << 20;

/// A part of a file, from a first byte to a last one that does not belong to it; `None` if only the
/// whole file is available.
pub(crate) trait FileParts: CommitFiles {
    fn part(&self, file: &str, start: u64, end: u64) -> Result<Option<Vec<u8>>, HubError>;
}

/// The names of the tensors, from the index of several files or the header of one; `None` if the weights
/// have neither.
pub(crate) fn tensor_names(files: &mut impl FileParts) -> Result<Option<Vec<String>>, HubError> {
    for file in WEIGHTS {
        if files.provide(file)? != Presence::Present {
            continue;
        }
        if file.ends_with(".index.json") {
            let index = files.read(file)?;
            return Ok(Some(parse_index(file, &index, files.repo())?.into_keys().collect()));
        }
        if file == SAFETENSORS {
            return header_names(files, file);
        }
        return Ok(None);
    }
    Ok(None)
}

/// The names in the header of a safetensors file; `None` if it has no such header.
fn header_names(files: &impl FileParts, file: &str) -> Result<Option<Vec<String>>, HubError> {
    let Some(length) = files.part(file, 0, LENGTH)? else { return Ok(None) };
    let Ok(length) = length.try_into() else { return Ok(None) };
    let length = u64::from_le_bytes(length);
    if length == 0 || length > LONGEST_HEADER {
        return Ok(None);
    }
    let Some(header) = files.part(file, LENGTH, LENGTH + length)? else { return Ok(None) };
    let tensors: Map<String, Value> = match serde_json::from_slice(&header) {
        Ok(tensors) => tensors,
        Err(_) => return Ok(None),
    };
    let names = tensors.into_iter().map(|(name, _)| name);
    Ok(Some(names.filter(|name| name != "__metadata__").collect()))
}
