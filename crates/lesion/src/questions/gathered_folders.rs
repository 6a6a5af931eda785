//! The folders of the studies that are gathered.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::error::LesionError;

/// The file that lists the tasks of a sweep, in the folder of the sweep.
const SWEEP: &str = "sweep.json";

/// The tasks of a sweep, as far as their folders go.
#[derive(Deserialize)]
struct SweepTasks {
    tasks: Vec<SweepTask>,
}

/// A task of a sweep.
#[derive(Deserialize)]
struct SweepTask {
    /// Its folder, relative to that of the sweep.
    folder: PathBuf,
}

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
    let sweep: Result<SweepTasks, _> = serde_json::from_slice(&bytes);
    let sweep = sweep.map_err(|source| LesionError::Sweep { path: list.to_owned(), source })?;
    Ok(sweep.tasks.into_iter().map(|task| dir.join(task.folder)).collect())
}
