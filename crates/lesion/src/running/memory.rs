//! A study in memory.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::PathBuf,
};

use lesion_eval::{Journal, Reading};
use study_report::StudyFiles;

use crate::{
    error::LesionError,
    running::place::{Place, RunJournal},
};

/// The files of a study in memory, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Each file's bytes.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl StudyFiles for Memory {
    fn open(&self, file: &str) -> io::Result<Box<dyn Read + '_>> {
        self.files.open(file)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.files.path(file)
    }
}

impl Place for Memory {
    fn put(&mut self, file: &str, bytes: &[u8]) -> Result<(), LesionError> {
        self.files.insert(file.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn remove(&mut self, file: &str) -> Result<(), LesionError> {
        self.files.remove(file);
        Ok(())
    }

    fn journal(&mut self, _identity: String) -> Result<Box<dyn RunJournal>, LesionError> {
        Ok(Box::new(NoRunJournal))
    }

    fn files(&self) -> &dyn StudyFiles {
        self
    }
}

/// The journal of a run that cannot be resumed.
struct NoRunJournal;

impl Journal for NoRunJournal {
    fn finished(&mut self, _unit: &str) -> Option<Vec<Reading>> {
        None
    }

    fn keep(&mut self, _unit: &str, _readings: &[Reading]) -> io::Result<()> {
        Ok(())
    }
}

impl RunJournal for NoRunJournal {
    fn as_journal(&mut self) -> &mut dyn Journal {
        self
    }

    fn complete(self: Box<Self>) -> Result<(), LesionError> {
        Ok(())
    }
}
