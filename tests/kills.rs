//! Runs that are killed at any moment, that meet in one folder, or whose disk is full: every file is whole,
//! and the same command ends with the same bytes.

#![cfg(unix)]

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

use crate::{
    studies::journal_size,
    support::{Run, lesion, tables},
};

/// A study of some hundred lesions, with tables and figures of several parts.
const STUDY: [&str; 6] = ["--parts", "controls,dose", "--nulls", "8", "--threads", "1"];
const KILLS: usize = 50;
const SIGNALS: [&str; 3] = ["-KILL", "-TERM", "-INT"];
/// Files that are written at the end, from the first to the last.
const OUTPUTS: [&str; 6] = [
    "neurons.csv",
    "lesions.csv",
    "profile.csv",
    "neuron_sets.json",
    "manifest.json",
    "figures/volcano.svg",
];

fn start(dir: &Path) -> Child {
    let mut program = lesion(dir);
    program.args(["reproduce", "--out", "out"]).args(STUDY);
    program.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Sends a signal once `is_time`. Returns whether the run had not ended before.
fn kill_when(run: &mut Child, signal: &str, is_time: impl Fn() -> bool) -> bool {
    loop {
        if run.try_wait().unwrap().is_some() {
            return false;
        }
        if is_time() {
            let pid = run.id().to_string();
            Command::new("kill").args([signal, &pid]).stderr(Stdio::null()).status().unwrap();
            run.wait().unwrap();
            return true;
        }
        std::thread::yield_now();
    }
}

/// Checks that every table in a folder is that of a whole run, and that a manifest is there only if all
/// are.
fn assert_whole(out: &Path, whole: &BTreeMap<String, Vec<u8>>) {
    let found = tables(out);
    for (name, bytes) in &found {
        let is_own = name == "journal.jsonl" || name.starts_with(".lesion-");
        assert!(is_own || whole.get(name) == Some(bytes), "{name} is not whole");
    }
    if out.join("manifest.json").exists() {
        assert!(whole.keys().all(|name| found.contains_key(name)));
    }
}

#[test]
fn a_run_that_is_killed_at_any_moment_ends_with_the_same_bytes() {
    let whole = tables(&Run::new(&STUDY).out());
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let mut dir = TempDir::new().unwrap();
    let (mut kills, mut ended) = (0, 0);
    for number in 0..KILLS {
        let out = dir.path().join("out");
        let signal = SIGNALS[number % SIGNALS.len()];
        let mut run = start(dir.path());
        let is_killed = if number % 2 == 0 {
            let size = journal_size(&out) + random.random_range(1..8_000);
            kill_when(&mut run, signal, || journal_size(&out) >= size)
        } else {
            let file = out.join(OUTPUTS.choose(&mut random).unwrap());
            kill_when(&mut run, signal, || file.exists())
        };
        kills += usize::from(is_killed);
        assert_whole(&out, &whole);
        if out.join("report.html").exists() {
            assert_eq!(tables(&out), whole);
            ended += 1;
            dir = TempDir::new().unwrap();
        }
    }
    assert!(kills > KILLS / 2 && ended > 3, "{kills} were killed, {ended} ended");
    let status = start(dir.path()).wait().unwrap();
    assert!(status.success());
    assert_eq!(tables(&dir.path().join("out")), whole);
}

#[test]
fn runs_that_meet_in_a_folder_leave_one_whole_study() {
    let whole = tables(&Run::new(&STUDY).out());
    for count in [2, 3] {
        let dir = TempDir::new().unwrap();
        let runs: Vec<Child> = (0..count).map(|_| start(dir.path())).collect();
        let mut succeeded = 0;
        for run in runs {
            let output = run.wait_with_output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            match output.status.code() {
                Some(0) => succeeded += 1,
                code => {
                    assert_eq!(code, Some(2), "{stderr}");
                    assert!(stderr.contains("another run is writing into out"), "{stderr}");
                }
            }
        }
        assert!(succeeded >= 1);
        assert_eq!(tables(&dir.path().join("out")), whole);
    }
}

#[test]
fn a_full_disk_is_an_error_that_names_the_file_and_loses_nothing() {
    let whole = tables(&Run::new(&STUDY).out());
    let dir = TempDir::new().unwrap();
    // Blocks of 512 bytes: too few for the journal, for neurons.csv, and for the page.
    for blocks in [2, 200, 900] {
        let script = format!("ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut program = Command::new("sh");
        program.args(["-c", &script]).arg(env!("CARGO_BIN_EXE_lesion"));
        program.args(["reproduce", "--out", "out"]).args(STUDY).current_dir(dir.path());
        let output = program.env("HF_HUB_OFFLINE", "1").output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("out/") && stderr.contains("File too large"), "{stderr}");
        assert_whole(&dir.path().join("out"), &whole);
    }
    assert!(start(dir.path()).wait().unwrap().success());
    assert_eq!(tables(&dir.path().join("out")), whole);
    assert!(fs::metadata(dir.path().join("out/report.html")).unwrap().len() > 900 * 512);
}
