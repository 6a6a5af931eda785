use std::{fmt, str::FromStr};

use crate::{error::HubError, naming::name_problem::NameProblem};

/// A model on the hub at a revision: `owner/name@revision`. The oldest models have no owner. By
/// default the revision is the branch `main`.
///
/// It prints as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repo {
    id: String,
    revision: Option<String>,
}

/// The branch of a name without a revision.
pub(crate) const MAIN: &str = "main";

/// Number of characters of the longest name on the hub.
const LONGEST_NAME: usize = 96;

impl Repo {
    /// `owner/name`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A branch, a tag or a commit.
    #[must_use]
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or(MAIN)
    }

    /// The same repository at a commit.
    #[must_use]
    pub fn at(&self, commit: &str) -> Self {
        Self { id: self.id.clone(), revision: Some(commit.to_owned()) }
    }

    /// The commit, if the revision is one: then the files never change.
    pub(crate) fn commit(&self) -> Option<&str> {
        self.revision.as_deref().filter(|revision| is_commit(revision))
    }
}

/// Whether this is the whole hash of a commit, 40 digits.
pub(crate) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl FromStr for Repo {
    type Err = HubError;

    /// # Errors
    /// If the hub cannot have such a name ([`HubError::Name`]).
    fn from_str(text: &str) -> Result<Self, HubError> {
        let (id, revision) = match text.split_once('@') {
            Some((id, revision)) => (id, Some(revision)),
            None => (text, None),
        };
        check_id(id)
            .and_then(|()| revision.map_or(Ok(()), check_revision))
            .map_err(|problem| HubError::Name { text: text.to_owned(), problem })?;
        Ok(Self { id: id.to_owned(), revision: revision.map(str::to_owned) })
    }
}

/// Checks the hub's rules for names, which also make a name safe as a part of paths and addresses.
fn check_id(id: &str) -> Result<(), NameProblem> {
    let parts: Vec<&str> = id.split('/').collect();
    if parts.len() > 2 {
        return Err(NameProblem::Slashes);
    }
    for part in parts {
        if part.is_empty() {
            return Err(NameProblem::EmptyPart);
        }
        if let Some(found) =
            part.chars().find(|c| !c.is_ascii_alphanumeric() && !"-_.".contains(*c))
        {
            return Err(NameProblem::Character { found });
        }
        if part.starts_with(['-', '.']) || part.ends_with(['-', '.']) {
            return Err(NameProblem::Punctuation);
        }
    }
    if id.contains("--") || id.contains("..") {
        return Err(NameProblem::Punctuation);
    }
    if id.len() > LONGEST_NAME {
        return Err(NameProblem::TooLong { limit: LONGEST_NAME });
    }
    if id.strip_suffix(".git").is_some() {
        return Err(NameProblem::GitSuffix);
    }
    Ok(())
}

fn check_revision(revision: &str) -> Result<(), NameProblem> {
    if revision.is_empty() {
        return Err(NameProblem::EmptyRevision);
    }
    let invalid = |c: &char| !c.is_ascii_alphanumeric() && !"-_.+/".contains(*c);
    if let Some(found) = revision.chars().find(invalid) {
        return Err(NameProblem::RevisionCharacter { found });
    }
    for part in revision.split('/') {
        if part.is_empty() || part.starts_with('.') || part.ends_with('.') || part.contains("..") {
            return Err(NameProblem::GitRevision);
        }
    }
    Ok(())
}

impl fmt::Display for Repo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)?;
        match &self.revision {
            Some(revision) => write!(f, "@{revision}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_print_as_they_were_written() {
        for (text, id, revision) in [
            ("google-bert/bert-base-uncased", "google-bert/bert-base-uncased", "main"),
            ("bert-base-uncased", "bert-base-uncased", "main"),
            ("a/b.c_d@v1.0", "a/b.c_d", "v1.0"),
            ("a/b@refs/pr/3", "a/b", "refs/pr/3"),
        ] {
            let repo: Repo = text.parse().unwrap();
            assert_eq!((repo.id(), repo.revision()), (id, revision));
            assert_eq!(repo.to_string(), text);
        }
    }

    #[test]
    fn a_whole_hash_is_a_commit_and_a_short_one_is_not() {
        let commit = "86b5e0934494bd15c9632b12f734a8a67f723594";
        let repo: Repo = "a/b".parse().unwrap();
        assert_eq!(repo.at(commit).commit(), Some(commit));
        assert_eq!(repo.at("86b5e09").commit(), None);
        assert_eq!(repo.commit(), None);
    }

    #[test]
    fn names_that_no_repository_can_have_are_refused() {
        for text in [
            "",
            "a/b/c",
            "/a",
            "a/",
            "./a",
            "../a",
            "a/..",
            "a b",
            "a/b--c",
            "-a/b",
            "a\\b",
            "C:a",
            "~/a",
            "a/b@",
            "a/b@..",
            "a/b@x/../y",
            "a/b@/x",
            "a/b@x y",
            "a/b.git",
            "ä/b",
            "google\u{2010}bert/b",
            "a\u{ff0f}b",
            "a/b\n",
            "a/b\u{1b}[31m",
            "a/b@@",
        ] {
            let error = text.parse::<Repo>().unwrap_err().to_string();
            assert!(error.contains("owner/name"), "{text:?}: {error}");
            assert!(!error.contains(char::is_control), "{text:?}: {error}");
        }
        let error = "google\u{2010}bert/b".parse::<Repo>().unwrap_err().to_string();
        assert!(error.contains("U+2010"), "{error}");
        assert!("a".repeat(97).parse::<Repo>().is_err());
    }
}
