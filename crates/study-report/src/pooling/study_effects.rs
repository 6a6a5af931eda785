//! The effects of one study's lesions, template by template.

use std::collections::BTreeMap;

use study_record::{
    ScoreUnit, SetChoice,
    tables::{PredictionRow, ProfileRow, PromptControlRow, PromptRow, Row as _},
};

use super::left_out::LeftOut;
use crate::{error::ReportError, finished_study::FinishedStudy};

/// The effects of a study, without its files.
pub(crate) struct StudyEffects {
    /// The study's name: its folder.
    pub(crate) name: String,
    /// A path, `bundled`, or a name on the hub.
    pub(crate) model: String,
    /// Random seed of the study.
    pub(crate) seed: u64,
    /// Layers of the model.
    pub(crate) layers: usize,
    /// Random sets of each kind.
    pub(crate) random_sets: usize,
    /// Both labels.
    pub(crate) labels: [String; 2],
    /// The unit of its scores.
    pub(crate) score: ScoreUnit,
    /// The version of the program.
    pub(crate) version: String,
    /// The lesion of each layer and label.
    pub(crate) effects: Vec<LayerEffect>,
}

/// A template or, if it has one, its group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TemplateKey {
    /// The group of several templates.
    Group(String),
    /// A template by itself.
    Template(usize),
}

/// Sums over the prompts of a template.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct TemplateSums {
    /// Number of prompts.
    pub(crate) prompts: f64,
    /// Margin drops of the matched lesion, less the means of the random sets.
    pub(crate) excess: f64,
    /// Margins without a lesion.
    pub(crate) margin: f64,
}

/// The lesion of a layer's neurons in the prompts of their label.
pub(crate) struct LayerEffect {
    pub(crate) layer: usize,
    pub(crate) label: String,
    pub(crate) measured: Result<MeasuredEffect, LeftOut>,
}

/// A lesion with its controls.
pub(crate) struct MeasuredEffect {
    pub(crate) templates: BTreeMap<TemplateKey, TemplateSums>,
    /// Standard deviation of the random sets' mean margin drops.
    pub(crate) set_sd: f64,
}

/// A masked prompt: its template and the position of its mask.
type PromptPlace = (usize, usize);

impl StudyEffects {
    /// Reads the effects of a study whose controls ran.
    pub(crate) fn read(name: &str, study: &FinishedStudy<'_>) -> Result<Self, ReportError> {
        let manifest = study.manifest();
        let prompts: Vec<PromptRow> = study.rows()?;
        let predictions: Vec<PredictionRow> = study.rows()?;
        let controls: Vec<PromptControlRow> = study.rows()?;
        let profile: Vec<ProfileRow> = study.rows()?;
        let is_older = |row: &PromptControlRow| {
            row.random().margin.is_some() && row.random_margin_mean.is_none()
        };
        if controls.iter().any(is_older) {
            return Err(ReportError::OlderStudy { path: study.path(PromptControlRow::TABLE.file) });
        }
        let mut templates: BTreeMap<PromptPlace, TemplateKey> = BTreeMap::new();
        for row in prompts {
            let key = row.group.map_or(TemplateKey::Template(row.prompt), TemplateKey::Group);
            templates.insert((row.prompt, row.position), key);
        }
        let mut margins: BTreeMap<PromptPlace, f64> = BTreeMap::new();
        for candidates in PredictionRow::by_prompt(&predictions) {
            let place = (candidates[0].prompt, candidates[0].position);
            margins.insert(place, PredictionRow::margin(candidates));
        }
        let mut effects = Vec::new();
        for row in profile.iter().filter(|row| row.sets == SetChoice::Lesioned) {
            let is_measured = |control: &&PromptControlRow| {
                control.sets == SetChoice::Lesioned
                    && control.layer == row.layer
                    && control.neuron_set == row.neuron_set
            };
            let rows: Vec<&PromptControlRow> = controls.iter().filter(is_measured).collect();
            effects.push(LayerEffect {
                layer: row.layer,
                label: row.neuron_set.clone(),
                measured: measure(row, &rows, &templates, &margins),
            });
        }
        Ok(Self {
            name: name.to_owned(),
            model: manifest.inputs.model.source.clone(),
            seed: manifest.study.seed,
            layers: manifest.model_layers,
            random_sets: manifest.random_sets,
            labels: manifest.labels().map(str::to_owned),
            score: manifest.study.score,
            version: manifest.lesion.clone(),
            effects,
        })
    }
}

/// Sums up the prompts of each template.
fn measure(
    profile: &ProfileRow,
    rows: &[&PromptControlRow],
    templates: &BTreeMap<PromptPlace, TemplateKey>,
    margins: &BTreeMap<PromptPlace, f64>,
) -> Result<MeasuredEffect, LeftOut> {
    if profile.neurons == 0 || rows.is_empty() {
        return Err(LeftOut::NoNeurons);
    }
    let Some(set_sd) = profile.random_margin_sd else { return Err(LeftOut::NoRandomSets) };
    let mut sums: BTreeMap<TemplateKey, TemplateSums> = BTreeMap::new();
    for row in rows {
        let Some(random) = row.random_margin_mean else { return Err(LeftOut::NoRandomSets) };
        let place = (row.prompt, row.position);
        let template = templates.get(&place).cloned();
        let template = template.unwrap_or(TemplateKey::Template(row.prompt));
        let template = sums.entry(template).or_default();
        template.prompts += 1.0;
        template.excess += row.margin_drop - random;
        template.margin += margins.get(&place).copied().unwrap_or(f64::NAN);
    }
    Ok(MeasuredEffect { templates: sums, set_sd })
}
