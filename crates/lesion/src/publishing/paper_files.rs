//! The texts and tables for a paper about a finished study.

use std::path::{Path, PathBuf};

use study_report::{FinishedStudy, LatexTable, StudyFolder};

use crate::{
    error::LesionError,
    questions::finished_studies::write_beside,
    running::{place::write_paper_files, stages::Stages},
};

/// The files for a paper that were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenPaper {
    /// Their paths: the texts and references first, then the tables.
    pub files: Vec<PathBuf>,
    /// Files that were changed after their study wrote them.
    pub changed: Vec<String>,
}

/// Writes the methods, results, tables and references of a finished study into `paper/` in its folder.
///
/// # Errors
/// If there is no finished study, a run is writing into the folder, or a file cannot be written.
pub fn write_paper(dir: &Path, stages: &mut Stages<'_>) -> Result<WrittenPaper, LesionError> {
    let (files, changed) = write_beside(dir, stages, |folder, study| {
        write_paper_files(folder, &study_report::paper(study)?)
    })?;
    let files = files.iter().map(|file| dir.join(file)).collect();
    Ok(WrittenPaper { files, changed })
}

/// The methods of a finished study as text, with every number that decides its results.
///
/// # Errors
/// If there is no finished study, or a table cannot be read.
pub fn methods(dir: &Path) -> Result<String, LesionError> {
    let files = StudyFolder(dir.to_owned());
    Ok(study_report::methods(&FinishedStudy::read(&files)?)?)
}

/// The results of a finished study, a sentence or a few per finding.
///
/// # Errors
/// If there is no finished study, or a table cannot be read.
pub fn results(dir: &Path) -> Result<Vec<String>, LesionError> {
    let files = StudyFolder(dir.to_owned());
    Ok(study_report::results(&FinishedStudy::read(&files)?)?)
}

/// The main tables of a finished study in LaTeX.
///
/// # Errors
/// If there is no finished study, or a table cannot be read.
pub fn latex_tables(dir: &Path) -> Result<Vec<LatexTable>, LesionError> {
    let files = StudyFolder(dir.to_owned());
    Ok(study_report::latex_tables(&FinishedStudy::read(&files)?)?)
}

/// The works that the methods of a finished study cite, as `BibTeX`.
///
/// # Errors
/// If there is no finished study, or a table cannot be read.
pub fn bibtex(dir: &Path) -> Result<String, LesionError> {
    let files = StudyFolder(dir.to_owned());
    Ok(study_report::bibtex(&FinishedStudy::read(&files)?)?)
}
