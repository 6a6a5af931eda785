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
    #[error(
        "names contain only the letters a to z, digits, `-`, `_` and `.`, but not {}",
        describe(*found)
    )]
    Character {
        /// The character.
        found: char,
    },

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
    #[error(
        "revisions contain only the letters a to z, digits, `-`, `_`, `.`, `+` and `/`, but not {}",
        describe(*found)
    )]
    RevisionCharacter {
        /// The character.
        found: char,
    },

    /// Git does not allow such a revision.
    #[error("git does not allow this revision")]
    GitRevision,
}

/// A character with its number: it may look like another one, or be invisible.
fn describe(character: char) -> String {
    format!("{character:?} (U+{:04X})", u32::from(character))
}

/// Reason why an address is not that of a model on the hub.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressProblem {
    /// A server that is not the hub.
    #[error(
        "its host is not the hub's; if it is a mirror, set HF_ENDPOINT={base} and write owner/name; \
         otherwise download the model and give its folder"
    )]
    OtherHost {
        /// Scheme and host.
        base: String,
    },

    /// A scheme that the hub does not have.
    #[error("files are not read from {scheme}://; download the model and give its folder")]
    Scheme {
        /// The scheme.
        scheme: String,
    },

    /// Something else on the hub.
    #[error("it is {kind}; write a model of the hub as owner/name")]
    OtherKind {
        /// Its name, with an article.
        kind: &'static str,
    },

    /// A page of the hub that belongs to no model.
    #[error("it is not the page of a model; write a model of the hub as owner/name")]
    NoModel,

    /// A page of a model that names none of its revisions.
    #[error("write {repo}, or {repo}@revision")]
    Page {
        /// The model.
        repo: String,
    },

    /// A folder of a repository.
    #[error(
        "a model in the folder {folder} of a repository is not read from the hub; download it \
         (`hf download {repo} --include \"{folder}/*\" --local-dir FOLDER`) and give \
         FOLDER/{folder}"
    )]
    Folder {
        /// The repository.
        repo: String,
        /// The folder.
        folder: String,
    },
}
