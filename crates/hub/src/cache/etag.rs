//! The hash of a file, which the hub sends as its etag.

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// The etag of a file: the SHA-256 of a large file, git's SHA-1 of any other. It is the file's name
/// among the blobs of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Etag(String);

/// Ends of etags of compressed answers.
const COMPRESSED: [&str; 4] = ["-gzip", ";gzip", "--gzip", "-br"];

impl Etag {
    /// The etag of a header's value; `None` if it is not a hash, as nothing could be compared with it.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let hash = header.trim().trim_start_matches("W/").trim_matches('"');
        // Servers that compress mark the etag.
        let hash = COMPRESSED.iter().find_map(|end| hash.strip_suffix(end)).unwrap_or(hash);
        let is_hexadecimal = hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hexadecimal || ![40, 64].contains(&hash.len()) {
            return None;
        }
        Some(Self(hash.to_ascii_lowercase()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// A running hash for a file of `size` bytes, of which none was read yet.
    pub(crate) fn start_hash(&self, size: u64) -> RunningHash {
        if self.0.len() == 64 {
            return RunningHash::Sha256(Sha256::new());
        }
        // A blob of git: its kind and size come before its bytes.
        let mut digest = Sha1::new();
        digest.update(format!("blob {size}\0"));
        RunningHash::Git(digest)
    }
}

/// The hash of the bytes that were read so far.
#[derive(Clone)]
pub(crate) enum RunningHash {
    Sha256(Sha256),
    Git(Sha1),
}

impl RunningHash {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(digest) => digest.update(bytes),
            Self::Git(digest) => digest.update(bytes),
        }
    }

    /// The hash in hexadecimal, as in an etag.
    pub(crate) fn finish(self) -> String {
        match self {
            Self::Sha256(digest) => to_hexadecimal(&digest.finalize()),
            Self::Git(digest) => to_hexadecimal(&digest.finalize()),
        }
    }
}

fn to_hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(etag: &str, bytes: &[u8]) -> String {
        let mut running = Etag::parse(etag).unwrap().start_hash(bytes.len() as u64);
        running.update(bytes);
        running.finish()
    }

    #[test]
    fn the_hashes_are_those_of_git_and_sha256sum() {
        // `printf 'hello\n' | git hash-object --stdin` and `printf 'hello\n' | sha256sum`
        let git = "ce013625030ba8dba906f756967f9e9ca394464a";
        assert_eq!(hash(&format!("W/\"{git}\""), b"hello\n"), git);
        let sha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        assert_eq!(hash(&format!("\"{sha256}\""), b"hello\n"), sha256);
    }

    #[test]
    fn weak_and_compressed_etags_are_those_of_the_file() {
        let hash = "ce013625030ba8dba906f756967f9e9ca394464a";
        for header in ["W/\"H\"", "\"H-gzip\"", "W/\"H;gzip\"", " H "] {
            let etag = Etag::parse(&header.replace('H', hash)).unwrap();
            assert_eq!(etag.as_str(), hash, "{header}");
        }
        assert_eq!(Etag::parse(&hash.to_ascii_uppercase()).unwrap().as_str(), hash);
    }

    #[test]
    fn an_etag_that_is_not_a_hash_is_refused() {
        let long = "g".repeat(64);
        for header in ["", "\"\"", "\"5d8c72a5edda8d6a:0\"", "../../../etc/passwd", &long] {
            assert_eq!(Etag::parse(header), None);
        }
    }
}
