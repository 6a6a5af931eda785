//! The finished batches of a run in a file, so that the run can resume after Ctrl-C or a crash.
//!
//! Each line is a batch of lesions. If a run is killed, its last line may be incomplete; it is then
//! removed. Logits are stored as bits, so that a resumed run writes the same bytes.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use lesion_eval::{DistributionChange, Journal, Reading};
use serde::{Deserialize, Serialize};

use crate::{error::LesionError, running::place::RunJournal};

/// Name of the journal in the output folder.
const FILE: &str = "journal.jsonl";

/// The first line, with the identity of the run.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Header {
    identity: String,
}

/// A finished batch.
#[derive(Serialize, Deserialize)]
struct Line {
    unit: String,
    readings: Vec<ReadingBits>,
}

/// The bits of a reading's logits and log sum, and of a divergence with whether the top changes.
type ReadingBits = (Vec<u32>, u64, Option<(u64, bool)>);

fn to_bits(reading: &Reading) -> ReadingBits {
    let logits = reading.logits.iter().map(|logit| logit.to_bits()).collect();
    let change = reading.change.map(|change| (change.divergence.to_bits(), change.changes_top));
    (logits, reading.log_sum.to_bits(), change)
}

fn from_bits((logits, log_sum, change): ReadingBits) -> Reading {
    Reading {
        logits: logits.into_iter().map(f32::from_bits).collect(),
        log_sum: f64::from_bits(log_sum),
        change: change.map(|(divergence, changes_top)| DistributionChange {
            divergence: f64::from_bits(divergence),
            changes_top,
        }),
    }
}

/// The journal of one run.
pub(crate) struct FileJournal {
    path: PathBuf,
    file: File,
    finished: HashMap<String, Vec<Reading>>,
    replaces_another: bool,
}

impl FileJournal {
    /// Resumes the journal in `dir` of an interrupted run with the same identity; otherwise starts a
    /// new one. One of another study is discarded only if `replaces` allows it.
    pub(crate) fn open(dir: &Path, identity: String, replaces: bool) -> Result<Self, LesionError> {
        let path = dir.join(FILE);
        let mut file = open_locked(dir)?;
        let header = Header { identity };
        match owner(&mut file, &header).map_err(LesionError::write(&path))? {
            Owner::Foreign => return Err(LesionError::ForeignFile { path }),
            Owner::AnotherStudy if !replaces => {
                return Err(LesionError::AnotherStudy(dir.to_owned()));
            }
            Owner::ThisRun | Owner::AnotherStudy => {}
        }
        let begun = begin(&mut file, &header);
        let (finished, replaces_another) = begun.map_err(LesionError::write(&path))?;
        Ok(Self { path, file, finished, replaces_another })
    }
}

impl RunJournal for FileJournal {
    fn resumed_batches(&self) -> usize {
        self.finished.len()
    }

    fn replaces_another(&self) -> bool {
        self.replaces_another
    }

