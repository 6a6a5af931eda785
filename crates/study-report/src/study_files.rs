//! The files of a study: in a folder or in memory.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// The files that a study wrote.
pub trait StudyFiles {
    /// Opens a file by its name.
    ///
    /// # Errors
    /// If it does not exist, with [`io::ErrorKind::NotFound`], or cannot be read.
    fn open(&self, file: &str) -> io::Result<Box<dyn Read + '_>>;

    /// The path by which errors name a file.
    fn path(&self, file: &str) -> PathBuf;
}

/// The folder that a study was written into.
#[derive(Clone, Debug)]
pub struct StudyFolder(pub PathBuf);

impl StudyFiles for StudyFolder {
    fn open(&self, file: &str) -> io::Result<Box<dyn Read + '_>> {
        let path = self.path(file);
        // A link may lead to a device without an end, or to a pipe that nobody writes into.
        if !path.metadata()?.is_file() {
            let message = "it is not a regular file";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Ok(Box::new(File::open(path)?))
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }
}

/// Files in memory, by their names.
impl StudyFiles for BTreeMap<String, Vec<u8>> {
    fn open(&self, file: &str) -> io::Result<Box<dyn Read + '_>> {
        match self.get(file) {
            Some(bytes) => Ok(Box::new(bytes.as_slice())),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        Path::new("memory").join(file)
    }
}
