//! `lesion words`: the words that can be candidates at a mask.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Run, assert_user_error, lesion, on_terminal};

fn words(args: &[&str]) -> Run {
    let dir = TempDir::new().unwrap();
    let output = lesion(dir.path()).arg("words").args(args).output().unwrap();
    Run { dir, output }
}

#[track_caller]
fn listed(args: &[&str]) -> Vec<String> {
    let run = words(args);
    assert!(run.output.status.success(), "{}", run.stderr());
    run.stdout().lines().map(str::to_owned).collect()
}

/// Whether the model takes these words as candidates.
fn are_candidates(model: &str, words: &str) -> bool {
    let dir = TempDir::new().unwrap();
    let args = ["predict", "the [MASK]", "--model", model, "--candidates", words];
    lesion(dir.path()).args(args).output().unwrap().status.success()
}

#[test]
fn every_word_that_can_be_a_candidate_is_listed_and_no_other() {
    for family in ["", "roberta", "xlm-roberta", "distilbert", "electra"] {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/parity");
        let folder = fixtures.join(family).join("model");
        let model = folder.to_str().unwrap();
        let listed = listed(&["--model", model]);
        assert!(listed.len() > 20, "{family}: {listed:?}");
        assert!(are_candidates(model, &listed.join(",")), "{family}");
        // A text of the vocabulary that is not listed is a piece, punctuation or written otherwise.
        let tokenizer = fs::read(folder.join("tokenizer.json")).unwrap();
        let tokenizer: Value = serde_json::from_slice(&tokenizer).unwrap();
        let tokens: Vec<&str> = match &tokenizer["model"]["vocab"] {
            Value::Object(tokens) => tokens.keys().map(String::as_str).collect(),
            tokens => tokens.as_array().unwrap().iter().map(|t| t[0].as_str().unwrap()).collect(),
        };
        let known: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
        let texts: BTreeSet<&str> =
            tokens.iter().map(|token| token.trim_start_matches(['Ġ', '▁', '#'])).collect();
        let others = texts.iter().filter(|text| {
            text.chars().all(char::is_alphanumeric) && !text.is_empty() && !known.contains(*text)
        });
        for other in others.take(20) {
            // One that is written otherwise is that other word to the model.
            let is_another = known.contains(other.to_lowercase().as_str());
            assert!(is_another || !are_candidates(model, other), "{family}: {other}");
        }
    }
}

#[test]
fn a_pattern_keeps_the_words_that_fit_it() {
    let all = listed(&[]);
    let like = listed(&["--like", "*ing"]);
    let expected: Vec<&String> = all.iter().filter(|word| word.ends_with("ing")).collect();
    assert_eq!(like.iter().collect::<Vec<_>>(), expected);
    assert!(like.len() > 5);
    assert_eq!(listed(&["--like", "her"]), ["her"]);
    let run = words(&["--like", "*ing", "--json"]);
    let found: Value = serde_json::from_str(&run.stdout()).unwrap();
    assert_eq!(found["words"], serde_json::json!(like));
    let none = words(&["--like", "zebra"]);
    assert!(none.output.status.success());
    assert_eq!((none.stdout(), none.stderr().lines().count()), (String::new(), 1));
}

#[test]
fn a_terminal_shows_the_first_words_and_says_how_many_there_are() {
    let dir = TempDir::new().unwrap();
    let Some(text) = on_terminal(dir.path(), "lesion words") else { return };
    let all = listed(&[]);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    assert_eq!(lines[..200], all[..200]);
    let rest = format!("... and {} more: ", all.len() - 200);
    assert!(lines.len() == 201 && lines[200].starts_with(&rest), "{}", lines[200]);
}

#[test]
fn a_mistake_is_reported_in_one_line() {
    assert_user_error(&words(&["--model", "nowhere"]), &["model nowhere"]);
    assert_user_error(&words(&["*ing"]), &["'*ing'", "see `lesion words --help`"]);
}
