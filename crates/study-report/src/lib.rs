//! A finished study becomes one page with figures, and two studies a page beside each other.
//!
//! ```
//! use std::path::Path;
//!
//! use study_report::{ReportError, Study, report};
//!
//! /// The page of the study in a folder, as HTML.
//! fn page(dir: &Path) -> Result<String, ReportError> {
//!     Ok(report(&Study::read(dir)?)?.html)
//! }
//!
//! // A folder without a manifest holds no finished study.
//! let empty = tempfile::tempdir()?;
//! let error = page(empty.path()).unwrap_err();
//! assert!(error.to_string().contains("manifest.json"));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Everything comes from the tables and the manifest that the study wrote; the model is not needed,
//! and nothing is computed again that stands in a table. [`Study::read`] reads a folder,
//! [`report()`] makes the page and its figures, [`compare()`] the page of two studies. The same files
//! give the same bytes.

mod causal;
mod chart;
mod compare;
mod error;
mod figures;
pub mod hash;
mod manifest;
mod nulls;
mod number;
mod page;
mod pair;
mod report;
mod rows;
mod study;
mod verdict;

pub use compare::compare;
pub use error::ReportError;
pub use report::{FIGURES, Report, report};
pub use study::Study;
pub use verdict::{LEVEL, UNLIKE};
