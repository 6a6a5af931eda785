//! SHA-256 in hexadecimal, as the manifest has it.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use sha2::{Digest, Sha256};

/// The size of the pieces that a file is read in.
const BUFFER: usize = 1 << 20;

/// The hash of bytes.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The hash of a file, which is not held in memory.
///
/// # Errors
/// If the file cannot be read.
pub fn of_file(path: &Path) -> io::Result<String> {
    of_reader(File::open(path)?)
}

/// The hash of everything that a reader yields, which is not held in memory.
///
/// # Errors
/// If it cannot be read.
pub fn of_reader(reader: impl Read) -> io::Result<String> {
    let mut reader = BufReader::with_capacity(BUFFER, reader);
    let mut digest = Sha256::new();
    loop {
        let chunk = reader.fill_buf()?;
        if chunk.is_empty() {
            return Ok(hex(&digest.finalize()));
        }
        digest.update(chunk);
        let length = chunk.len();
        reader.consume(length);
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
