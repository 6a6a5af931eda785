//! Many finished studies in one page, with their effects over all models.

use std::{
    ffi::OsStr,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use lesion_eval::StudyError;
use study_record::tables::{GATHERED, GatherEstimateRow, GatherRow, Row, Table, encode};
use study_report::{
    FinishedStudy, Gathering, Mismatch, PooledStudies, Report, ReportError, Section, StudyFolder,
    gathered_page, side_by_side, summary, unpooled_sentence,
};

use crate::{
    error::LesionError,
    questions::gathered_folders::study_folders,
    running::{folder::create_folder, place::Place as _, stages::Stages, watch::Note},
};

/// File name of the page in a folder.
const PAGE: &str = "gather.html";

/// The figures of the page.
const FIGURES: [&str; 2] = ["figures/effects.svg", "figures/forest.svg"];

/// Studies that were gathered.
pub struct GatheredStudies {
    /// The folders of the studies, in order.
    pub studies: Vec<PathBuf>,
    /// Path of the page.
    pub page: PathBuf,
    /// Paths of the tables and figures.
    pub files: Vec<PathBuf>,
    /// Files that were changed after their study wrote them.
    pub changed: Vec<String>,
    /// The result in a few sentences, or why there is none.
    pub summary: String,
    /// True if the effects were pooled.
    pub is_pooled: bool,
    /// The rows of `gather.csv`.
    pub cells: Vec<GatherRow>,
    /// The rows of `gather_estimates.csv`.
    pub estimates: Vec<GatherEstimateRow>,
    /// The sections of the page that a screen shows too.
    pub sections: Vec<Section>,
}

/// Sections that a screen shows.
const ON_SCREEN: [&str; 2] = ["pooled", "differences"];

/// Pools the effects of finished studies that ask the same question of different models. `out` is the folder
/// of the page and the tables, or the page alone if its name ends with `.html`. Two studies that ask different
/// questions are put side by side, and not pooled.
///
/// # Errors
/// If there are fewer than two studies, a folder has none, more than two do not ask the same question, a file
/// in `out` is not one of this program, or a file cannot be written.
pub fn gather(
    dirs: &[PathBuf],
    out: &Path,
    stages: &mut Stages<'_>,
) -> Result<GatheredStudies, LesionError> {
    let studies = study_folders(dirs)?;
    if studies.len() < 2 {
        return Err(LesionError::TooFewStudies);
    }
    let outcome = Outcome::new(out)?;
    let mut changed = Vec::new();
    let gathering = stages.run("studies", |progress| {
        let mut gathering = Gathering::default();
        for (done, dir) in studies.iter().enumerate() {
            if progress(done, studies.len()).is_break() {
                return Err(LesionError::Study(StudyError::Cancelled));
            }
            let files = StudyFolder(dir.clone());
            let study = FinishedStudy::read(&files)?;
            let changes = study.changed().iter().cloned();
            changed.extend(changes.map(|change| (dir.clone(), change)));
            gathering.add(&dir.display().to_string(), &study)?;
            if let Some(mismatch) = gathering.mismatch().filter(|_| studies.len() > 2) {
                return Err(ReportError::Mismatch(mismatch.clone()).into());
            }
        }
        Ok(gathering)
    })?;
    for (place, change) in &changed {
        stages.note(&Note::Changed { place: place.clone(), change: change.clone() });
    }
    let mismatch = gathering.mismatch().cloned();
    let gathered = match mismatch {
        None => pool(gathering, &studies, stages)?,
        Some(mismatch) => put_side_by_side(&studies, &mismatch)?,
    };
    let (page, files) = outcome.write(&gathered)?;
    let Gathered { report, summary, tables } = gathered;
    let mut sections = report.sections;
    sections.retain(|section| ON_SCREEN.contains(&section.id));
    let is_pooled = tables.is_some();
    let (cells, estimates) = tables.unwrap_or_default();
    let changed = changed.iter().map(|(dir, change)| format!("in {}, {change}", dir.display()));
    let changed = changed.collect();
    Ok(GatheredStudies {
        studies,
        page,
        files,
        changed,
        summary,
        is_pooled,
        cells,
        estimates,
        sections,
    })
}

/// A page with its tables.
struct Gathered {
    report: Report,
    summary: String,
    /// None if the studies are not pooled.
    tables: Option<(Vec<GatherRow>, Vec<GatherEstimateRow>)>,
}

fn pool(
    gathering: Gathering,
    dirs: &[PathBuf],
    stages: &mut Stages<'_>,
) -> Result<Gathered, LesionError> {
    let pooled: PooledStudies = stages.run("pool", |_| Ok::<_, LesionError>(gathering.pool()?))?;
    let report = match dirs {
        [a, b] => with_pair([a, b], |pair| gathered_page(&pooled, Some(pair)))?,
        _ => gathered_page(&pooled, None)?,
    };
    let tables = Some((pooled.rows().to_vec(), pooled.estimates().to_vec()));
    Ok(Gathered { report, summary: summary(&pooled), tables })
}

fn put_side_by_side(dirs: &[PathBuf], mismatch: &Mismatch) -> Result<Gathered, LesionError> {
    let [a, b] = dirs else { return Err(ReportError::Mismatch(mismatch.clone()).into()) };
    let report = with_pair([a, b], |pair| side_by_side(pair, mismatch))?;
    Ok(Gathered { report, summary: unpooled_sentence(mismatch), tables: None })
}

/// Reads two studies with their names.
fn with_pair<T>(
    dirs: [&PathBuf; 2],
    show: impl FnOnce([(&str, &FinishedStudy<'_>); 2]) -> Result<T, ReportError>,
) -> Result<T, LesionError> {
    let [files_a, files_b] = dirs.map(|dir| StudyFolder(dir.clone()));
    let study_a = FinishedStudy::read(&files_a)?;
    let study_b = FinishedStudy::read(&files_b)?;
    let [name_a, name_b] = dirs.map(|dir| dir.display().to_string());
    Ok(show([(&name_a, &study_a), (&name_b, &study_b)])?)
}

/// The place of the page and the tables.
enum Outcome<'a> {
    /// Into a folder.
    Folder(&'a Path),
    /// The page alone, into a folder under a name.
    Page(&'a Path, &'a str),
}

impl<'a> Outcome<'a> {
    /// Checks that every file that would be replaced is one of this program.
    fn new(out: &'a Path) -> Result<Self, LesionError> {
        let is_page = out.extension().is_some_and(|extension| extension == "html");
        if is_page {
            let Some(name) = out.file_name().and_then(OsStr::to_str) else {
                return Err(LesionError::NoFileName(out.to_owned()));
            };
            check_beginning(out, PAGE_START)?;
            let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
            return Ok(Self::Page(folder.unwrap_or(Path::new(".")), name));
        }
        if out.exists() && !out.is_dir() {
            return Err(LesionError::ForeignFile { path: out.to_owned() });
        }
        check_beginning(&out.join(PAGE), PAGE_START)?;
        for table in GATHERED {
            check_beginning(&out.join(table.file), header(table).as_bytes())?;
        }
        Ok(Self::Folder(out))
    }

    /// Writes everything. Returns the paths of the page, and of the tables and figures.
    fn write(&self, gathered: &Gathered) -> Result<(PathBuf, Vec<PathBuf>), LesionError> {
        let html = gathered.report.html.as_bytes();
        let dir = match *self {
            Self::Page(dir, name) => {
                create_folder(dir)?.put(name, html)?;
                return Ok((dir.join(name), Vec::new()));
            }
            Self::Folder(dir) => dir,
        };
        let mut folder = create_folder(dir)?;
        let mut files = Vec::new();
        if let Some((cells, estimates)) = &gathered.tables {
            for (table, csv) in [
                (GatherRow::TABLE, encode(cells.iter().cloned())?),
                (GatherEstimateRow::TABLE, encode(estimates.iter().cloned())?),
            ] {
                folder.put(table.file, &csv)?;
                files.push(table.file.to_owned());
            }
            for (name, svg) in &gathered.report.figures {
                let file = format!("figures/{name}.svg");
                if FIGURES.contains(&file.as_str()) {
                    folder.put(&file, svg.as_bytes())?;
                    files.push(file);
                }
            }
        }
        // Those of other studies that were gathered here before.
        for old in GATHERED.iter().map(|table| table.file).chain(FIGURES) {
            if !files.iter().any(|file| file == old) {
                folder.remove(old)?;
            }
        }
        folder.put(PAGE, html)?;
        Ok((dir.join(PAGE), files.iter().map(|file| dir.join(file)).collect()))
    }
}

/// Beginning of every page.
const PAGE_START: &[u8] = b"<!doctype html>";

/// The header of a table, as its file begins.
fn header(table: Table) -> String {
    let names: Vec<&str> = table.names().collect();
    names.join(",")
}

/// Checks that a file that would be replaced begins as one of this program does.
fn check_beginning(path: &Path, expected: &[u8]) -> Result<(), LesionError> {
    if !path.is_file() {
        return Ok(());
    }
    let mut start = Vec::new();
    let file = File::open(path).map_err(LesionError::read(path))?;
    file.take(expected.len() as u64).read_to_end(&mut start).map_err(LesionError::read(path))?;
    if start != expected {
        return Err(LesionError::ForeignFile { path: path.to_owned() });
    }
    Ok(())
}
