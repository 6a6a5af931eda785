//! A request for a file.

use crate::naming::repo::Repo;

/// A file of a repository at its revision.
#[derive(Clone, Copy)]
pub(crate) struct FileRequest<'a> {
    pub(crate) repo: &'a Repo,
    pub(crate) file: &'a str,
}
