//! The results of a finished study.

use std::{
    io::{self, Read as _},
    path::PathBuf,
};

use lesion::{LesionError, Memory, REPORT};
use lesion_eval::NeuronSetFile;
use pyo3::{prelude::*, types::PyBytes};
use study_record::{FigureFormat, Manifest, SettingValue as _};
use study_report::{FIGURES, FinishedStudy, ReportError, StudyFiles, StudyFolder};

use crate::{columns::Columns, csv_columns::read_csv, native_error::NativeError};

/// The end of the names of tables' files.
const CSV: &str = ".csv";
/// The file of the neuron sets.
const NEURON_SETS: &str = "neuron_sets.json";

/// A place of results.
enum Files {
    Folder(StudyFolder),
    Memory(Memory),
}

/// The files of a finished study.
#[pyclass(frozen, module = "lesion._lesion")]
pub(crate) struct FinishedResults(Files);

impl FinishedResults {
    /// The results in a folder.
    pub(crate) fn of_folder(folder: StudyFolder) -> Self {
        Self(Files::Folder(folder))
    }

    /// The results in memory.
    pub(crate) fn of_memory(memory: Memory) -> Self {
        Self(Files::Memory(memory))
    }

    fn files(&self) -> &dyn StudyFiles {
        match &self.0 {
            Files::Folder(folder) => folder,
            Files::Memory(memory) => memory,
        }
    }

    fn read(&self, file: &str) -> Result<String, NativeError> {
        let mut text = String::new();
        let reader = self.files().open(file);
        let read = reader.and_then(|mut reader| reader.read_to_string(&mut text));
        read.map_err(|error| self.unreadable(file, &error.to_string()))?;
        Ok(text)
    }

    fn unreadable(&self, file: &str, problem: &str) -> NativeError {
        let file = self.files().path(file).display().to_string();
        NativeError::File { file, problem: problem.to_owned() }
    }

    /// Texts about the study for a paper.
    fn write_up<T>(
        &self,
        write: impl FnOnce(&FinishedStudy<'_>) -> Result<T, ReportError>,
    ) -> Result<T, NativeError> {
        let study = FinishedStudy::read(self.files()).map_err(LesionError::from)?;
        Ok(write(&study).map_err(LesionError::from)?)
    }

    fn manifest(&self) -> Result<Manifest, NativeError> {
        let study = FinishedStudy::read(self.files()).map_err(LesionError::from)?;
        Ok(study.manifest().clone())
    }
}

#[pymethods]
impl FinishedResults {
    /// Reads the results in a folder.
    #[staticmethod]
    fn open(folder: PathBuf) -> PyResult<Self> {
        let results = Self::of_folder(StudyFolder(folder));
        results.manifest()?;
        Ok(results)
    }

    /// The folder; none for results in memory.
    #[getter]
    fn folder(&self) -> Option<PathBuf> {
        match &self.0 {
            Files::Folder(folder) => Some(folder.0.clone()),
            Files::Memory(_) => None,
        }
    }

    /// The manifest, in JSON.
    fn manifest_json(&self) -> PyResult<String> {
        Ok(self.read(study_record::MANIFEST)?)
    }

    /// The warnings of the study, as sentences.
    fn warnings(&self) -> PyResult<Vec<String>> {
        Ok(self.manifest()?.warnings.iter().map(ToString::to_string).collect())
    }

    /// Files that were changed after the study wrote them.
    fn changed(&self) -> PyResult<Vec<String>> {
        let study = FinishedStudy::read(self.files());
        Ok(study.map_err(|error| NativeError::from(LesionError::from(error)))?.changed().to_vec())
    }

    /// The names of the tables.
    fn tables(&self) -> PyResult<Vec<String>> {
        let outputs = self.manifest()?.outputs;
        let names = outputs.keys().filter_map(|file| file.strip_suffix(CSV));
        Ok(names.map(str::to_owned).collect())
    }

