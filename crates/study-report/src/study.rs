//! A finished study, read from its folder.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

use csv::{ErrorKind, StringRecord};

use crate::{
    ReportError,
    causal::Singles,
    manifest::Manifest,
    nulls::Nulls,
    rows::{
        Bin, Dissociation, Dose, Dynamic, HeldOut, Joint, Lesioned, Neuron, Normality, Prediction,
        Profile, Prompt, Row, Selected, Sparsity,
    },
};

/// A finished study: its manifest and what its tables hold. A part that did not run is `None`.
#[derive(Debug)]
pub struct Study {
    pub(crate) manifest: Manifest,
    /// The files that are no longer what the study wrote.
    pub(crate) changed: Vec<String>,
    pub(crate) neurons: Vec<Neuron>,
    pub(crate) selected: Vec<Selected>,
    pub(crate) held_out: Option<Vec<HeldOut>>,
    pub(crate) bins: Vec<Bin>,
    pub(crate) normality: Vec<Normality>,
    pub(crate) sparsity: Vec<Sparsity>,
    pub(crate) prompts: Vec<Prompt>,
    pub(crate) predictions: Vec<Prediction>,
    pub(crate) lesioned: Vec<Lesioned>,
    pub(crate) nulls: Option<Nulls>,
    pub(crate) profile: Option<Vec<Profile>>,
    pub(crate) dissociation: Option<Vec<Dissociation>>,
    pub(crate) joint: Option<Vec<Joint>>,
    pub(crate) doses: Option<Vec<Dose>>,
    pub(crate) singles: Option<Singles>,
    pub(crate) dynamic: Option<Vec<Dynamic>>,
}

impl Study {
    /// Reads a study from the folder that it was written into.
    ///
    /// # Errors
    /// Without a manifest, without a table that every study has, or where a table is not what this
    /// version writes.
    pub fn read(dir: &Path) -> Result<Self, ReportError> {
        let manifest = Manifest::read(dir)?;
        let changed = manifest.changed(dir)?;
        let folder = Folder { dir, manifest: &manifest };
        let prompts: Vec<Prompt> = folder.table()?;
        let labels: BTreeMap<_, _> = prompts
            .iter()
            .filter_map(|of| Some(((of.prompt, of.position), of.label.clone()?)))
            .collect();
        let layer = manifest.layer;
        Ok(Self {
            neurons: folder.table()?,
            selected: folder.table()?,
            held_out: folder.table_if()?,
            bins: folder.table()?,
            normality: folder.table()?,
            sparsity: folder.table()?,
            predictions: folder.table()?,
            lesioned: folder.table()?,
            nulls: folder.gather(|nulls: &mut Nulls, row| nulls.push(&row, layer))?,
            profile: folder.table_if()?,
            dissociation: folder.table_if()?,
            joint: folder.table_if()?,
            doses: folder.table_if()?,
            singles: folder.gather(|singles: &mut Singles, row| singles.push(row, &labels))?,
            dynamic: folder.table_if()?,
            prompts,
            changed,
            manifest,
        })
    }

    /// The files that are no longer what the study wrote, and how: `dose.csv was changed`.
    #[must_use]
    pub fn changed(&self) -> &[String] {
        &self.changed
    }

    /// How many layers the model has.
    pub(crate) fn layers(&self) -> usize {
        self.neurons.iter().map(|of| of.layer + 1).max().unwrap_or_default()
    }

    /// How many neurons a layer has.
    pub(crate) fn width(&self) -> usize {
        self.neurons.iter().map(|of| of.neuron + 1).max().unwrap_or_default()
    }

    /// How many neurons of a layer carry a label under a correction, with the study's scope and
    /// direction.
    pub(crate) fn count(&self, layer: usize, label: &str, correction: &str) -> usize {
        let settings = &self.manifest.study.selection;
        let here = |of: &&Selected| {
            (of.layer, of.label.as_str(), of.correction.as_str()) == (layer, label, correction)
                && (of.scope.as_str(), of.directional) == (&settings.scope, settings.directional)
        };
        self.selected.iter().find(here).map_or(0, |of| of.neurons)
    }

