//! The finished batches of a run in files, so that the run can resume after Ctrl-C or a crash, and so that
//! several machines can compute one study.
//!
//! Each line is a batch of lesions. If a run is killed, its last line may be incomplete; it is then
//! removed. Logits are stored as bits, so that a resumed run writes the same bytes. A run writes into one
//! journal only, and reads those of all shares of the study in the same folder.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use lesion_eval::{BatchShare, Journal, Reading};

use crate::{
    error::LesionError,
    running::{
        journal_lines::{
            FinishedBatches, Header, Owner, batch_line, line, owner, read_batches, read_lines,
        },
        place::RunJournal,
    },
};

/// Name of the journal of a whole run in the output folder.
pub(crate) const FILE: &str = "journal.jsonl";

/// Name of the journal of a share: `journal-3-of-8.jsonl`.
pub(crate) fn share_file(share: BatchShare) -> String {
    format!("journal-{}-of-{}.jsonl", share.number(), share.count())
}

/// True if a file has the name of a share's journal.
fn is_share_file(name: &str) -> bool {
    let parts = name.strip_prefix("journal-").and_then(|rest| rest.strip_suffix(".jsonl"));
    let numbers = parts.and_then(|parts| parts.split_once("-of-"));
    let share = numbers
        .and_then(|(number, count)| BatchShare::new(number.parse().ok()?, count.parse().ok()?));
    // Only one way to write a number is a name.
    share.is_some_and(|share| share_file(share) == name)
}

/// The journal of one run, with the batches that other journals in its folder contain.
pub(crate) struct FileJournal {
    dir: PathBuf,
    path: PathBuf,
    file: File,
    header: Header,
    /// Bytes of the file that this run knows.
    size: u64,
    finished: FinishedBatches,
    /// True if batches stay in memory when they were asked for, because a share asks again in each round.
    is_of_share: bool,
    /// Number of batches that all journals contained when they were opened.
    resumed: usize,
    /// Number of batches that this run added.
    kept: usize,
    replaces_another: bool,
    /// Journals of other runs of this study, in order.
    others: Vec<PathBuf>,
    /// Bytes of the complete lines of other journals that were read.
    read: HashMap<PathBuf, u64>,
    /// The one of them whose run was at work when it was last looked for, or this run's own.
    watched: PathBuf,
    ignored: Vec<PathBuf>,
}

impl FileJournal {
    /// Resumes the journal in `dir` of an interrupted run with the same identity; otherwise starts a
    /// new one. One of another study is discarded only if `replaces` allows it. Shares run side by side,
    /// but a run without a share runs alone.
    pub(crate) fn open(
        dir: &Path,
        share: Option<BatchShare>,
        identity: String,
        replaces: bool,
    ) -> Result<Self, LesionError> {
        let name = share.map_or_else(|| FILE.to_owned(), share_file);
        let path = dir.join(name);
        // Looked at before a journal is begun, so that none is left behind, and again when this run has
        // its lock.
        if share.is_some() && is_locked(&dir.join(FILE)) {
            return Err(LesionError::AnotherRun(dir.to_owned()));
        }
        let mut file = open_locked(dir, &path)?;
        let header = Header { identity };
        match read_owner(&mut file, &header).map_err(LesionError::write(&path))? {
            Owner::Foreign => return Err(LesionError::ForeignFile { path }),
            Owner::AnotherStudy if !replaces => {
                return Err(LesionError::AnotherStudy(dir.to_owned()));
            }
            Owner::ThisRun | Owner::AnotherStudy => {}
        }
        let mut journal = Self {
            dir: dir.to_owned(),
            watched: path.clone(),
            path,
            file,
            header,
            size: 0,
            finished: FinishedBatches::new(),
            is_of_share: share.is_some(),
            resumed: 0,
            kept: 0,
            replaces_another: false,
            others: Vec::new(),
            read: HashMap::new(),
            ignored: Vec::new(),
        };
        journal.begin().map_err(LesionError::write(&journal.path))?;
        journal.resumed = journal.read_others()?;
        let is_excluded = match share {
            None => journal.is_other_at_work(),
            Some(_) => is_locked(&dir.join(FILE)),
        };
        if is_excluded {
            return Err(LesionError::AnotherRun(dir.to_owned()));
        }
        Ok(journal)
    }

