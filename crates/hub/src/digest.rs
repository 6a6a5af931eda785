//! What the hub says that a file's bytes are: the hash in its etag.

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// The etag of a file: the SHA-256 of a large one, git's SHA-1 of any other. It is the file's name
/// among the blobs of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Etag(String);

impl Etag {
    /// From the header's value. None where it is no hash, so that nothing could be compared with it.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let hash = header.trim().trim_start_matches("W/").trim_matches('"');
        let hexadecimal = hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (hexadecimal && [40, 64].contains(&hash.len())).then(|| Self(hash.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash of a file of `size` bytes, of which none was read yet.
    pub(crate) fn start(&self, size: u64) -> Running {
        if self.0.len() == 64 {
            return Running::Sha256(Sha256::new());
        }
        // A blob of git: its kind and size come before its bytes.
        let mut digest = Sha1::new();
        digest.update(format!("blob {size}\0"));
        Running::Git(digest)
    }
}

/// The hash of what was read so far.
#[derive(Clone)]
pub(crate) enum Running {
    Sha256(Sha256),
    Git(Sha1),
}

impl Running {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(digest) => digest.update(bytes),
            Self::Git(digest) => digest.update(bytes),
        }
    }

    /// In hexadecimal, as in an etag.
    pub(crate) fn finish(self) -> String {
        let hex = |digest: &[u8]| {
            digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
        };
        match self {
            Self::Sha256(digest) => hex(&digest.finalize()),
            Self::Git(digest) => hex(&digest.finalize()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(etag: &str, bytes: &[u8]) -> String {
        let mut running = Etag::parse(etag).unwrap().start(bytes.len() as u64);
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
    fn an_etag_that_is_no_hash_is_none() {
        let long = "g".repeat(64);
        for header in ["", "\"\"", "\"5d8c72a5edda8d6a:0\"", "../../../etc/passwd", &long] {
            assert_eq!(Etag::parse(header), None);
        }
    }
}
