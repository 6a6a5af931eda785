//! The page of a sweep: studies that differ in some settings, judged together.

mod effects_section;
mod settings_section;
mod small_multiples;
pub(crate) mod sweep_document;
pub(crate) mod swept_studies;