    /// A table.
    fn table(&self, name: &str) -> PyResult<Columns> {
        let known = self.tables()?;
        if !known.iter().any(|table| table == name) {
            return Err(NativeError::NoSuchTable { name: name.to_owned(), known }.into());
        }
        let file = format!("{name}{CSV}");
        let reader = self.files().open(&file);
        let reader = reader.map_err(|error| self.unreadable(&file, &error.to_string()))?;
        let columns = read_csv(&file, io::BufReader::new(reader));
        Ok(columns.map_err(|error| self.unreadable(&file, &error.to_string()))?)
    }

    /// The layers and labels of the neuron sets.
    fn neuron_set_keys(&self) -> PyResult<Vec<(String, usize)>> {
        let sets = self.neuron_sets()?.sets;
        Ok(sets.into_iter().map(|entry| (entry.label, entry.layer)).collect())
    }

    /// The neurons that carry a label in a layer, or those of them that the controlled lesions take.
    fn neuron_set(&self, label: &str, layer: usize, lesioned: bool) -> PyResult<Vec<usize>> {
        let sets = self.neuron_sets()?.sets;
        let mut entries = sets.into_iter();
        let Some(entry) = entries.find(|entry| entry.label == label && entry.layer == layer) else {
            let label = label.to_owned();
            return Err(NativeError::NoSuchSet { label, layer }.into());
        };
        Ok(match entry.lesioned {
            Some(neurons) if lesioned => neurons,
            _ => entry.neurons,
        })
    }

    /// The names of the figures.
    fn figures(&self) -> Vec<&'static str> {
        let names = FIGURES.iter().map(|figure| figure.name);
        names.filter(|name| self.files().open(&figure_file(name)).is_ok()).collect()
    }

    /// A figure, as SVG.
    fn figure(&self, name: &str) -> PyResult<String> {
        let known = self.figures();
        if !known.contains(&name) {
            let known = known.into_iter().map(str::to_owned).collect();
            return Err(NativeError::NoSuchFigure { name: name.to_owned(), known }.into());
        }
        Ok(self.read(&figure_file(name))?)
    }

    /// The page, as HTML.
    fn page(&self) -> PyResult<String> {
        Ok(self.read(REPORT)?)
    }

    /// The paragraph of methods.
    fn methods(&self) -> PyResult<String> {
        Ok(self.write_up(study_report::methods)?)
    }

    /// A sentence per finding.
    fn results(&self) -> PyResult<Vec<String>> {
        Ok(self.write_up(study_report::results)?)
    }

    /// The tables in LaTeX, each with its name.
    fn latex_tables(&self) -> PyResult<Vec<(String, String)>> {
        let tables = self.write_up(study_report::latex_tables)?;
        Ok(tables.into_iter().map(|table| (table.name.to_owned(), table.latex)).collect())
    }

    /// The references that the methods cite, in BibTeX.
    fn bibtex(&self) -> PyResult<String> {
        Ok(self.write_up(study_report::bibtex)?)
    }
}

/// Converts a figure in SVG to the format of this name.
#[pyfunction]
pub(crate) fn convert_figure<'py>(
    py: Python<'py>,
    svg: &str,
    name: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    let format = FigureFormat::parse(name).map_err(|problem| NativeError::Argument {
        argument: "path",
        problem: problem.to_string(),
    })?;
    let bytes = lesion::convert_figure(svg, format).map_err(NativeError::from)?;
    Ok(PyBytes::new(py, &bytes))
}

/// The reference of the program, in BibTeX.
#[pyfunction]
pub(crate) fn cite() -> String {
    study_report::cite()
}

impl FinishedResults {
    fn neuron_sets(&self) -> Result<NeuronSetFile, NativeError> {
        let text = self.read(NEURON_SETS)?;
        serde_json::from_str(&text)
            .map_err(|error| self.unreadable(NEURON_SETS, &error.to_string()))
    }
}

fn figure_file(name: &str) -> String {
    format!("figures/{name}.svg")
}
