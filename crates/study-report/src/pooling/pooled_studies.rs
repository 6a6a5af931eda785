//! Many studies, and the effects that they have over their models.

use std::collections::BTreeSet;

use neuron_stats::{Correction, StatsError};
use study_record::{
    EffectUnit,
    tables::{GatherEstimateRow, GatherRow},
};

use super::{
    cell_estimate::{CellEstimate, UnitEffect},
    depth_cells::DepthCells,
    mismatch::Mismatch,
    pooled_cell::{PooledCell, pool_cell},
    shared_question::SharedQuestion,
    study_effects::StudyEffects,
};
use crate::{error::ReportError, finished_study::FinishedStudy, sections::score_note::margin_unit};

/// Finished studies that are read one after the other, to be pooled. Their files need not stay open.
#[derive(Default)]
pub struct Gathering {
    question: SharedQuestion,
    studies: Vec<StudyEffects>,
    mismatch: Option<Mismatch>,
}

impl Gathering {
    /// Adds a study with a name, by which errors and results name it.
    ///
    /// # Errors
    /// If a table cannot be read.
    pub fn add(&mut self, name: &str, study: &FinishedStudy<'_>) -> Result<(), ReportError> {
        if self.mismatch.is_none() {
            self.mismatch = self.question.add(name, study.manifest())?;
        }
        if self.mismatch.is_none() {
            self.studies.push(StudyEffects::read(name, study)?);
        }
        Ok(())
    }

    /// The reason why the studies so far cannot be pooled, if they cannot.
    #[must_use]
    pub fn mismatch(&self) -> Option<&Mismatch> {
        self.mismatch.as_ref()
    }

    /// Pools the effects of all studies.
    ///
    /// # Errors
    /// If the studies cannot be pooled, or p-values cannot be corrected.
    pub fn pool(self) -> Result<PooledStudies, ReportError> {
        if let Some(mismatch) = self.mismatch {
            return Err(ReportError::Mismatch(mismatch));
        }
        PooledStudies::new(self.studies)
    }
}

/// The effects of many studies in each cell, and over all of them.
pub struct PooledStudies {
    /// Each study's effects.
    pub(crate) effects: Vec<StudyEffects>,
    pub(crate) cells: DepthCells,
    rows: Vec<GatherRow>,
    estimates: Vec<GatherEstimateRow>,
    /// Cells that could not be pooled at all, with the reason.
    pub(crate) unpooled: Vec<(usize, String, StatsError)>,
}

impl PooledStudies {
    fn new(effects: Vec<StudyEffects>) -> Result<Self, ReportError> {
        let cells = DepthCells::of(effects.iter().map(|study| study.layers));
        let mut pooled =
            Self { effects, cells, rows: Vec::new(), estimates: Vec::new(), unpooled: Vec::new() };
        let labels = pooled.effects.first().map(|study| study.labels.clone()).unwrap_or_default();
        for cell in pooled.lesioned_cells() {
            for label in &labels {
                pooled.add_cell(cell, label);
            }
        }
        for &unit in EffectUnit::ALL {
            pooled.correct(unit)?;
        }
        Ok(pooled)
    }

    /// The rows of `gather.csv`.
    #[must_use]
    pub fn rows(&self) -> &[GatherRow] {
        &self.rows
    }

    /// The unit of margins.
    pub(crate) fn margin_unit(&self) -> String {
        margin_unit(self.effects.iter().map(|study| study.score))
    }

    /// The rows of `gather_estimates.csv`.
    #[must_use]
    pub fn estimates(&self) -> &[GatherEstimateRow] {
        &self.estimates
    }

    /// The rows of `gather.csv` in one unit.
    pub(crate) fn rows_in(&self, unit: EffectUnit) -> impl Iterator<Item = &GatherRow> {
        self.rows.iter().filter(move |row| row.unit == unit)
    }

    /// The rows of `gather_estimates.csv` of the cell and unit of a row of `gather.csv`.
    pub(crate) fn estimates_of(&self, row: &GatherRow) -> impl Iterator<Item = &GatherEstimateRow> {
        self.estimates.iter().filter(|estimate| {
            estimate.cell == row.cell
                && estimate.neuron_set == row.neuron_set
                && estimate.unit == row.unit
        })
    }

