//! Reasons why a name is not that of a model on the hub.

/// Reason why a name, or the revision after it, cannot be one of the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameProblem {
    /// The name has more parts than an owner and a name.
    #[error("it has more than one slash")]
    Slashes,

    /// The owner or the name is empty.
    #[error("a part of it is empty")]
    EmptyPart,

    /// The name has a character that no name has.
    #[error("names contain only letters, digits, `-`, `_` and `.`")]
    Character,

    /// Punctuation is doubled, or at the beginning or end of a part.
    #[error("`-` and `.` must stand between other characters")]
    Punctuation,

    /// The name is longer than the hub allows.
    #[error("it is longer than {limit} characters")]
    TooLong {
        /// Number of characters of the longest name.
        limit: usize,
    },

    /// The name ends in `.git`.
    #[error("it ends in `.git`")]
    GitSuffix,

    /// Nothing follows the `@`.
    #[error("there is no revision after `@`")]
    EmptyRevision,

    /// The revision has a character that no revision has.
    #[error("revisions contain only letters, digits, `-`, `_`, `.`, `+` and `/`")]
    RevisionCharacter,

    /// Git does not allow such a revision.
    #[error("git does not allow this revision")]
    GitRevision,
}
