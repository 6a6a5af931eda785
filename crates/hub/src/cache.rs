//! The hub's cache of one repository, laid out as the hub's own tools do:
//!
//! ```text
//! models--owner--name/blobs/ETAG                 a file's bytes
//!                    /snapshots/COMMIT/FILE      a link to these
//!                    /refs/REVISION              the commit of a branch or tag
//!                    /.no_exist/COMMIT/FILE      the commit has no such file
//! .locks/models--owner--name/ETAG.lock           held while a blob is written
//! ```

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{HubError, Repo, digest::Etag, repo::is_commit};

/// What a path ends in whose file is not whole.
const INCOMPLETE: &str = "incomplete";

#[derive(Clone, Debug)]
pub(crate) struct RepoCache {
    /// Of this repository.
    root: PathBuf,
    locks: PathBuf,
}

impl RepoCache {
    pub(crate) fn new(cache: &Path, repo: &Repo) -> Self {
        let name = format!("models--{}", repo.id().replace('/', "--"));
        Self { root: cache.join(&name), locks: cache.join(".locks").join(name) }
    }

    /// The commit that the revision was when it was last asked for.
    pub(crate) fn commit(&self, repo: &Repo) -> Option<String> {
        if let Some(commit) = repo.commit() {
            return Some(commit.to_owned());
        }
        let commit = fs::read_to_string(self.reference(repo)).ok()?;
        Some(commit.trim().to_owned()).filter(|commit| is_commit(commit))
    }

    /// Keeps what commit the revision is.
    pub(crate) fn keep_commit(&self, repo: &Repo, commit: &str) -> Result<(), HubError> {
        // A name of its own for each writer, in this process and in others.
        static WRITERS: AtomicU64 = AtomicU64::new(0);
        if self.commit(repo).as_deref() == Some(commit) {
            return Ok(());
        }
        let path = self.reference(repo);
        let writer = WRITERS.fetch_add(1, Ordering::Relaxed);
        let beside = with_suffix(&path, &format!("{}.{writer}.tmp", std::process::id()));
        let write = || {
            make_parent(&path)?;
            fs::write(&beside, commit)?;
            fs::rename(&beside, &path)
        };
        write().map_err(failed(&path))
    }

    fn reference(&self, repo: &Repo) -> PathBuf {
        self.root.join("refs").join(repo.revision())
    }

    pub(crate) fn snapshot(&self, commit: &str) -> PathBuf {
        self.root.join("snapshots").join(commit)
    }

    /// Whether the commit has the file, as far as the cache knows.
    pub(crate) fn has(&self, commit: &str, file: &str) -> Option<bool> {
        if self.snapshot(commit).join(file).exists() {
            return Some(true);
        }
        self.absence(commit, file).exists().then_some(false)
    }

    /// Keeps that the commit has no such file.
    pub(crate) fn keep_absence(&self, commit: &str, file: &str) -> Result<(), HubError> {
        let path = self.absence(commit, file);
        make_parent(&path).and_then(|()| File::create(&path).map(drop)).map_err(failed(&path))
    }

    fn absence(&self, commit: &str, file: &str) -> PathBuf {
        self.root.join(".no_exist").join(commit).join(file)
    }

    pub(crate) fn blob(&self, etag: &Etag) -> PathBuf {
        self.root.join("blobs").join(etag.as_str())
    }

    /// Where a blob is while it is downloaded.
    pub(crate) fn incomplete(&self, etag: &Etag) -> PathBuf {
        self.blob(etag).with_extension(INCOMPLETE)
    }

    /// Lets the commit's file be this blob, with a link that stays right if the cache is moved.
    /// Where the file system has no links, the blob itself moves there. The caller holds the lock.
    pub(crate) fn link(&self, commit: &str, file: &str, etag: &Etag) -> Result<(), HubError> {
        let (blob, path) = (self.blob(etag), self.snapshot(commit).join(file));
        let up = "../".repeat(2 + file.split('/').count() - 1);
        let target = PathBuf::from(format!("{up}blobs/{}", etag.as_str()));
        let link = || {
            if path.exists() {
                return Ok(());
            }
            make_parent(&path)?;
            if fs::symlink_metadata(&path).is_ok() {
                fs::remove_file(&path)?; // it leads nowhere
            }
            symlink(&target, &path)
                .or_else(|_| fs::hard_link(&blob, &path))
                .or_else(|_| fs::rename(&blob, &path))
        };
        link().map_err(failed(&path))
    }

    /// Waits until no other process writes this blob; none does as long as the file is held.
    pub(crate) fn lock(&self, etag: &Etag) -> Result<File, HubError> {
        let path = self.lock_path(etag.as_str());
        let lock = || {
            make_parent(&path)?;
            let file = File::create(&path)?;
            file.lock()?;
            Ok(file)
        };
        lock().map_err(failed(&path))
    }

    fn lock_path(&self, etag: &str) -> PathBuf {
        self.locks.join(format!("{etag}.lock"))
    }

    /// Removes what is left of downloads that nobody will resume: incomplete blobs of other
    /// commits, unless a process holds them.
    pub(crate) fn sweep(&self) {
        let Ok(blobs) = fs::read_dir(self.root.join("blobs")) else { return };
        for path in blobs.filter_map(|entry| Some(entry.ok()?.path())) {
            let etag = path.file_stem().and_then(|stem| Etag::parse(stem.to_str()?));
            let incomplete = path.extension().is_some_and(|extension| extension == INCOMPLETE);
            let Some(etag) = etag.filter(|_| incomplete) else { continue };
            let lock = File::create(self.lock_path(etag.as_str()));
            if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
                // What stays costs room and nothing else.
                let _ = fs::remove_file(&path);
            }
        }
    }
}

/// What went wrong with this path.
pub(crate) fn failed(path: &Path) -> impl Fn(io::Error) -> HubError {
    let path = path.to_owned();
    move |source| HubError::Cache { path: path.clone(), source }
}

pub(crate) fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{suffix}"));
    name.into()
}

#[cfg(unix)]
fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(windows)]
fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, path)
}

#[cfg(not(any(unix, windows)))]
fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
