//! SHA-256 as the manifest has it, in hexadecimal.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use sha2::{Digest, Sha256};

/// The hash of bytes.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The hash of a file, which is not held in memory.
///
/// # Errors
/// Where the file cannot be read.
pub fn of_file(path: &Path) -> io::Result<String> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut digest = Sha256::new();
    loop {
        let chunk = reader.fill_buf()?;
        if chunk.is_empty() {
            return Ok(hex(&digest.finalize()));
        }
        digest.update(chunk);
        let read = chunk.len();
        reader.consume(read);
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
