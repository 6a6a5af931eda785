//! A finished study in the forms that a paper needs.

pub(crate) mod figure_conversion;
pub(crate) mod paper_files;
