//! Files to start a study from, which appear whole or not at all.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use crate::{error::LesionError, running::folder::temporary_file};

/// File names of a study to start from: pairs, prompts and the study.
pub(crate) const STARTER_FILES: [&str; 3] = ["pairs.txt", "prompts.txt", "study.toml"];

/// Writes files, each with its content, into a folder, which is created if it does not exist. Returns their
/// paths.
///
/// # Errors
/// If a file exists already and `replaces` is false ([`LesionError::FilesExist`]), or the folder cannot be
/// written into. Then no file is new.
pub(crate) fn write_new_files(
    dir: &Path,
    files: &[(&str, &[u8])],
    replaces: bool,
) -> Result<Vec<PathBuf>, LesionError> {
    let existing: Vec<PathBuf> = files
        .iter()
        .map(|(name, _)| dir.join(name))
        .filter(|path| path.symlink_metadata().is_ok_and(|found| !replaces || !found.is_file()))
        .collect();
    if !existing.is_empty() {
        return Err(LesionError::FilesExist { paths: existing });
    }
    fs::create_dir_all(dir).map_err(LesionError::write(dir))?;
    let mut temporary = Vec::new();
    for (name, bytes) in files {
        let path = dir.join(name);
        let mut file = temporary_file(dir).map_err(LesionError::write(&path))?;
        file.write_all(bytes).map_err(LesionError::write(&path))?;
        temporary.push((path, file));
    }
    let mut written: Vec<PathBuf> = Vec::new();
    for (path, file) in temporary {
        let result = if replaces { file.persist(&path) } else { file.persist_noclobber(&path) };
        if let Err(failed) = result {
            // What was replaced cannot be brought back.
            for path in written.iter().filter(|_| !replaces) {
                let _ = fs::remove_file(path);
            }
            return Err(LesionError::write(path)(failed.error));
        }
        written.push(path);
    }
    Ok(written)
}
