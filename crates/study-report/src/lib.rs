//! A finished study becomes one page with figures, and two studies a page beside each other.
//!
//! Everything comes from the tables and the manifest that the study wrote; the model is not needed,
//! and nothing is computed again that stands in a table. [`Study::read`] reads a folder,
//! [`report`] makes the page and its figures, [`compare`] the page of two studies. The same files
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
mod report;
mod rows;
mod study;
mod verdict;

pub use compare::compare;
pub use error::ReportError;
pub use report::{FIGURES, Report, report};
pub use study::Study;
pub use verdict::{LEVEL, UNLIKE};
