//! The place that a study is written into: a folder or memory.

use std::{collections::BTreeMap, path::PathBuf};

use lesion_eval::{Activations, EncodedTable, Journal};
use safetensors::{Dtype, SafeTensorError, tensor::TensorView};
use serde::Serialize;
use study_record::{FigureFormat, MANIFEST, tables};
use study_report::{
    FIGURES, PAPER_FILES, PAPER_TABLES, Report, StudyFiles, hash, paper_table_file,
};

use crate::{error::LesionError, publishing::figure_conversion::convert_figure};

/// File name of a study's page.
pub const REPORT: &str = "report.html";
/// File name of the tested activations.
pub(crate) const ACTIVATIONS: &str = "activations.safetensors";
/// File name of the neuron sets.
pub(crate) const NEURON_SETS: &str = "neuron_sets.json";

/// The folder of the files for a paper.
const PAPER: &str = "paper";

/// A place that a study is written into and read from.
pub trait Place: StudyFiles {
    /// Writes a file. It appears whole, or not at all.
    ///
    /// # Errors
    /// If the file cannot be written.
    fn put(&mut self, file: &str, bytes: &[u8]) -> Result<(), LesionError>;

    /// Removes a file, if it exists.
    ///
    /// # Errors
    /// If the file cannot be removed.
    fn remove(&mut self, file: &str) -> Result<(), LesionError>;

    /// Opens the journal of a run. `identity` computes the run's identity, if the place keeps journals,
    /// and `replaces` allows to discard the interrupted run of another study.
    ///
    /// # Errors
    /// If another run is writing into this place or was interrupted there, the identity cannot be
    /// computed, or the journal cannot be written.
    fn journal(
        &mut self,
        identity: Identity<'_>,
        replaces: bool,
    ) -> Result<Box<dyn RunJournal>, LesionError>;
}

/// A function that computes the identity of a run. Two runs with the same identity write the same
/// tables.
pub type Identity<'a> = &'a dyn Fn() -> Result<String, LesionError>;

/// The journal of a run, which may contain batches of an earlier run.
pub trait RunJournal: Journal {
    /// Number of batches that an earlier run of the same study finished.
    fn resumed_batches(&self) -> usize {
        0
    }

    /// Journals in the place that are of another study, or none at all.
    fn ignored_journals(&self) -> &[PathBuf] {
        &[]
    }

    /// Whether an unfinished run of another study was discarded.
    fn replaces_another(&self) -> bool {
        false
    }

    /// Removes the journal of a complete run.
    ///
    /// # Errors
    /// If the journal cannot be removed.
    fn complete(self: Box<Self>) -> Result<(), LesionError>;
}

/// A writer for the files of one study, which keeps their hashes.
pub(crate) struct StudyWriter<'a> {
    place: &'a mut dyn Place,
    written: BTreeMap<String, String>,
}

impl<'a> StudyWriter<'a> {
    /// Removes the manifest, page, figures and paper of an earlier run. A study without a manifest is not
    /// finished, so nobody reads a mixture of old and new tables.
    pub(crate) fn begin(place: &'a mut dyn Place) -> Result<Self, LesionError> {
        place.remove(MANIFEST)?;
        place.remove(REPORT)?;
        for figure in FIGURES {
            for &format in FigureFormat::ALL {
                place.remove(&figure_file(figure.name, format))?;
            }
        }
        for file in paper_files() {
            place.remove(&file)?;
        }
        Ok(Self { place, written: BTreeMap::new() })
    }

