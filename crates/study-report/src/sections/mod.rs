//! The sections of a study's document, one file per section: its text, tables and figures.

mod absent_part;
mod activations_section;
pub(crate) mod baseline_section;
mod causal_section;
mod conclusions_section;
mod controls_section;
pub(crate) mod dissociation_section;
mod dose_section;
mod dynamic_section;
mod joint_section;
pub(crate) mod lesion_section;
mod looked_at;
pub(crate) mod question_section;
mod rerun_section;
pub(crate) mod score_note;
pub(crate) mod selection_counts;
pub(crate) mod selection_section;
mod selectors_section;
pub(crate) mod settings_list;
mod setup_section;
mod specificity_section;
mod stability_section;
pub(crate) mod study_verdicts;

use study_record::{
    Part,
    tables::{LesionRow, PredictionRow, PromptRow, Row as _, SelectionRow, SparsityRow, Table},
};

use crate::{
    document::{figure::FigureFile, section::Section},
    error::ReportError,
    finished_study::FinishedStudy,
};

/// Every figure that a report may have, in the order of the page.
pub const FIGURES: [FigureFile; 14] = [
    selection_section::T,
    selection_section::VOLCANO,
    selection_section::LAMINAR,
    activations_section::ACTIVATIONS,
    activations_section::BY_LAYER,
    activations_section::SPARSITY,
    baseline_section::LOGITS,
    lesion_section::LESIONS,
    controls_section::PROFILE,
    controls_section::PROMPTS,
    dissociation_section::DISSOCIATION,
    joint_section::JOINT,
    dose_section::DOSE,
    selectors_section::SELECTORS,
];

/// A function that makes a section of a study.
type MakeSection = fn(&FinishedStudy<'_>) -> Result<Section, ReportError>;

/// The sections before those of the laboratory, each with the last of the tables that it is made of, in
/// the order in which a run computes them.
const EARLY_SECTIONS: [(MakeSection, Table); 6] = [
    (question_section::question_section, PromptRow::TABLE),
    (setup_section::setup_section, PromptRow::TABLE),
    (selection_section::selection_section, SelectionRow::TABLE),
    (activations_section::activations_section, SparsityRow::TABLE),
    (baseline_section::baseline_section, PredictionRow::TABLE),
    (lesion_section::lesion_section, LesionRow::TABLE),
];

/// The document of a study, in the order in which a study is told.
///
/// # Errors
/// If a table cannot be read, or a figure cannot be drawn.
pub fn sections(study: &FinishedStudy<'_>) -> Result<Vec<Section>, ReportError> {
    let mut sections = Vec::new();
    for (make_section, _) in EARLY_SECTIONS {
        sections.push(make_section(study)?);
    }
    for &part in Part::ALL {
        sections.push(part_section(part, study)?);
    }
    sections.push(conclusions_section::conclusions_section(study)?);
    sections.push(rerun_section::rerun_section(study)?);
    Ok(sections)
}

/// The sections of a study that still runs, after the first `told`, as far as its tables go. A screen shows
/// of each what it shows at the end. The laboratory's sections are not among them: the claims of all its
/// parts are judged together at the end.
///
/// # Errors
/// If a table cannot be read, or a figure cannot be drawn.
pub fn early_sections(study: &FinishedStudy<'_>, told: usize) -> Result<Vec<Section>, ReportError> {
    let mut sections = Vec::new();
    for (make_section, table) in &EARLY_SECTIONS[told..] {
        if !study.has(*table) {
            break;
        }
        sections.push(make_section(study)?);
    }
    Ok(sections)
}

/// The section of a part of the laboratory. One that did not run is a sentence.
///
/// # Errors
/// If a table cannot be read, or a figure cannot be drawn.
pub fn part_section(part: Part, study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    match part {
        Part::Controls => controls_section::controls_section(study),
        Part::Joint => joint_section::joint_section(study),
        Part::Dose => dose_section::dose_section(study),
        Part::Causal => causal_section::causal_section(study),
        Part::Stability => stability_section::stability_section(study),
        Part::Selectors => selectors_section::selectors_section(study),
        Part::Specificity => specificity_section::specificity_section(study),
        Part::Dynamic => dynamic_section::dynamic_section(study),
    }
}
