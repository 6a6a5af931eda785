//! Where a study is written: a folder or memory. Files appear whole or not at all.

use std::collections::BTreeMap;

use lesion_eval::{Activations, EncodedTable, Journal};
use safetensors::{Dtype, SafeTensorError, tensor::TensorView};
use serde::Serialize;
use study_record::{MANIFEST, tables};
use study_report::{FIGURES, Report, StudyFiles, hash};

use crate::error::LesionError;

/// The page that tells a study.
pub const REPORT: &str = "report.html";
/// The file of the tested activations.
pub(crate) const ACTIVATIONS: &str = "activations.safetensors";
/// The file of the neuron sets.
pub(crate) const NEURON_SETS: &str = "neuron_sets.json";

/// A place that a study is written into, and read from again.
pub trait Place: StudyFiles {
    /// Writes a file: whole, or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    fn put(&mut self, file: &str, bytes: &[u8]) -> Result<(), LesionError>;

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// If it cannot be removed.
    fn remove(&mut self, file: &str) -> Result<(), LesionError>;

    /// Opens the journal of the run with this identity.
    ///
    /// # Errors
    /// If another run writes here, or the journal cannot be written.
    fn journal(&mut self, identity: String) -> Result<Box<dyn RunJournal>, LesionError>;

    /// This place as the source of a study's files.
    fn files(&self) -> &dyn StudyFiles;
}

/// The journal of a run, and what an earlier run left of it.
pub trait RunJournal: Journal {
    /// Batches that an earlier run of the same study finished.
    fn resumed_batches(&self) -> usize {
        0
    }

    /// Whether an unfinished run of another study is discarded.
    fn replaces_another(&self) -> bool {
        false
    }

    /// The journal as the engine sees it.
    fn as_journal(&mut self) -> &mut dyn Journal;

    /// Removes the journal: the run is complete.
    ///
    /// # Errors
    /// If it cannot be removed.
    fn complete(self: Box<Self>) -> Result<(), LesionError>;
}

/// Writes the files of one study into a place, and remembers their hashes.
pub(crate) struct StudyWriter<'a> {
    place: &'a mut dyn Place,
    written: BTreeMap<String, String>,
}

impl<'a> StudyWriter<'a> {
    /// Removes the manifest of an earlier run, and what was made of it: without one, no reader takes
    /// old and new tables for one study.
    pub(crate) fn begin(place: &'a mut dyn Place) -> Result<Self, LesionError> {
        place.remove(MANIFEST)?;
        place.remove(REPORT)?;
        for figure in FIGURES {
            place.remove(&figure_file(figure.name))?;
        }
        Ok(Self { place, written: BTreeMap::new() })
    }

    /// Writes the tables, and removes those of an earlier run that this one does not write.
    pub(crate) fn tables(&mut self, encoded: &[EncodedTable]) -> Result<(), LesionError> {
        for table in tables::all() {
            match encoded.iter().find(|encoded| encoded.table.file == table.file) {
                Some(encoded) => self.file(table.file, &encoded.csv)?,
                None => self.place.remove(table.file)?,
            }
        }
        Ok(())
    }

    /// Writes a JSON file.
    pub(crate) fn json(
        &mut self,
        file: &'static str,
        value: &impl Serialize,
    ) -> Result<(), LesionError> {
        let bytes = serde_json::to_vec_pretty(value);
        let mut bytes = bytes.map_err(|source| LesionError::Json { file, source })?;
        bytes.push(b'\n');
        self.file(file, &bytes)
    }

    /// Writes a JSON file of long lists on one line.
    pub(crate) fn compact_json(
        &mut self,
        file: &'static str,
        value: &impl Serialize,
    ) -> Result<(), LesionError> {
        let bytes = serde_json::to_vec(value);
        self.file(file, &bytes.map_err(|source| LesionError::Json { file, source })?)
    }

    /// Writes the activations of the tested tokens, `[pairs, layers, neurons]` for each side and
    /// site, or removes those of an earlier run.
    pub(crate) fn activations(
        &mut self,
        activations: Option<&Activations>,
    ) -> Result<(), LesionError> {
        match activations {
            Some(activations) => self.file(ACTIVATIONS, &safetensors_of(activations)?),
            None => self.place.remove(ACTIVATIONS),
        }
    }

    fn file(&mut self, file: &str, bytes: &[u8]) -> Result<(), LesionError> {
        self.place.put(file, bytes)?;
        self.written.insert(file.to_owned(), hash::of_bytes(bytes));
        Ok(())
    }

    /// SHA-256 of every file written so far.
    pub(crate) fn written(&self) -> &BTreeMap<String, String> {
        &self.written
    }
}

/// Writes a page and its figures. They are made of the tables, so that the manifest, which comes
/// before them, does not name them.
pub(crate) fn write_report(place: &mut dyn Place, report: &Report) -> Result<(), LesionError> {
    for figure in FIGURES {
        let file = figure_file(figure.name);
        match report.figures.iter().find(|(name, _)| *name == figure.name) {
            Some((_, svg)) => place.put(&file, svg.as_bytes())?,
            None => place.remove(&file)?,
        }
    }
    place.put(REPORT, report.html.as_bytes())
}

fn figure_file(name: &str) -> String {
    format!("figures/{name}.svg")
}

fn safetensors_of(activations: &Activations) -> Result<Vec<u8>, SafeTensorError> {
    let shape = vec![activations.pairs, activations.layers, activations.neurons];
    let (pre, post) = (&activations.pre, &activations.post);
    let named =
        [("pre.a", &pre[0]), ("pre.b", &pre[1]), ("post.a", &post[0]), ("post.b", &post[1])];
    let bytes: Vec<(&str, Vec<u8>)> = named
        .iter()
        .map(|(name, values)| (*name, values.iter().flat_map(|v| v.to_le_bytes()).collect()))
        .collect();
    let views = bytes
        .iter()
        .map(|(name, bytes)| Ok((*name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, SafeTensorError>>()?;
    safetensors::serialize(views, None)
}
