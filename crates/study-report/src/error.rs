//! Errors of reading and showing a study.

use std::{io, path::PathBuf};

use neuron_stats::StatsError;
use study_record::tables::TableError;

use crate::pooling::mismatch::Mismatch;

/// Why a study cannot be shown. Every message is one line that names the file.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// There is no manifest: nothing ran there, or it did not end.
    #[error("no finished study in {}: it has no manifest.json", .0.display())]
    NoStudy(PathBuf),
    /// The folder of a sweep, where one of a study is expected.
    #[error(
        "{}: this is the folder of a sweep; specify the folder of one of its tasks, which are beside \
         this file", .0.display()
    )]
    Sweep(PathBuf),
    /// A file that every study writes is missing, or cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The fault.
        error: io::Error,
    },
    /// The manifest is not one that this version writes.
    #[error("{}: {error}; a study of another version of lesion must be run again", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// The fault, with its line and column.
        error: serde_json::Error,
    },
    /// A table is not one that this version writes.
    #[error("{}: {error}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// The fault, with its line and column.
        error: TableError,
    },
    /// Studies that cannot be pooled.
    #[error("cannot pool the studies: {0}")]
    Mismatch(Mismatch),
    /// A study of an older version, without the numbers that are pooled.
    #[error("{} was written by an older version of lesion; run the study again", path.display())]
    OlderStudy {
        /// The table.
        path: PathBuf,
    },
    /// Statistics that cannot be computed.
    #[error(transparent)]
    Stats(#[from] StatsError),
    /// A figure could not be drawn.
    #[error("cannot draw a figure: {0}")]
    Drawing(String),
    /// The page could not be rendered.
    #[error("cannot render the page")]
    Page(#[from] askama::Error),
    /// A value could not be written as JSON.
    #[error("cannot write JSON")]
    Json(#[from] serde_json::Error),
}
