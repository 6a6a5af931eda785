//! A study that was registered runs as registered, or its deviations are named.

use crate::support::lesion;
use std::{fs, path::Path};
use tempfile::TempDir;

const STUDY: &str = "parts = [\"controls\"]\n[lesion]\nlayers = [5]\n[controls]\nnulls = 5\n";

/// Runs the program in a folder. Returns its standard output.
fn run(dir: &Path, args: &[&str]) -> String {
    let output = lesion(dir).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that fails. Returns its one line on standard error.
fn fail(dir: &Path, args: &[&str]) -> String {
    let output = lesion(dir).args(args).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
    stderr
}

#[test]
fn a_registered_study_says_whether_it_ran_as_registered() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    fs::write(dir.join("my.toml"), STUDY).unwrap();
    // Without a registration nothing is said about one.
    assert!(!run(dir, &["run", "my.toml", "--out", "before"]).contains("regist"));

    let registered = run(dir, &["register", "my.toml"]);
    assert!(registered.contains("my.registration.json"), "{registered}");
    let again = fail(dir, &["register", "my.toml"]);
    assert!(
        again.contains("my.registration.json") && again.contains("remove this file"),
        "{again}"
    );

    let same = run(dir, &["run", "my.toml", "--out", "same"]);
    assert!(same.contains("ran as registered"), "{same}");
    let page = fs::read_to_string(dir.join("same/report.html")).unwrap();
    assert!(page.contains("ran as registered"));

    let other = run(dir, &["run", "my.toml", "--seed", "7", "--out", "other"]);
    assert!(other.contains("deviates from its registration"), "{other}");
    assert!(other.contains("seed: registered as 0, run as 7"), "{other}");

    fs::write(dir.join("my.registration.json"), "{}").unwrap();
    let broken = fail(dir, &["run", "my.toml", "--out", "broken"]);
    assert!(broken.contains("my.registration.json is not a registration"), "{broken}");
}
