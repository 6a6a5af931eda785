//! `lesion new`: files to start a study from.

use std::{fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Run, assert_user_error, lesion, tables};

const FILES: [&str; 3] = ["pairs.txt", "prompts.txt", "study.toml"];

fn new(dir: TempDir, args: &[&str]) -> Run {
    let output = lesion(dir.path()).arg("new").args(args).output().unwrap();
    Run { dir, output }
}

fn starter(args: &[&str]) -> Run {
    let run = new(TempDir::new().unwrap(), args);
    assert!(run.output.status.success(), "{}", run.stderr());
    run
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_starter_is_in_order_and_the_model_knows_the_right_words() {
    for words in ["he,she", "him,her", "is,are", "are, Is"] {
        let run = starter(&["a/b", "--words", words]);
        let folder = run.dir.path().join("a/b");
        assert_eq!(names(&folder), FILES);
        // No warning.
        let check = lesion(&folder).args(["check", "study.toml", "--strict"]).output().unwrap();
        let stderr = String::from_utf8_lossy(&check.stderr);
        assert!(check.status.success(), "{words}: {stderr}");
        let args = ["evaluate", "--prompts", "prompts.txt", "--json"];
        let evaluated = lesion(&folder).args(args).output().unwrap();
        let answer: Value = serde_json::from_slice(&evaluated.stdout).unwrap();
        let labels = answer["labels"].as_array().unwrap();
        assert_eq!(labels.len(), 2);
        for label in labels {
            assert_eq!((&label["prompts"], &label["right"]), (&10.into(), &10.into()), "{label}");
        }
    }
}

#[test]
fn a_starter_runs_and_shows_an_effect() {
    let run = starter(&["my"]);
    let args = ["run", "my/study.toml", "--out", "out"];
    let output = lesion(run.dir.path()).args(args).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let effect = "the lesion lowers the margin by";
    assert!(stdout.contains(effect), "{stdout}");
    assert!(tables(&run.dir.path().join("out")).contains_key("dose.csv"));
}

#[test]
fn no_file_is_replaced_and_none_is_written_beside_one() {
    for existing in [&FILES[..1], &FILES[1..], &FILES] {
        let dir = TempDir::new().unwrap();
        fs::create_dir(dir.path().join("my")).unwrap();
        for name in existing {
            fs::write(dir.path().join("my").join(name), "mine").unwrap();
        }
        let run = new(dir, &["my"]);
        assert_user_error(&run, existing);
        let folder = run.dir.path().join("my");
        assert_eq!(names(&folder), existing);
        for name in existing {
            assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), "mine");
        }
    }
    // Other files do no harm, and stay.
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    let run = new(dir, &["."]);
    assert!(run.output.status.success(), "{}", run.stderr());
    assert_eq!(names(run.dir.path()), ["notes.txt", "pairs.txt", "prompts.txt", "study.toml"]);
}

#[test]
fn a_mistake_is_reported_in_one_line() {
    let dir = || TempDir::new().unwrap();
    let expected = ["no sentences for `cat,dog`", "`he,she`, `him,her`, `is,are`"];
    assert_user_error(&new(dir(), &["my", "--words", "cat,dog"]), &expected);
    assert_user_error(&new(dir(), &[]), &["<DIR>"]);
    let file = dir();
    fs::write(file.path().join("my"), "a file").unwrap();
    assert_user_error(&new(file, &["my"]), &["my"]);
}
