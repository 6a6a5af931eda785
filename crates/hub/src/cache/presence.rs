//! Whether a commit has a file.

/// Whether a commit has a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Present,
    Absent,
    /// The cache does not know, and the hub was not asked.
    Unknown,
}
