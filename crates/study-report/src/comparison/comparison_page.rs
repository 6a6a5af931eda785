//! The page of two studies.

use askama::Template as _;

use super::{
    both_lesions_section::both_lesions_section, both_neurons_section::both_neurons_section,
    both_predictions_section::both_predictions_section,
    both_profiles_section::both_profiles_section, common_prompts::common_prompts,
    differences_section::differences_section, study_pair::StudyPair,
};
use crate::{error::ReportError, finished_study::FinishedStudy, page_template::Page};

/// Renders the page of two studies, each with a name.
///
/// # Errors
/// If a table cannot be read, or a figure cannot be drawn.
pub fn compare([a, b]: [(&str, &FinishedStudy<'_>); 2]) -> Result<String, ReportError> {
    let pair = StudyPair { studies: [a.1, b.1] };
    let common = common_prompts(pair.studies)?;
    let page = Page {
        name: "Two studies side by side".to_owned(),
        title: "Two studies side by side".to_owned(),
        lead: format!(
            "A is {}, B is {}. First come the settings that differ, then the results.",
            a.0, b.0
        ),
        sections: vec![
            differences_section(&pair)?,
            both_profiles_section(&pair)?,
            both_neurons_section(&pair)?,
            both_predictions_section(&pair, &common)?,
            both_lesions_section(&pair, &common)?,
        ],
        beside_tables: false,
    };
    Ok(page.render()?)
}