    /// Reads the finished batches of an earlier run with the same header, and cuts off the rest of the
    /// file.
    fn begin(&mut self) -> io::Result<()> {
        let mut kept = Vec::new();
        self.file.read_to_end(&mut kept)?;
        let whole = read_lines(&kept, &self.header, &mut self.finished);
        self.file.set_len(whole as u64)?;
        self.size = whole as u64;
        if whole == 0 {
            self.write(&line(&self.header)?)?;
        }
        self.replaces_another = whole == 0 && kept.contains(&b'\n');
        Ok(())
    }

    /// Reads the new batches of the other journals in the folder. Returns the number of batches that this run
    /// knows.
    ///
    /// # Errors
    /// If a journal cannot be read.
    pub(crate) fn read_others(&mut self) -> Result<usize, LesionError> {
        self.others.clear();
        self.ignored.clear();
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(LesionError::read(&self.dir))? {
            let path = entry.map_err(LesionError::read(&self.dir))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if (name == FILE || is_share_file(&name)) && path != self.path {
                paths.push(path);
            }
        }
        paths.sort();
        for path in paths {
            match self.read_other(&path) {
                Ok(Owner::ThisRun) => self.others.push(path),
                Ok(Owner::AnotherStudy | Owner::Foreign) => self.ignored.push(path),
                // A run that ended a moment ago has removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(LesionError::read(&path)(error)),
            }
        }
        Ok(self.known_batches())
    }

    /// Number of batches that this share knows to be finished.
    pub(crate) fn known_batches(&self) -> usize {
        self.finished.len()
    }

    /// Number of batches that this run added.
    pub(crate) fn kept_batches(&self) -> usize {
        self.kept
    }

    /// Reads the complete lines that another journal, which its run may be writing, has more than before.
    fn read_other(&mut self, path: &Path) -> io::Result<Owner> {
        let metadata = path.symlink_metadata()?;
        if !metadata.is_file() {
            return Ok(Owner::Foreign);
        }
        let known = self.read.get(path).copied();
        if known == Some(metadata.len()) {
            return Ok(Owner::ThisRun);
        }
        let mut file = File::open(path)?;
        let owner = read_owner(&mut file, &self.header)?;
        if owner != Owner::ThisRun {
            return Ok(owner);
        }
        let start = known.filter(|&known| known < metadata.len()).unwrap_or_default();
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = match start {
            0 => read_lines(&bytes, &self.header, &mut self.finished),
            _ => read_batches(&bytes, &mut self.finished),
        };
        self.read.insert(path.to_owned(), start + whole as u64);
        Ok(owner)
    }

    /// True if another run of this study holds the lock of its journal. False where files have no locks.
    ///
    /// The run that was found last is looked at first, so that a thousand runs that wait for one do not look
    /// at all of a thousand files; each begins behind its own.
    pub(crate) fn is_other_at_work(&mut self) -> bool {
        let start = self.others.partition_point(|path| *path < self.watched);
        let (before, after) = self.others.split_at(start);
        let found = after.iter().chain(before).find(|path| is_locked(path));
        if let Some(path) = found {
            self.watched.clone_from(path);
        }
        found.is_some()
    }

    /// Gives the lock up while this run waits, so that runs do not wait for one another.
    pub(crate) fn unlock(&self) {
        // Without locks there is none to give up.
        let _ = self.file.unlock();
    }

    /// Takes the lock again. False if a whole run has finished the study meanwhile, and removed the journal.
    ///
    /// # Errors
    /// If another run has taken the lock.
    pub(crate) fn lock_again(&self) -> Result<bool, LesionError> {
        if is_taken(&self.file) {
            return Err(LesionError::AnotherRun(self.dir.clone()));
        }
        is_at(&self.file, &self.path).map_err(LesionError::read(&self.path))
    }

    /// Adds a line. Where files have no locks, another run may have written meanwhile: then the size is
    /// not the known one.
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.file.metadata()?.len() != self.size {
            return Err(io::Error::other("another run writes into this journal too"));
        }
        self.file.write_all(line)?;
        self.size += line.len() as u64;
        Ok(())
    }
}

impl RunJournal for FileJournal {
    fn resumed_batches(&self) -> usize {
        self.resumed
    }

