//! The page of many studies, one file per section and figure.

mod cell_names;
mod effects_figure;
mod forest_figure;
pub(crate) mod gathered_page;
mod pooled_section;
pub(crate) mod pooled_sentences;
mod studies_section;