    /// The cells in which a study lesioned a layer.
    pub(crate) fn lesioned_cells(&self) -> BTreeSet<usize> {
        let mut cells = BTreeSet::new();
        for study in &self.effects {
            for effect in study.effects.iter().filter(|effect| effect.layer < study.layers) {
                cells.insert(self.cells.cell(effect.layer, study.layers));
            }
        }
        cells
    }

    /// Estimates and pools a cell of a label.
    fn add_cell(&mut self, cell: usize, label: &str) {
        let mut estimates = Vec::with_capacity(self.effects.len());
        for study in &self.effects {
            estimates.push(CellEstimate::new(study, self.cells, cell, label));
        }
        for &unit in EffectUnit::ALL {
            let mut effects = Vec::new();
            let mut included = Vec::new();
            for estimate in &estimates {
                if let Ok(effect) = estimate.effect(unit) {
                    effects.push(*effect);
                    included.push(estimate);
                }
            }
            let pooled = match pool_cell(&effects, &included, unit) {
                Ok(pooled) => Some(pooled),
                Err(error) => {
                    // Without any effect, each study says why.
                    if unit == EffectUnit::Logits && !effects.is_empty() {
                        self.unpooled.push((cell, label.to_owned(), error));
                    }
                    None
                }
            };
            self.add_estimates(cell, label, unit, &estimates, pooled.as_ref());
            if let Some(PooledCell { mut row, .. }) = pooled {
                row.cell = cell;
                (row.depth_low, row.depth_high) = self.cells.depth(cell);
                label.clone_into(&mut row.neuron_set);
                self.rows.push(row);
            }
        }
    }

    fn add_estimates(
        &mut self,
        cell: usize,
        label: &str,
        unit: EffectUnit,
        estimates: &[CellEstimate],
        pooled: Option<&PooledCell>,
    ) {
        let mut place = 0;
        for (number, (study, estimate)) in self.effects.iter().zip(estimates).enumerate() {
            let layers: Vec<String> = estimate.layers.iter().map(usize::to_string).collect();
            let mut row = GatherEstimateRow {
                study: number + 1,
                folder: study.name.clone(),
                model: study.model.clone(),
                cell,
                layers: layers.join(" "),
                neuron_set: label.to_owned(),
                unit,
                templates: estimate.templates.len(),
                prompts: estimate.prompts(),
                margin: estimate.margin,
                effect: None,
                template_variance: None,
                set_variance: None,
                low: None,
                high: None,
                weight: None,
                without_mean: None,
                without_low: None,
                without_high: None,
                without_p: None,
                left_out: None,
            };
            match estimate.effect(unit) {
                Ok(effect) => {
                    fill_effect(&mut row, effect);
                    if let Some(pooled) = pooled {
                        fill_pooled(&mut row, pooled, place);
                    }
                    place += 1;
                }
                Err(reason) => row.left_out = Some(reason.to_string()),
            }
            self.estimates.push(row);
        }
    }

    /// Corrects p over all cells of one unit.
    fn correct(&mut self, unit: EffectUnit) -> Result<(), ReportError> {
        let p: Vec<f64> = self.rows_in(unit).map(GatherRow::p_of_both).collect();
        let corrected = Correction::Holm.adjust(&p)?;
        let rows = self.rows.iter_mut().filter(|row| row.unit == unit);
        for (row, p) in rows.zip(corrected) {
            row.p_corrected = p;
        }
        Ok(())
    }
}

fn fill_effect(row: &mut GatherEstimateRow, effect: &UnitEffect) {
    let (low, high) = effect.interval();
    row.effect = Some(effect.effect);
    row.template_variance = Some(effect.template_variance);
    row.set_variance = Some(effect.set_variance);
    row.low = Some(low);
    row.high = Some(high);
}

/// Fills in what the study is to the mean: its weight, and the mean without it.
fn fill_pooled(row: &mut GatherEstimateRow, pooled: &PooledCell, place: usize) {
    row.weight = Some(pooled.weights[place]);
    if let Some(without) = pooled.without.get(place) {
        row.without_mean = Some(without.mean);
        row.without_low = Some(without.interval.0);
        row.without_high = Some(without.interval.1);
        row.without_p = Some(without.p);
    }
}
