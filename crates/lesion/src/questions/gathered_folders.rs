//! The folders of the studies that are gathered.

use std::{
    fs,
    path::{Path, PathBuf},
};

use study_record::{SWEEP, SweepRecord};

use crate::error::LesionError;

/// The folders of studies that `dirs` stand for: a folder of a sweep stands for those of its tasks.
///
/// # Errors
/// If a list of tasks cannot be read.
pub(crate) fn study_folders(dirs: &[PathBuf]) -> Result<Vec<PathBuf>, LesionError> {
    let mut folders = Vec::new();
    for dir in dirs {
        let list = dir.join(SWEEP);
        if list.is_file() {
            folders.extend(task_folders(dir, &list)?);
        } else {
            folders.push(dir.clone());
        }
    }
    Ok(folders)
}

fn task_folders(dir: &Path, list: &Path) -> Result<Vec<PathBuf>, LesionError> {
    let bytes = fs::read(list).map_err(LesionError::read(list))?;
    let sweep: Result<SweepRecord, _> = serde_json::from_slice(&bytes);
    let sweep = sweep.map_err(|source| LesionError::Sweep { path: list.to_owned(), source })?;
    Ok(sweep.tasks.into_iter().map(|task| dir.join(task.folder)).collect())
}
