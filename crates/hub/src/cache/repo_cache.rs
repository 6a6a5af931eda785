//! The hub's cache of one repository, laid out as by the hub's own tools:
//!
//! ```text
//! models--owner--name/blobs/ETAG                 a file's bytes
//!                    /snapshots/COMMIT/FILE      a link to these
//!                    /refs/REVISION              the commit of a branch or tag
//!                    /.no_exist/COMMIT/FILE      the commit has no such file
//! .locks/models--owner--name/ETAG.lock           held while a blob is written
//! ```

use std::{
    collections::BTreeSet,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use crate::{
    cache::{etag::Etag, presence::Presence},
    error::HubError,
    naming::repo::{MAIN, Repo, is_commit},
    requests::waiting::Waiting,
};

/// Extension of a file whose download is not complete.
const INCOMPLETE: &str = "incomplete";

#[derive(Clone, Debug)]
pub(crate) struct RepoCache {
    /// The folder of the repository.
    root: PathBuf,
    /// The folder of its locks.
    locks: PathBuf,
}

impl RepoCache {
    pub(crate) fn new(cache: &Path, repo: &Repo) -> Self {
        let name = format!("models--{}", repo.id().replace('/', "--"));
        Self { root: cache.join(&name), locks: cache.join(".locks").join(name) }
    }

    /// The commit of the revision when the hub was last asked.
    pub(crate) fn commit(&self, repo: &Repo) -> Option<String> {
        if let Some(commit) = repo.commit() {
            return Some(commit.to_owned());
        }
        let commit = fs::read_to_string(self.reference(repo)).ok()?;
        Some(commit.trim().to_owned()).filter(|commit| is_commit(commit))
    }

    /// Stores the commit of the revision. In a cache that cannot be written, nothing is stored: the
    /// hub is only asked again.
    pub(crate) fn keep_commit(&self, repo: &Repo, commit: &str) {
        if self.commit(repo).as_deref() != Some(commit) {
            let _ = replace_file(&self.reference(repo), commit);
        }
    }

    /// Commits of the branch `main` that were downloaded, the latest first. A commit of which another
    /// branch or tag is known is not one of `main` for certain.
    pub(crate) fn downloaded_commits(&self) -> Vec<String> {
        let mut others = BTreeSet::new();
        read_references(&self.root.join("refs"), &mut others);
        let mut commits = Vec::new();
        let snapshots = fs::read_dir(self.root.join("snapshots")).into_iter().flatten();
        for entry in snapshots.flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if !is_commit(&name) || others.contains(&name) {
                continue;
            }
            let changed = entry.metadata().and_then(|metadata| metadata.modified());
            commits.push((changed.unwrap_or(SystemTime::UNIX_EPOCH), name));
        }
        commits.sort_unstable_by(|a, b| b.cmp(a));
        commits.into_iter().map(|(_, name)| name).collect()
    }

    fn reference(&self, repo: &Repo) -> PathBuf {
        self.root.join("refs").join(repo.revision())
    }

    pub(crate) fn snapshot(&self, commit: &str) -> PathBuf {
        self.root.join("snapshots").join(commit)
    }

    /// Whether the commit has the file, as far as the cache knows.
    pub(crate) fn presence(&self, commit: &str, file: &str) -> Presence {
        // An empty file is the rest of a copy that was interrupted.
        if fs::metadata(self.snapshot(commit).join(file)).is_ok_and(|file| file.len() > 0) {
            return Presence::Present;
        }
        if self.absence(commit, file).exists() {
            return Presence::Absent;
        }
        Presence::Unknown
    }

    /// Checks that the small files of a commit have the hashes that their blobs are named after: a disk
    /// that was full, or another program, may have cut one. Large files take too long to read; those of
    /// weights say themselves how long they are.
    ///
    /// # Errors
    /// If a file is damaged, or cannot be read.
    pub(crate) fn check_small_files(&self, commit: &str) -> Result<(), HubError> {
        for name in self.file_names(commit) {
            let Ok(blob) = fs::canonicalize(self.snapshot(commit).join(name)) else { continue };
            let is_blob = blob.parent().is_some_and(|parent| parent.ends_with("blobs"));
            let etag = blob.file_name().and_then(|name| Etag::parse(name.to_str()?));
            let Some(etag) = etag.filter(|_| is_blob) else { continue };
            let size = fs::metadata(&blob).map_err(cache_error(&blob))?.len();
            // An empty file is downloaded again.
            if size == 0 || size > LARGEST_CHECKED {
                continue;
            }
            let bytes = fs::read(&blob).map_err(cache_error(&blob))?;
            let mut hash = etag.start_hash(size);
            hash.update(&bytes);
            if hash.finish() != etag.as_str() {
                return Err(HubError::Damaged { path: blob });
            }
        }
        Ok(())
    }

    /// Names of the files of the commit in the cache, without those in folders.
    pub(crate) fn file_names(&self, commit: &str) -> Vec<String> {
        let entries = fs::read_dir(self.snapshot(commit)).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    /// Stores that the commit has no such file. In a cache that cannot be written, nothing is stored:
    /// the hub is only asked again.
    pub(crate) fn keep_absence(&self, commit: &str, file: &str) {
        let path = self.absence(commit, file);
        let _ = make_parent(&path).and_then(|()| File::create(&path));
    }

    fn absence(&self, commit: &str, file: &str) -> PathBuf {
        self.root.join(".no_exist").join(commit).join(file)
    }

    pub(crate) fn blob(&self, etag: &Etag) -> PathBuf {
        self.root.join("blobs").join(etag.as_str())
    }

    /// Path of a blob while it is downloaded. Without a lock each process has its own.
    pub(crate) fn incomplete(&self, etag: &Etag, is_locked: bool) -> PathBuf {
        let blob = self.blob(etag);
        if is_locked {
            return blob.with_extension(INCOMPLETE);
        }
        blob.with_extension(format!("{}.{INCOMPLETE}", writer_name()))
    }

    /// Makes the commit's file a link to this blob, which stays valid if the cache is moved. On a
    /// file system without links, the blob itself is moved. The caller holds the lock.
    pub(crate) fn link(&self, commit: &str, file: &str, etag: &Etag) -> Result<(), HubError> {
        let path = self.snapshot(commit).join(file);
        let up = "../".repeat(2 + file.split('/').count() - 1);
        let target = PathBuf::from(format!("{up}blobs/{}", etag.as_str()));
        link_file(&path, &target, &self.blob(etag)).map_err(cache_error(&path))
    }

    /// Waits until no other process writes this blob. None does as long as the returned file lives.
    /// `None` if the cache or its file system has no locks.
    ///
    /// # Errors
    /// If the caller ended it.
    pub(crate) fn lock(&self, etag: &Etag, waiting: &Waiting) -> Result<Option<File>, HubError> {
        let Ok(file) = open_lock(&self.lock_path(etag)) else { return Ok(None) };
        let is_locked = waiting.for_result(|| match file.try_lock() {
            Ok(()) => Some(true),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(_)) => Some(false),
        })?;
        Ok(is_locked.then_some(file))
    }

    fn lock_path(&self, etag: &Etag) -> PathBuf {
        self.locks.join(format!("{}.lock", etag.as_str()))
    }

    /// Removes the rest of downloads that nobody will resume: incomplete blobs of other commits,
    /// unless a process holds their locks, and old ones that were written without a lock.
    pub(crate) fn sweep(&self) {
        let Ok(blobs) = fs::read_dir(self.root.join("blobs")) else { return };
        for path in blobs.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.extension().is_none_or(|extension| extension != INCOMPLETE) {
                continue;
            }
            let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
            let is_abandoned = match Etag::parse(stem) {
                Some(etag) => {
                    File::create(self.lock_path(&etag)).is_ok_and(|lock| lock.try_lock().is_ok())
                }
                None => is_older_than(&path, ABANDONED),
            };
            if is_abandoned {
                // A file that cannot be removed takes space and does no other harm.
                let _ = fs::remove_file(&path);
            }
        }
    }
}

