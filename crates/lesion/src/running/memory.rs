//! A study in memory.

use std::collections::BTreeMap;

use lesion_eval::NoJournal;

use crate::{
    error::LesionError,
    running::place::{Identity, Place, RunJournal},
};

/// The files of a study in memory: the bytes of each, by name.
pub type Memory = BTreeMap<String, Vec<u8>>;

impl Place for Memory {
    fn put(&mut self, file: &str, bytes: &[u8]) -> Result<(), LesionError> {
        self.insert(file.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn remove(&mut self, file: &str) -> Result<(), LesionError> {
        BTreeMap::remove(self, file);
        Ok(())
    }

    fn journal(
        &mut self,
        _identity: Identity<'_>,
        _replaces: bool,
    ) -> Result<Box<dyn RunJournal>, LesionError> {
        Ok(Box::new(NoJournal))
    }
}

impl RunJournal for NoJournal {
    fn complete(self: Box<Self>) -> Result<(), LesionError> {
        Ok(())
    }
}
