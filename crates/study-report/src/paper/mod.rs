//! The texts that a paper about a study needs: methods, results, tables and references.

pub(crate) mod bibliography;
pub(crate) mod cited_text;
pub(crate) mod latex_tables;
pub(crate) mod latex_text;
pub(crate) mod methods_text;
pub(crate) mod paper_kit;
pub(crate) mod program_citation;
pub(crate) mod result_sentences;