/// Bytes of the largest file of the cache whose hash is checked whenever it is used: that of the
/// largest tokenizers takes a tenth of a second.
const LARGEST_CHECKED: u64 = 32 << 20;

/// Age of a file that no download writes any more.
const ABANDONED: Duration = Duration::from_hours(48);

fn is_older_than(path: &Path, age: Duration) -> bool {
    let changed = fs::metadata(path).and_then(|metadata| metadata.modified());
    changed.is_ok_and(|time| time.elapsed().is_ok_and(|elapsed| elapsed > age))
}

/// Adds the commits of all branches and tags but `main` in a folder to `commits`.
fn read_references(folder: &Path, commits: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            read_references(&path, commits);
        } else if entry.file_name() != MAIN
            && let Ok(commit) = fs::read_to_string(&path)
        {
            commits.insert(commit.trim().to_owned());
        }
    }
}

/// Makes an error of this path from one of the operating system.
pub(crate) fn cache_error(path: &Path) -> impl Fn(io::Error) -> HubError {
    let path = path.to_owned();
    move |source| HubError::Cache { path: path.clone(), source }
}

pub(crate) fn make_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => fs::create_dir_all(parent),
        None => Ok(()),
    }
}

/// A name for each writer of a file, in this process and in others. Machines that share a cache may have
/// processes of one number: in a container it is often 1.
fn writer_name() -> String {
    static WRITERS: AtomicU64 = AtomicU64::new(0);
    let writer = WRITERS.fetch_add(1, Ordering::Relaxed);
    let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}-{writer}", std::process::id(), time.as_nanos())
}

/// Writes a file so that readers see the old text or the new one, never a part.
fn replace_file(path: &Path, text: &str) -> io::Result<()> {
    let temporary = with_suffix(path, &format!("{}.tmp", writer_name()));
    make_parent(path)?;
    let replaced = fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, path));
    if replaced.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    replaced
}

fn link_file(path: &Path, target: &Path, blob: &Path) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|file| file.len() > 0) {
        return Ok(());
    }
    make_parent(path)?;
    if fs::symlink_metadata(path).is_ok() {
        fs::remove_file(path)?; // a link to nothing, or an empty file
    }
    if symlink(target, path).is_ok() || fs::hard_link(blob, path).is_ok() {
        return Ok(());
    }
    // Another process without a lock may have made the link.
    if fs::metadata(path).is_ok_and(|file| file.len() > 0) {
        return Ok(());
    }
    fs::rename(blob, path)
}

fn open_lock(path: &Path) -> io::Result<File> {
    make_parent(path)?;
    File::create(path)
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