    fn ignored_journals(&self) -> &[PathBuf] {
        &self.ignored
    }

    fn replaces_another(&self) -> bool {
        self.replaces_another
    }

    fn complete(self: Box<Self>) -> Result<(), LesionError> {
        // This run's own journal is the last, so that a run that is killed meanwhile can be resumed.
        for path in self.others.iter().chain([&self.path]) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(LesionError::write(path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Does some work in `dir` while no run writes into it. An interrupted run's journal is kept.
///
/// # Errors
/// If a run is writing into the folder, or the work fails.
pub(crate) fn with_lock<T>(
    dir: &Path,
    work: impl FnOnce() -> Result<T, LesionError>,
) -> Result<T, LesionError> {
    let path = dir.join(FILE);
    let file = open_locked(dir, &path)?;
    let result = work();
    if file.metadata().is_ok_and(|journal| journal.len() == 0) {
        fs::remove_file(&path).map_err(LesionError::write(&path))?;
    }
    result
}

/// Reads the first line of a journal.
fn read_owner(file: &mut File, header: &Header) -> io::Result<Owner> {
    /// Longer than any header.
    const MOST: u64 = 1 << 12;
    let mut start = Vec::new();
    Read::by_ref(file).take(MOST).read_to_end(&mut start)?;
    file.rewind()?;
    Ok(owner(&start, header))
}

/// Opens a journal of a folder, and locks it.
fn open_locked(dir: &Path, path: &Path) -> Result<File, LesionError> {
    if path.is_symlink() {
        return Err(LesionError::ForeignFile { path: path.to_owned() });
    }
    let mut options = OpenOptions::new();
    // Lines of two runs that meet where files have no locks then stand one after the other.
    let options = options.create(true).read(true).append(true);
    loop {
        let file = options.open(path).map_err(LesionError::write(path))?;
        if is_taken(&file) {
            return Err(LesionError::AnotherRun(dir.to_owned()));
        }
        // A run that ended after the file was opened has removed it. Its lock then locks nothing.
        if is_at(&file, path).map_err(LesionError::write(path))? {
            return Ok(file);
        }
    }
}

/// True if a run has the lock of a file.
fn is_locked(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// True if another run has the lock of a file; otherwise takes it. Runs that only look who is at work have
/// it for a moment, so it is tried some times.
fn is_taken(file: &File) -> bool {
    const TRIES: u32 = 10;
    const PAUSE: Duration = Duration::from_millis(20);
    for _ in 0..TRIES {
        if !matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            return false;
        }
        thread::sleep(PAUSE);
    }
    true
}

/// Whether an open file is the one at a path.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let open = file.metadata()?;
        match fs::metadata(path) {
            Ok(found) => Ok((found.dev(), found.ino()) == (open.dev(), open.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.try_exists()
    }
}

impl Journal for FileJournal {
    fn is_finished(&self, unit: &str) -> bool {
        self.finished.contains_key(unit)
    }

    fn finished(&mut self, unit: &str) -> Option<Vec<Reading>> {
        if self.is_of_share { self.finished.get(unit).cloned() } else { self.finished.remove(unit) }
    }

    fn keep(&mut self, unit: &str, readings: &[Reading]) -> io::Result<()> {
        let line = batch_line(unit, readings)?;
        self.write(&line).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
        })?;
        self.kept += 1;
        if self.is_of_share {
            self.finished.insert(unit.to_owned(), readings.to_vec());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use lesion_eval::DistributionChange;
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;

    fn reading(logit: f32) -> Reading {
        let change = DistributionChange { divergence: f64::from(logit), changes_top: logit < 0.0 };
        let log_sum = f64::from(logit) * 1.1;
        Reading { logits: vec![logit, -logit], log_sum, change: Some(change) }
    }

    #[test]
    fn only_the_same_run_reads_the_journal_and_it_reads_the_same_bits() {
        let dir = TempDir::new().unwrap();
        let open =
            |identity: &str| FileJournal::open(dir.path(), None, identity.into(), true).unwrap();
        let mut journal = open("one");
        let kept = [reading(0.1), reading(-3.25e-9)];
        journal.keep("controls 0", &kept).unwrap();
        drop(journal);
        let mut again = open("one");
        assert_eq!(Journal::finished(&mut again, "controls 0"), Some(kept.to_vec()));
        assert_eq!(Journal::finished(&mut again, "controls 1"), None);
        // During this run, no other may write into its folder.
        let second =
            FileJournal::open(dir.path(), None, "one".into(), true).map(|_| ()).unwrap_err();
        assert!(second.to_string().contains("another run"), "{second}");
        drop(again);
        let other = open("two");
        assert!(other.resumed_batches() == 0 && other.replaces_another());
        drop(other);
        assert_eq!(open("one").resumed_batches(), 0); // the other run's journal took its place
        Box::new(open("one")).complete().unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_lock_excludes_runs_and_keeps_the_journal_of_an_interrupted_one() {
        let dir = TempDir::new().unwrap();
        let open = || FileJournal::open(dir.path(), None, "one".into(), false);
        with_lock(dir.path(), || {
            assert!(matches!(open(), Err(LesionError::AnotherRun(_))));
            Ok(())
        })
        .unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let mut journal = open().unwrap();
        assert!(matches!(with_lock(dir.path(), || Ok(())), Err(LesionError::AnotherRun(_))));
        journal.keep("dose 0", &[reading(1.0)]).unwrap();
        drop(journal);
        with_lock(dir.path(), || Ok(())).unwrap();
        assert_eq!(open().unwrap().resumed_batches(), 1);
    }

    #[test]
    fn a_file_or_a_journal_of_another_study_is_left_alone() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join(FILE);
        let open = |identity: &str| {
            FileJournal::open(dir.path(), None, identity.into(), false).map(|_| ()).unwrap_err()
        };
        for foreign in ["my notes", "my notes\n", "{\"a\": 1}\n", "{\"identity\": 1}\n"] {
            fs::write(&path, foreign).unwrap();
            assert!(matches!(open("one"), LesionError::ForeignFile { .. }), "{foreign}");
            assert_eq!(fs::read_to_string(&path).unwrap(), foreign);
        }
        fs::write(&path, "{\"identity\":\"two\"}\n").unwrap();
        assert!(matches!(open("one"), LesionError::AnotherStudy(_)));
        // A killed run had no time for more.
        fs::write(&path, "{\"iden").unwrap();
        assert!(FileJournal::open(dir.path(), None, "one".into(), false).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_removed_journal_locks_nothing() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join(FILE);
        let removed = File::create(&path).unwrap();
        assert!(is_at(&removed, &path).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(!is_at(&removed, &path).unwrap());
        let _next = File::create(&path).unwrap();
        assert!(!is_at(&removed, &path).unwrap());
    }

    fn share(number: usize) -> Option<BatchShare> {
        BatchShare::new(number, 3)
    }

    #[test]
    fn a_run_reads_the_journals_of_all_shares_and_ignores_those_of_others() {
        let dir = TempDir::new().unwrap();
        let open = |share, identity: &str| {
            FileJournal::open(dir.path(), share, identity.into(), false).unwrap()
        };
        let mut first = open(share(1), "one");
        first.keep("a", &[reading(1.0)]).unwrap();
        let mut second = open(share(2), "one");
        // It reads what the first has written so far.
        assert!(second.is_finished("a") && second.is_other_at_work());
        second.keep("b", &[reading(2.0)]).unwrap();
        assert!(!first.is_finished("b"));
        assert_eq!(first.read_others().unwrap(), 2);
        // No whole run begins while a share is at work.
        let whole = || FileJournal::open(dir.path(), None, "one".into(), false);
        assert!(matches!(whole(), Err(LesionError::AnotherRun(_))));
        first.unlock();
        assert!(!second.is_other_at_work() && first.is_other_at_work());
        drop((first, second));
        drop(open(share(3), "two"));
        fs::write(dir.path().join("journal-1-of-2.jsonl"), "my notes\n").unwrap();
        fs::write(dir.path().join("journal-01-of-2.jsonl"), "not a name").unwrap();
        // The last line of a share that was killed may be incomplete.
        let path = dir.path().join("journal-2-of-3.jsonl");
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend_from_slice(b"{\"unit\":\"c\",\"readings\":[[[1");
        fs::write(&path, &bytes).unwrap();
        let mut journal = whole().unwrap();
        assert_eq!(journal.resumed_batches(), 2);
        let ignored = ["journal-1-of-2.jsonl", "journal-3-of-3.jsonl"];
        assert_eq!(journal.ignored_journals(), ignored.map(|name| dir.path().join(name)));
        assert_eq!(Journal::finished(&mut journal, "b"), Some(vec![reading(2.0)]));
        assert_eq!(fs::read(&path).unwrap(), bytes);
        Box::new(journal).complete().unwrap();
        // Only the journals of this study are removed.
        assert!(ignored.iter().all(|name| dir.path().join(name).exists()));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
    }

    #[test]
    fn runs_that_meet_where_files_have_no_locks_say_so_and_lose_nothing() {
        let dir = TempDir::new().unwrap();
        let open = || FileJournal::open(dir.path(), share(1), "one".into(), false).unwrap();
        let mut first = open();
        first.keep("a", &[reading(1.0)]).unwrap();
        first.unlock();
        let mut second = open();
        assert!(second.is_finished("a"));
        second.keep("b", &[reading(2.0)]).unwrap();
        let error = first.keep("b", &[reading(2.0)]).unwrap_err();
        assert!(error.to_string().contains("another run"), "{error}");
        second.keep("c", &[reading(3.0)]).unwrap();
        assert!(matches!(first.lock_again(), Err(LesionError::AnotherRun(_))));
        drop((first, second));
        assert_eq!(open().resumed_batches(), 3);
    }

    #[cfg(unix)]
    #[test]
    fn a_share_that_waited_notices_that_the_study_was_finished() {
        let dir = TempDir::new().unwrap();
        let open = |share| FileJournal::open(dir.path(), share, "one".into(), false).unwrap();
        let first = open(share(1));
        first.unlock();
        assert!(first.lock_again().unwrap());
        first.unlock();
        Box::new(open(None)).complete().unwrap();
        assert!(!first.lock_again().unwrap());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_journal_that_grows_by_any_pieces_is_read_as_a_whole(
            pieces in proptest::collection::vec(1..200_usize, 1..12),
        ) {
            let dir = TempDir::new().unwrap();
            let open = |share| FileJournal::open(dir.path(), share, "one".into(), false).unwrap();
            let mut first = open(share(1));
            for unit in 0..5_u8 {
                first.keep(&unit.to_string(), &[reading(f32::from(unit))]).unwrap();
            }
            let path = first.path.clone();
            let all = fs::read(&path).unwrap();
            let mut second = open(share(2));
            second.finished.clear();
            second.read.clear();
            let mut size = 0;
            for piece in pieces {
                size = all.len().min(size + piece);
                fs::write(&path, &all[..size]).unwrap();
                let whole = String::from_utf8_lossy(&all[..size]).matches('\n').count();
                prop_assert_eq!(second.read_others().unwrap(), whole.saturating_sub(1));
            }
            fs::write(&path, &all).unwrap();
            prop_assert_eq!(second.read_others().unwrap(), 5);
            for unit in 0..5_u8 {
                // A share may ask again in its next round.
                for _ in 0..2 {
                    let found = Journal::finished(&mut second, &unit.to_string());
                    prop_assert_eq!(found, Some(vec![reading(f32::from(unit))]));
                }
            }
        }

        #[test]
        fn a_journal_that_is_cut_anywhere_keeps_its_complete_lines(cut in 0.0..1.0_f64) {
            let dir = TempDir::new().unwrap();
            let open = || FileJournal::open(dir.path(), None, "one".into(), false).unwrap();
            let mut journal = open();
            for unit in 0..5_u8 {
                journal.keep(&unit.to_string(), &[reading(f32::from(unit))]).unwrap();
            }
            drop(journal);
            let path = dir.path().join(FILE);
            let all = fs::read(&path).unwrap();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place")]
            let cut = (cut * all.len() as f64) as usize;
            fs::write(&path, &all[..cut]).unwrap();
            let mut journal = open();
            let whole = String::from_utf8_lossy(&all[..cut]).matches('\n').count();
            prop_assert_eq!(journal.resumed_batches(), whole.saturating_sub(1));
            for unit in 0..5_u8 {
                if Journal::finished(&mut journal, &unit.to_string()).is_none() {
                    journal.keep(&unit.to_string(), &[reading(f32::from(unit))]).unwrap();
                }
            }
            prop_assert_eq!(fs::read(&path).unwrap(), all);
        }
    }
}
