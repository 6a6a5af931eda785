//! How many neurons carry each label.

use study_record::{Correction, Manifest, tables::SelectionRow};

use crate::{error::ReportError, finished_study::FinishedStudy};

/// Numbers of labelled neurons, with the study's scope and direction.
pub(crate) struct SelectionCounts {
    rows: Vec<SelectionRow>,
    correction: Correction,
}

impl SelectionCounts {
    pub(crate) fn read(study: &FinishedStudy<'_>) -> Result<Self, ReportError> {
        let selection = &study.manifest().study.selection;
        let mut rows: Vec<SelectionRow> = study.rows()?;
        rows.retain(|row| row.scope == selection.scope && row.directional == selection.directional);
        Ok(Self { rows, correction: selection.correction })
    }

    /// How many neurons of a layer carry a label under a correction.
    pub(crate) fn under(&self, correction: Correction, layer: usize, label: &str) -> usize {
        let found = self
            .rows
            .iter()
            .find(|row| row.correction == correction && row.layer == layer && row.label == label);
        found.map_or(0, |row| row.neurons)
    }

    /// The same under the study's correction.
    pub(crate) fn chosen(&self, layer: usize, label: &str) -> usize {
        self.under(self.correction, layer, label)
    }

    /// How many neurons of a layer carry either label under the study's correction.
    pub(crate) fn labelled(&self, layer: usize, manifest: &Manifest) -> usize {
        manifest.labels().iter().map(|label| self.chosen(layer, label)).sum()
    }
}
