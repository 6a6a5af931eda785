//! A folder that a study is written into.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use study_report::StudyFolder;
use tempfile::{Builder, NamedTempFile};

use crate::{
    error::LesionError,
    running::{
        file_journal::FileJournal,
        place::{Identity, Place, RunJournal},
    },
};

/// Creates a folder for a study if it does not exist, and checks that it can be written into before a
/// long run starts.
///
/// # Errors
/// If the folder cannot be created or written into.
pub fn create_folder(dir: impl Into<PathBuf>) -> Result<StudyFolder, LesionError> {
    let dir = dir.into();
    fs::create_dir_all(&dir)
        .and_then(|()| temporary_file(&dir))
        .map(drop)
        .map_err(LesionError::write(&dir))?;
    Ok(StudyFolder(dir))
}

impl Place for StudyFolder {
    /// Writes a temporary file and renames it, which replaces the file in one step.
    fn put(&mut self, file: &str, bytes: &[u8]) -> Result<(), LesionError> {
        let path = self.0.join(file);
        if is_special(&path) {
            return Err(LesionError::ForeignFile { path });
        }
        let folder = path.parent().unwrap_or(&self.0);
        let write = || -> io::Result<()> {
            fs::create_dir_all(folder)?;
            let mut temporary = temporary_file(folder)?;
            temporary.write_all(bytes)?;
            temporary.persist(&path).map_err(|failed| failed.error)?;
            Ok(())
        };
        write().map_err(LesionError::write(&path))
    }

    fn remove(&mut self, file: &str) -> Result<(), LesionError> {
        let path = self.0.join(file);
        if is_special(&path) {
            return Err(LesionError::ForeignFile { path });
        }
        if path.exists() {
            fs::remove_file(&path).map_err(LesionError::write(&path))?;
            // Removes its subfolder too, if that is empty now.
            if let Some(folder) = path.parent().filter(|folder| *folder != self.0) {
                let _ = fs::remove_dir(folder);
            }
        }
        Ok(())
    }

    fn journal(
        &mut self,
        identity: Identity<'_>,
        replaces: bool,
    ) -> Result<Box<dyn RunJournal>, LesionError> {
        let journal = FileJournal::open(&self.0, None, identity()?, replaces)?;
        remove_litter(&self.0);
        Ok(Box::new(journal))
    }
}

/// Whether a path is a link, a device or a pipe: renaming a file to it would replace it, and not write
/// into it.
fn is_special(path: &Path) -> bool {
    match path.symlink_metadata() {
        Ok(metadata) => !metadata.is_file() && !metadata.is_dir(),
        Err(_) => false,
    }
}

/// Beginning and end of the names of temporary files.
const TEMPORARY: [&str; 2] = [".lesion-", ".tmp"];

/// Removes temporary files that killed runs left in a folder and in those in it. The caller holds the
/// folder's lock, so that no run is writing one. A file that cannot be removed does no harm.
pub(crate) fn remove_litter(dir: &Path) {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_temporary = name.starts_with(TEMPORARY[0]) && name.ends_with(TEMPORARY[1]);
        match entry.file_type() {
            Ok(kind) if kind.is_file() && is_temporary => drop(fs::remove_file(entry.path())),
            Ok(kind) if kind.is_dir() => remove_litter(&entry.path()),
            _ => {}
        }
    }
}

/// A temporary file with the permissions of any new file of this user.
pub(crate) fn temporary_file(dir: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(TEMPORARY[0]).suffix(TEMPORARY[1]);
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666)) // less the umask
    };
    builder.tempfile_in(dir)
}
