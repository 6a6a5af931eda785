//! The results of a run so far.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use lesion_eval::EncodedTable;
use study_record::{Manifest, tables::Row};
use study_report::{FinishedStudy, Section, StudyFiles, early_sections};

use crate::{error::LesionError, running::stages::Stages};

/// The tables of a run so far, and the manifest to which they belong.
pub(crate) struct Results {
    pub(crate) manifest: Manifest,
    pub(crate) tables: Vec<EncodedTable>,
    /// Number of sections that the observer of the run was told.
    told: usize,
}

impl Results {
    pub(crate) fn new(manifest: Manifest) -> Self {
        Self { manifest, tables: Vec::new(), told: 0 }
    }

    /// Adds a table.
    ///
    /// # Errors
    /// If a row cannot be written.
    pub(crate) fn add<R: Row>(
        &mut self,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<(), LesionError> {
        self.tables.push(EncodedTable::new(rows)?);
        Ok(())
    }

    /// Tells the sections that these tables complete. If one cannot be made, the end of the run tells it
    /// with the error: the tables are written first.
    pub(crate) fn tell_sections(&mut self, stages: &mut Stages<'_>) {
        let mut manifest = self.manifest.clone();
        for EncodedTable { table, .. } in &self.tables {
            // Only the name counts before the table is written.
            manifest.outputs.insert(table.file.to_owned(), String::new());
        }
        let files = Tables(&self.tables);
        if let Ok(sections) = early_sections(&FinishedStudy::so_far(&files, manifest), self.told) {
            for section in &sections {
                stages.section(section);
            }
            self.told += sections.len();
        }
    }

    /// Tells the rest of all sections.
    pub(crate) fn tell_rest(&self, sections: &[Section], stages: &mut Stages<'_>) {
        for section in &sections[self.told..] {
            stages.section(section);
        }
    }
}

/// Tables that are not written yet, as files.
struct Tables<'a>(&'a [EncodedTable]);

impl StudyFiles for Tables<'_> {
    fn open(&self, file: &str) -> io::Result<Box<dyn Read + '_>> {
        match self.0.iter().find(|encoded| encoded.table.file == file) {
            Some(encoded) => Ok(Box::new(encoded.csv.as_slice())),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        Path::new("memory").join(file)
    }
}