    fn complete(self: Box<Self>) -> Result<(), LesionError> {
        fs::remove_file(&self.path).map_err(LesionError::write(&self.path))
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
    let file = open_locked(dir)?;
    let result = work();
    let path = dir.join(FILE);
    if file.metadata().is_ok_and(|journal| journal.len() == 0) {
        fs::remove_file(&path).map_err(LesionError::write(&path))?;
    }
    result
}

/// The owner of a journal file.
enum Owner {
    /// A run with the same identity, or nobody.
    ThisRun,
    /// A run of another study.
    AnotherStudy,
    /// Another program: it is not a journal.
    Foreign,
}

/// Reads from the first line to whom a journal belongs. A killed run may have written only a part of it.
fn owner(file: &mut File, header: &Header) -> io::Result<Owner> {
    const BEGINNING: &str = "{\"identity\":\"";
    /// Longer than any header.
    const MOST: u64 = 1 << 12;
    let mut start = Vec::new();
    Read::by_ref(file).take(MOST).read_to_end(&mut start)?;
    file.rewind()?;
    let line = start.split(|&byte| byte == b'\n').next().unwrap_or_default();
    if line.len() == start.len() {
        let common = line.len().min(BEGINNING.len());
        let is_beginning = line[..common] == BEGINNING.as_bytes()[..common];
        return Ok(if is_beginning { Owner::ThisRun } else { Owner::Foreign });
    }
    Ok(match serde_json::from_slice::<Header>(line) {
        Ok(found) if found == *header => Owner::ThisRun,
        Ok(_) => Owner::AnotherStudy,
        Err(_) => Owner::Foreign,
    })
}

/// Opens the journal of a folder, and locks it.
fn open_locked(dir: &Path) -> Result<File, LesionError> {
    let path = dir.join(FILE);
    if path.is_symlink() {
        return Err(LesionError::ForeignFile { path });
    }
    let mut options = OpenOptions::new();
    let options = options.create(true).read(true).write(true).truncate(false);
    loop {
        let file = options.open(&path).map_err(LesionError::write(&path))?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(LesionError::AnotherRun(dir.to_owned()));
        }
        // A run that ended after the file was opened has removed it. Its lock then locks nothing.
        if is_at(&file, &path).map_err(LesionError::write(&path))? {
            return Ok(file);
        }
    }
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

/// Reads the finished batches of an earlier run with the same header, and cuts off the rest of the
/// file. Also returns whether the journal of another study was discarded.
fn begin(file: &mut File, header: &Header) -> io::Result<(HashMap<String, Vec<Reading>>, bool)> {
    let mut kept = Vec::new();
    file.read_to_end(&mut kept)?;
    let (finished, whole) = read(&kept, header);
    file.set_len(whole as u64)?;
    file.seek(SeekFrom::End(0))?;
    if whole == 0 {
        write_line(file, header)?;
    }
    Ok((finished, whole == 0 && kept.contains(&b'\n')))
}

/// The readings of all complete lines, and the number of bytes of these lines. The journal of another
/// run has no readings.
fn read(kept: &[u8], header: &Header) -> (HashMap<String, Vec<Reading>>, usize) {
    let mut finished = HashMap::new();
    let mut whole = 0;
    for line in kept.split_inclusive(|&byte| byte == b'\n') {
        if line.last() != Some(&b'\n') {
            break;
        }
        if whole == 0 {
            if !serde_json::from_slice::<Header>(line).is_ok_and(|found| found == *header) {
                break;
            }
        } else {
            let Ok(Line { unit, readings }) = serde_json::from_slice(line) else { break };
            finished.insert(unit, readings.into_iter().map(from_bits).collect());
        }
        whole += line.len();
    }
    (finished, whole)
}

fn write_line(file: &mut File, line: &impl Serialize) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    file.write_all(&bytes)
}

impl Journal for FileJournal {
    fn finished(&mut self, unit: &str) -> Option<Vec<Reading>> {
        self.finished.remove(unit)
    }

    fn keep(&mut self, unit: &str, readings: &[Reading]) -> io::Result<()> {
        let readings = readings.iter().map(to_bits).collect();
        let written = write_line(&mut self.file, &Line { unit: unit.to_owned(), readings });
        written.map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
        })
    }
}

#[cfg(test)]
mod tests {
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
        let open = |identity: &str| FileJournal::open(dir.path(), identity.into(), true).unwrap();
        let mut journal = open("one");
        let kept = [reading(0.1), reading(-3.25e-9)];
        journal.keep("controls 0", &kept).unwrap();
        drop(journal);
        let mut again = open("one");
        assert_eq!(Journal::finished(&mut again, "controls 0"), Some(kept.to_vec()));
        assert_eq!(Journal::finished(&mut again, "controls 1"), None);
        // During this run, no other may write into its folder.
        let second = FileJournal::open(dir.path(), "one".into(), true).map(|_| ()).unwrap_err();
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
        let open = || FileJournal::open(dir.path(), "one".into(), false);
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
            FileJournal::open(dir.path(), identity.into(), false).map(|_| ()).unwrap_err()
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
        assert!(FileJournal::open(dir.path(), "one".into(), false).is_ok());
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

    proptest! {
        #[test]
        fn a_journal_that_is_cut_anywhere_keeps_its_complete_lines(cut in 0.0..1.0_f64) {
            let dir = TempDir::new().unwrap();
            let open = || FileJournal::open(dir.path(), "one".into(), false).unwrap();
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