    /// Writes the tables, and removes other tables of an earlier run.
    ///
    /// # Errors
    /// If a table is not declared, so that a later run would not remove it.
    pub(crate) fn tables(&mut self, encoded: &[EncodedTable]) -> Result<(), LesionError> {
        let mut absent = tables::all();
        for EncodedTable { table, csv } in encoded {
            let Some(index) = absent.iter().position(|other| other.file == table.file) else {
                return Err(LesionError::UndeclaredTable { file: table.file });
            };
            absent.swap_remove(index);
            self.file(table.file, csv)?;
        }
        for table in absent {
            self.place.remove(table.file)?;
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

    /// Writes a JSON file on one line, for long lists.
    pub(crate) fn compact_json(
        &mut self,
        file: &'static str,
        value: &impl Serialize,
    ) -> Result<(), LesionError> {
        let bytes = serde_json::to_vec(value);
        self.file(file, &bytes.map_err(|source| LesionError::Json { file, source })?)
    }

    /// Writes the activations of the tested tokens, `[sentences, layers, neurons]` per side and site.
    /// `None` removes those of an earlier run.
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

/// Writes a page and its figures: as SVG, and in the other `formats`. Returns the files of the figures.
/// The manifest does not list them: they are made from the tables after it is written.
pub(crate) fn write_report(
    place: &mut dyn Place,
    report: &Report,
    formats: &[FigureFormat],
) -> Result<Vec<String>, LesionError> {
    // Everything is converted first, so that a figure that cannot be leaves the old files.
    let mut converted = BTreeMap::new();
    for (name, svg) in &report.figures {
        for &format in FigureFormat::ALL {
            if format == FigureFormat::Svg || formats.contains(&format) {
                converted.insert(figure_file(name, format), convert_figure(svg, format)?);
            }
        }
    }
    for figure in FIGURES {
        for &format in FigureFormat::ALL {
            let file = figure_file(figure.name, format);
            match converted.get(&file) {
                Some(bytes) => place.put(&file, bytes)?,
                None => place.remove(&file)?,
            }
        }
    }
    place.put(REPORT, report.html.as_bytes())?;
    Ok(converted.into_keys().collect())
}

/// Writes the files for a paper, and removes those of an earlier one that are not among them. Returns
/// their names in the place. The manifest does not list them either.
pub(crate) fn write_paper_files(
    place: &mut dyn Place,
    files: &[(String, String)],
) -> Result<Vec<String>, LesionError> {
    let mut written = Vec::new();
    for (name, text) in files {
        let file = format!("{PAPER}/{name}");
        place.put(&file, text.as_bytes())?;
        written.push(file);
    }
    for file in paper_files() {
        if !written.contains(&file) {
            place.remove(&file)?;
        }
    }
    Ok(written)
}

/// Every file that a paper may have, those of the inner folder first.
fn paper_files() -> Vec<String> {
    let tables = PAPER_TABLES.iter().map(|table| paper_table_file(table));
    let texts = PAPER_FILES.iter().map(|(name, _)| (*name).to_owned());
    tables.chain(texts).map(|name| format!("{PAPER}/{name}")).collect()
}

fn figure_file(name: &str, format: FigureFormat) -> String {
    format!("figures/{name}.{format}")
}

fn safetensors_of(activations: &Activations) -> Result<Vec<u8>, SafeTensorError> {
    let (pre, post) = (&activations.pre, &activations.post);
    let named =
        [("pre.a", &pre[0]), ("pre.b", &pre[1]), ("post.a", &post[0]), ("post.b", &post[1])];
    let bytes: Vec<(&str, Vec<u8>)> = named
        .iter()
        .map(|(name, values)| (*name, values.iter().flat_map(|v| v.to_le_bytes()).collect()))
        .collect();
    let [a, b] = activations.sentences();
    let mut views = Vec::with_capacity(bytes.len());
    for ((name, bytes), sentences) in bytes.iter().zip([a, b, a, b]) {
        let shape = vec![sentences, activations.layers, activations.neurons];
        views.push((*name, TensorView::new(Dtype::F32, shape, bytes)?));
    }
    safetensors::serialize(views, None)
}

#[cfg(test)]
mod tests {
    use study_record::tables::{DoseRow, Row as _};

    use super::*;
    use crate::running::memory::Memory;

    #[test]
    fn a_table_replaces_those_of_an_earlier_run_and_must_be_declared() {
        let mut memory = Memory::from([("joint.csv".to_owned(), vec![1])]);
        let mut dose = EncodedTable::new(Vec::<DoseRow>::new()).unwrap();
        let mut writer = StudyWriter::begin(&mut memory).unwrap();
        writer.tables(std::slice::from_ref(&dose)).unwrap();
        assert_eq!(writer.written().keys().collect::<Vec<_>>(), [DoseRow::TABLE.file]);
        dose.table.file = "other.csv";
        let error = writer.tables(&[dose]).unwrap_err();
        assert!(matches!(error, LesionError::UndeclaredTable { file: "other.csv" }));
        assert!(!memory.contains_key("joint.csv"));
    }
}
