use std::path::Path;

use crate::error::BertModelError;

/// Reads a file of a checkpoint.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, BertModelError> {
    std::fs::read(path).map_err(|source| BertModelError::Read { path: path.to_owned(), source })
}
