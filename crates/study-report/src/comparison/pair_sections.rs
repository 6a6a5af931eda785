//! The sections of two studies side by side.

use super::{
    both_lesions_section::both_lesions_section, both_neurons_section::both_neurons_section,
    both_predictions_section::both_predictions_section,
    both_profiles_section::both_profiles_section, common_prompts::common_prompts,
    differences_section::differences_section, study_pair::StudyPair,
};
use crate::{document::section::Section, error::ReportError, finished_study::FinishedStudy};

/// The settings that differ first, then the results of both.
pub(crate) fn pair_sections(studies: [&FinishedStudy<'_>; 2]) -> Result<Vec<Section>, ReportError> {
    let pair = StudyPair { studies };
    let common = common_prompts(pair.studies)?;
    Ok(vec![
        differences_section(&pair)?,
        both_profiles_section(&pair)?,
        both_neurons_section(&pair)?,
        both_predictions_section(&pair, &common)?,
        both_lesions_section(&pair, &common)?,
    ])
}
