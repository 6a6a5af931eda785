//! The sections of a study's document, one file per section: its text, tables and figures.

mod absent_part;
mod activations_section;
mod baseline_section;
mod causal_section;
mod conclusions_section;
mod controls_section;
mod dissociation_section;
mod dose_section;
mod dynamic_section;
mod joint_section;
pub(crate) mod lesion_section;
mod question_section;
mod rerun_section;
pub(crate) mod selection_counts;
mod selection_section;
mod selectors_section;
pub(crate) mod settings_list;
mod setup_section;
mod specificity_section;
mod stability_section;
pub(crate) mod study_verdicts;

use study_record::Part;

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

/// The document of a study, in the order in which a study is told.
///
/// # Errors
/// If a table cannot be read, or a figure cannot be drawn.
pub fn sections(study: &FinishedStudy<'_>) -> Result<Vec<Section>, ReportError> {
    let mut sections = vec![
        question_section::question_section(study)?,
        setup_section::setup_section(study)?,
        selection_section::selection_section(study)?,
        activations_section::activations_section(study)?,
        baseline_section::baseline_section(study)?,
        lesion_section::lesion_section(study)?,
    ];
    for &part in Part::ALL {
        sections.push(part_section(part, study)?);
    }
    sections.push(conclusions_section::conclusions_section(study)?);
    sections.push(rerun_section::rerun_section(study)?);
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
