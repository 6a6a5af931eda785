//! Pages about finished studies, made from their files.

use std::path::{Path, PathBuf};

use study_record::FigureFormat;
use study_report::{FinishedStudy, StudyFolder};

use crate::{
    error::LesionError,
    running::{
        file_journal::with_lock,
        folder::create_folder,
        place::{REPORT, write_report},
        stages::Stages,
        watch::Note,
    },
};

/// A page that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenPage {
    /// Path of the page.
    pub path: PathBuf,
    /// Paths of the figures that were written beside it.
    pub figures: Vec<PathBuf>,
    /// Files that were changed after their study wrote them.
    pub changed: Vec<String>,
}

/// Makes the page and figures of a finished study again, from its files.
///
/// # Errors
/// If there is no finished study, a run is writing into the folder, or the page cannot be written.
pub fn report_again(dir: &Path, stages: &mut Stages<'_>) -> Result<WrittenPage, LesionError> {
    export_figures(dir, &[], stages)
}

/// Does the same, and writes the figures also in other formats than SVG. Files in formats that are not
/// asked for are removed, because they may show older tables.
///
/// # Errors
/// If there is no finished study, a run is writing into the folder, the page cannot be written, this
/// build does not have a format, or a figure cannot be drawn in it.
pub fn export_figures(
    dir: &Path,
    formats: &[FigureFormat],
    stages: &mut Stages<'_>,
) -> Result<WrittenPage, LesionError> {
    let (files, changed) = write_beside(dir, stages, |folder, study| {
        write_report(folder, &study_report::report(study)?, formats)
    })?;
    let figures = files.iter().map(|file| dir.join(file)).collect();
    Ok(WrittenPage { path: dir.join(REPORT), figures, changed })
}

/// Reads the study in a folder and writes files into it, while no run may write there. Also returns
/// which of the study's files were changed after it wrote them.
pub(crate) fn write_beside<T>(
    dir: &Path,
    stages: &mut Stages<'_>,
    write: impl FnOnce(&mut StudyFolder, &FinishedStudy<'_>) -> Result<T, LesionError>,
) -> Result<(T, Vec<String>), LesionError> {
    let files = StudyFolder(dir.to_owned());
    if !dir.is_dir() {
        // There is nothing to lock: the error is that there is no study.
        FinishedStudy::read(&files)?;
    }
    let mut folder = create_folder(dir)?;
    with_lock(dir, || {
        let (study, changed) = read(&files, stages)?;
        Ok((write(&mut folder, &study)?, changed))
    })
}

/// Reads a study. Also returns which of its files were changed after the study wrote them.
fn read<'a>(
    files: &'a StudyFolder,
    stages: &mut Stages<'_>,
) -> Result<(FinishedStudy<'a>, Vec<String>), LesionError> {
    let study = FinishedStudy::read(files)?;
    let StudyFolder(dir) = files;
    let mut changed = Vec::new();
    for change in study.changed() {
        stages.note(&Note::Changed { place: dir.clone(), change: change.clone() });
        changed.push(format!("in {}, {change}", dir.display()));
    }
    Ok((study, changed))
}
