//! The folder of a checkpoint: on disk or in memory.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    error::BertModelError,
    weights::read_file::{check_file, read_file, refuse_pointer},
};

/// The folder of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelFolder {
    /// A folder on disk.
    Disk(PathBuf),
    /// Files in memory.
    Memory(MemoryFolder),
}

/// The files of a checkpoint in memory, such as those that are compiled into a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryFolder {
    /// The name of the folder in results and errors.
    pub name: String,
    /// The bytes of each file, by its name.
    pub files: BTreeMap<String, Cow<'static, [u8]>>,
}

impl ModelFolder {
    /// The path by which errors name the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Disk(dir) => dir,
            Self::Memory(folder) => Path::new(&folder.name),
        }
    }

    /// True if the folder has a file.
    #[must_use]
    pub fn contains(&self, file: &str) -> bool {
        match self {
            Self::Disk(dir) => dir.join(file).exists(),
            Self::Memory(folder) => folder.files.contains_key(file),
        }
    }

    /// The names of its files, sorted.
    #[must_use]
    pub fn file_names(&self) -> Vec<String> {
        let dir = match self {
            Self::Disk(dir) => dir,
            Self::Memory(folder) => return folder.files.keys().cloned().collect(),
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            if entry.path().is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort_unstable();
        names
    }

    /// The bytes of a file.
    pub(crate) fn read(&self, file: &str) -> Result<Cow<'_, [u8]>, BertModelError> {
        match self {
            Self::Disk(dir) => read_file(&dir.join(file)).map(Cow::Owned),
            Self::Memory(folder) => {
                let bytes = self.find(folder, file)?;
                refuse_pointer(&self.path().join(file), bytes)?;
                Ok(Cow::Borrowed(bytes))
            }
        }
    }

    /// Checks that a file that is read later is there, and not a pointer of Git LFS. Returns its size in
    /// bytes.
    pub(crate) fn check(&self, file: &str) -> Result<u64, BertModelError> {
        match self {
            Self::Disk(dir) => check_file(&dir.join(file)),
            Self::Memory(_) => Ok(self.read(file)?.len() as u64),
        }
    }

    fn find<'a>(&self, folder: &'a MemoryFolder, file: &str) -> Result<&'a [u8], BertModelError> {
        match folder.files.get(file) {
            Some(bytes) => Ok(bytes),
            None => Err(BertModelError::Read {
                path: self.path().join(file),
                source: std::io::ErrorKind::NotFound.into(),
            }),
        }
    }
}

impl<P: AsRef<Path>> From<P> for ModelFolder {
    fn from(dir: P) -> Self {
        Self::Disk(dir.as_ref().to_owned())
    }
}
