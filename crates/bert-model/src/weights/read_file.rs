use std::path::Path;

use crate::error::BertModelError;

/// The bytes of a checkpoint's file; an error names it.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, BertModelError> {
    std::fs::read(path).map_err(|source| BertModelError::Read { path: path.to_owned(), source })
}
