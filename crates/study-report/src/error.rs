//! What can be wrong with a study's folder.

use std::{io, path::PathBuf};

/// Why a study cannot be shown. Every message is one line that names the file.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A folder without `manifest.json`: nothing ran there, or it did not end.
    #[error("no finished study in {}: it has no manifest.json", .0.display())]
    NoStudy(PathBuf),
    /// A file that every study writes is missing, or cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A table or the manifest is not what this version writes; the problem names line and column.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A figure could not be drawn.
    #[error("cannot draw a figure: {0}")]
    Drawing(String),
    /// The page could not be made.
    #[error("cannot make the page: {0}")]
    Page(#[from] askama::Error),
}
