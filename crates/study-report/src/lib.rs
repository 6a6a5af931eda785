//! A finished study as one document: a page with figures, or sections for a screen.
//!
//! ```
//! use study_report::{FinishedStudy, ReportError, StudyFolder, report};
//!
//! /// The page of the study in a folder, as HTML.
//! fn page(folder: &StudyFolder) -> Result<String, ReportError> {
//!     Ok(report(&FinishedStudy::read(folder)?)?.html)
//! }
//!
//! // A folder without a manifest holds no finished study.
//! let empty = tempfile::tempdir()?;
//! let error = page(&StudyFolder(empty.path().to_owned())).unwrap_err();
//! assert!(error.to_string().contains("manifest.json"));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Everything comes from the tables and the manifest that the study wrote; the model is not needed,
//! and nothing is computed again that a table holds. [`FinishedStudy::read`] reads a folder or files in
//! memory, [`sections()`] makes the document, [`report()`] its page and figures. A [`Gathering`] pools the
//! effects of many studies, and [`gathered_page()`] makes their page. The same files give the same bytes.

mod comparison;
mod document;
mod drawing;
mod error;
mod finished_study;
mod gathering;
pub mod hash;
mod page_template;
mod paper;
mod pooling;
mod report_page;
mod sections;
mod study_files;
mod sweep_page;

pub use document::{
    cell::Cell,
    figure::{Figure, FigureFile},
    prompt_sentence::{Candidate, Lookup, Sentence},
    report_table::Table,
    section::{Block, Section},
};
pub use error::ReportError;
pub use finished_study::FinishedStudy;
pub use gathering::{
    gathered_page::{gathered_page, side_by_side, unpooled_sentence},
    pooled_sentences::summary,
};
pub use paper::{
    latex_tables::LatexTable,
    paper_kit::{
        PAPER_FILES, PAPER_TABLES, bibtex, latex_tables, methods, paper, paper_table_file, results,
    },
    program_citation::{citation_cff, cite},
};
pub use pooling::{
    mismatch::Mismatch,
    pooled_studies::{Gathering, PooledStudies},
};
pub use report_page::{Report, report};
pub use sections::{FIGURES, early_sections, part_section, sections};
pub use study_files::{StudyFiles, StudyFolder};
pub use sweep_page::{
    sweep_document::{SweepReport, sweep_report},
    swept_studies::{SweptStudies, SweptStudy},
};
