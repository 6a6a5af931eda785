//! A finished study, read from its files.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::de::Error;
use study_record::{
    MANIFEST, Manifest, SWEEP,
    tables::{Row, Table, TableError, decode},
};

use crate::{error::ReportError, hash, study_files::StudyFiles};

/// Many more layers than models have. Sections have rows and figures of each layer, so that a larger number in a
/// damaged manifest would take all memory.
const MOST_LAYERS: usize = 10_000;

/// A finished study. Its manifest is read at once, its tables when they are asked for.
pub struct FinishedStudy<'a> {
    files: &'a dyn StudyFiles,
    manifest: Manifest,
    changed: Vec<String>,
}

impl<'a> FinishedStudy<'a> {
    /// Reads a study's manifest, and compares the hash of every file with it.
    ///
    /// # Errors
    /// If there is no manifest, it is not one of this version, or a file cannot be read.
    pub fn read(files: &'a dyn StudyFiles) -> Result<Self, ReportError> {
        let manifest = read_manifest(files)?;
        let changed = find_changed(files, &manifest)?;
        Ok(Self { files, manifest, changed })
    }

    /// A study that still runs, with its results so far: `outputs` of its manifest are the tables that
    /// `files` have, and sections are made of these ([`early_sections`](crate::early_sections)).
    #[must_use]
    pub fn so_far(files: &'a dyn StudyFiles, manifest: Manifest) -> Self {
        Self { files, manifest, changed: Vec::new() }
    }

    /// Whether the study wrote a table.
    pub(crate) fn has(&self, table: Table) -> bool {
        self.manifest.outputs.contains_key(table.file)
    }

    /// The path by which errors name a file.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.files.path(file)
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The files that are no longer those that the study wrote: `dose.csv was changed`.
    #[must_use]
    pub fn changed(&self) -> &[String] {
        &self.changed
    }

    /// The rows of a table that every study writes.
    ///
    /// # Errors
    /// If the table cannot be read, or is not one that this version writes.
    pub fn rows<R: Row>(&self) -> Result<Vec<R>, ReportError> {
        let file = R::TABLE.file;
        let reader = self.files.open(file).map_err(|error| unreadable(self.files, file, error))?;
        self.decode(reader)?.collect()
    }

    /// The rows of a table that is not in every study; `None` if it was not written, or is gone.
    ///
    /// # Errors
    /// If the table cannot be read, or is not one that this version writes.
    pub fn rows_if_written<R: Row>(&self) -> Result<Option<Vec<R>>, ReportError> {
        self.stream_if_written()?.map(Iterator::collect).transpose()
    }

    /// The same rows one after the other, for a table that may be too large to hold.
    ///
    /// # Errors
    /// If the table cannot be read. Each row by itself, if it is not one that this version writes.
    pub fn stream_if_written<R: Row>(
        &self,
    ) -> Result<Option<impl Iterator<Item = Result<R, ReportError>>>, ReportError> {
        let file = R::TABLE.file;
        if !self.has(R::TABLE) {
            return Ok(None);
        }
        match self.files.open(file) {
            Ok(reader) => self.decode(reader).map(Some),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(unreadable(self.files, file, error)),
        }
    }

    fn decode<R: Row>(
        &self,
        reader: Box<dyn Read + 'a>,
    ) -> Result<impl Iterator<Item = Result<R, ReportError>> + use<'_, 'a, R>, ReportError> {
        let rows = decode(reader).map_err(|error| malformed(self.files, R::TABLE.file, error))?;
        Ok(rows.map(|row| row.map_err(|error| malformed(self.files, R::TABLE.file, error))))
    }
}

fn read_manifest(files: &dyn StudyFiles) -> Result<Manifest, ReportError> {
    let reader = match files.open(MANIFEST) {
        Ok(reader) => reader,
        Err(error) if is_missing(&error) => {
            let path = files.path(MANIFEST);
            if files.open(SWEEP).is_ok() {
                return Err(ReportError::Sweep(files.path(SWEEP)));
            }
            return Err(ReportError::NoStudy(path.parent().unwrap_or(Path::new("")).to_owned()));
        }
        Err(error) => return Err(unreadable(files, MANIFEST, error)),
    };
    let text = io::read_to_string(reader).map_err(|error| unreadable(files, MANIFEST, error))?;
    parse_manifest(&text)
        .map_err(|error| ReportError::Manifest { path: files.path(MANIFEST), error })
}

fn parse_manifest(text: &str) -> Result<Manifest, serde_json::Error> {
    let manifest: Manifest = serde_json::from_str(text)?;
    let layers = manifest.model_layers;
    if layers > MOST_LAYERS {
        let message = format!("`model_layers` is {layers}, and may be at most {MOST_LAYERS}");
        return Err(serde_json::Error::custom(message));
    }
    Ok(manifest)
}

fn find_changed(files: &dyn StudyFiles, manifest: &Manifest) -> Result<Vec<String>, ReportError> {
    let mut changed = Vec::new();
    for (file, expected) in &manifest.outputs {
        match files.open(file).and_then(hash::of_reader) {
            Ok(found) if found == *expected => {}
            Ok(_) => changed.push(format!("{file} was changed")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                changed.push(format!("{file} was removed"));
            }
            Err(error) => return Err(unreadable(files, file, error)),
        }
    }
    Ok(changed)
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn unreadable(files: &dyn StudyFiles, file: &str, error: io::Error) -> ReportError {
    ReportError::Unreadable { path: files.path(file), error }
}

fn malformed(files: &dyn StudyFiles, file: &str, error: TableError) -> ReportError {
    match error {
        TableError::Read(error) => unreadable(files, file, error),
        error @ TableError::Row { .. } => ReportError::Table { path: files.path(file), error },
    }
}