    /// The same under the study's own correction.
    pub(crate) fn chosen(&self, layer: usize, label: &str) -> usize {
        self.count(layer, label, &self.manifest.study.selection.correction)
    }

    /// The masked prompt of a row.
    pub(crate) fn prompt(&self, prompt: usize, position: usize) -> Option<&Prompt> {
        self.prompts.iter().find(|of| (of.prompt, of.position) == (prompt, position))
    }

    /// Predictions, one masked prompt at a time, the right word first.
    pub(crate) fn predicted(&self) -> impl Iterator<Item = &[Prediction]> {
        self.predictions.chunk_by(|a, b| (a.prompt, a.position) == (b.prompt, b.position))
    }

    /// The paper's lesions without the controls, one masked prompt at a time, the right word first.
    pub(crate) fn lesions(&self) -> impl Iterator<Item = &[Lesioned]> {
        self.lesioned
            .chunk_by(|a, b| {
                (a.prompt, a.position, &a.neuron_set) == (b.prompt, b.position, &b.neuron_set)
            })
            .filter(|of| of[0].neuron_set.is_some())
    }
}

/// Where the tables are.
struct Folder<'a> {
    dir: &'a Path,
    manifest: &'a Manifest,
}

impl Folder<'_> {
    /// A table that every study has.
    fn table<R: Row>(&self) -> Result<Vec<R>, ReportError> {
        self.rows()?.collect()
    }

    /// A table of a part; `None` where it did not run, or its table is gone.
    fn table_if<R: Row>(&self) -> Result<Option<Vec<R>>, ReportError> {
        if self.has::<R>() { self.table().map(Some) } else { Ok(None) }
    }

    /// A table of a part that may be too large to hold, taken in row by row.
    fn gather<R: Row, T: Default>(
        &self,
        mut push: impl FnMut(&mut T, R),
    ) -> Result<Option<T>, ReportError> {
        if !self.has::<R>() {
            return Ok(None);
        }
        let mut gathered = T::default();
        for row in self.rows()? {
            push(&mut gathered, row?);
        }
        Ok(Some(gathered))
    }

    /// Whether the study wrote a table, and it is still there.
    fn has<R: Row>(&self) -> bool {
        self.manifest.outputs.contains_key(R::FILE) && self.dir.join(R::FILE).exists()
    }

    fn rows<R: Row>(&self) -> Result<impl Iterator<Item = Result<R, ReportError>>, ReportError> {
        let path = self.dir.join(R::FILE);
        let file = File::open(&path)
            .map_err(|source| ReportError::Unreadable { path: path.clone(), source })?;
        let mut reader = csv::Reader::from_reader(file);
        let columns = reader.headers().map_err(|error| malformed(&path, None, error))?.clone();
        let rows = reader.into_deserialize();
        Ok(rows.map(move |row| row.map_err(|error| malformed(&path, Some(&columns), error))))
    }
}

/// What is wrong with a row, on one line.
fn malformed(path: &Path, columns: Option<&StringRecord>, error: csv::Error) -> ReportError {
    let path = PathBuf::from(path);
    let line = error.position().map_or(1, csv::Position::line);
    let problem = match error.into_kind() {
        ErrorKind::Io(source) => return ReportError::Unreadable { path, source },
        ErrorKind::Deserialize { err, .. } => {
            let index = err.field().and_then(|index| usize::try_from(index).ok());
            let column = index.and_then(|index| columns?.get(index));
            let column = column.map_or(String::new(), |column| format!("column `{column}`: "));
            format!("{column}{}", err.kind())
        }
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} cells for {expected_len} columns")
        }
        ErrorKind::Utf8 { .. } => "it is not UTF-8 text".to_owned(),
        _ => "it is no CSV".to_owned(),
    };
    ReportError::Malformed { path, problem: format!("line {line}: {problem}") }
}
