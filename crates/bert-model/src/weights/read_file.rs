use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::error::BertModelError;

/// Beginning of the text that Git LFS leaves in the place of a file.
const LFS_POINTER: &[u8] = b"version https://git-lfs";

/// The most bytes of a file that is read as a whole. A link may lead to a device without an end.
const MOST_BYTES: u64 = 256 << 20;

/// Reads a file of a checkpoint.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, BertModelError> {
    let bytes = read_bounded(path)
        .map_err(|source| BertModelError::Read { path: path.to_owned(), source })?;
    refuse_pointer(path, &bytes)?;
    Ok(bytes)
}

/// Reads a whole file of at most 256 MiB. A device such as `/dev/zero` has no end.
///
/// # Errors
/// If the file cannot be read, or is larger.
pub fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        let message = format!("it has more than {} MiB", MOST_BYTES >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Checks that a file that is read later is there, and not a pointer of Git LFS. Returns its size in
/// bytes.
pub(crate) fn check_file(path: &Path) -> Result<u64, BertModelError> {
    let unreadable = |source| BertModelError::Read { path: path.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    let mut start = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(LFS_POINTER.len() as u64).read_to_end(&mut start).map_err(unreadable)?;
    refuse_pointer(path, &start)?;
    Ok(metadata.len())
}

/// Checks that bytes are not those of a pointer of Git LFS.
pub(crate) fn refuse_pointer(path: &Path, start: &[u8]) -> Result<(), BertModelError> {
    if start.starts_with(LFS_POINTER) {
        return Err(BertModelError::LfsPointer { path: path.to_owned() });
    }
    Ok(())
}
