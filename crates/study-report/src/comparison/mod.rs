//! Two studies side by side, one file per section.

mod both_lesions_section;
mod both_neurons_section;
mod both_predictions_section;
mod both_profiles_section;
mod common_prompts;
mod differences_section;
mod pair_figures;
pub(crate) mod pair_sections;
mod study_pair;
