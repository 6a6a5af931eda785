//! `lesion evaluate --prompts`, whose numbers are those of a study's predictions.

use std::{collections::BTreeMap, fs};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{BRIEF, Row, Run, assert_close, assert_user_error, lesion, number};

const CONTROLLED: &str = include_str!("../assets/prompts/controlled.txt");

fn evaluate(prompts: &str, args: &[&str]) -> Run {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("p.txt"), prompts).unwrap();
    let fixed = ["evaluate", "--prompts", "p.txt"];
    let output = lesion(dir.path()).args(fixed).args(args).output().unwrap();
    Run { dir, output }
}

#[track_caller]
fn labels(prompts: &str, args: &[&str]) -> Vec<Value> {
    let run = evaluate(prompts, &[args, &["--json"]].concat());
    assert!(run.output.status.success(), "{}", run.stderr());
    let answer: Value = serde_json::from_str(&run.stdout()).unwrap();
    answer["labels"].as_array().unwrap().clone()
}

#[test]
fn the_numbers_are_those_of_the_tables_of_a_study() {
    let options = [&BRIEF[..], &["--prompts", "p.txt"]].concat();
    let study = Run::with_files(&[("p.txt", CONTROLLED)], &options);
    let label_of: BTreeMap<(String, String), String> = study
        .rows("prompts.csv")
        .into_iter()
        .map(|row| ((row["prompt"].clone(), row["position"].clone()), row["label"].clone()))
        .collect();
    let predictions = study.rows("predictions.csv");
    let same_mask =
        |a: &Row, b: &Row| (&a["prompt"], &a["position"]) == (&b["prompt"], &b["position"]);
    let masks: Vec<&[Row]> = predictions.chunk_by(same_mask).collect();
    let found = labels(CONTROLLED, &[]);
    assert_eq!(found.len(), 2);
    for found in found {
        let labelled: Vec<&[Row]> = masks
            .iter()
            .copied()
            .filter(|rows| {
                let mask = (rows[0]["prompt"].clone(), rows[0]["position"].clone());
                label_of[&mask] == found["label"].as_str().unwrap()
            })
            .collect();
        let margins: Vec<f64> = labelled
            .iter()
            .map(|rows| {
                let others = rows[1..].iter().map(|row| number(row, "logit"));
                number(&rows[0], "logit") - others.fold(f64::NEG_INFINITY, f64::max)
            })
            .collect();
        let count = labelled.len() as f64;
        let mean = |sum: f64, key: &str| {
            assert_close(found[key].as_f64().unwrap(), sum / count, 1e-6);
        };
        mean(margins.iter().sum(), "margin");
        mean(labelled.iter().map(|rows| number(&rows[0], "prob")).sum(), "prob");
        let confidence = labelled.iter().map(|rows| {
            let total: f64 = rows.iter().map(|row| number(row, "prob")).sum();
            rows.iter().map(|row| number(row, "prob")).fold(0.0, f64::max) / total
        });
        mean(confidence.sum(), "confidence");
        assert_eq!(found["prompts"], labelled.len());
        assert_eq!(found["right"], margins.iter().filter(|margin| **margin > 0.0).count());
        let margin = found["margin"].as_f64().unwrap();
        assert!(found["margin_low"].as_f64().unwrap() < margin);
        assert!(found["margin_high"].as_f64().unwrap() > margin);
    }
}

#[test]
fn a_label_stands_before_the_tab_or_is_the_right_word_in_any_case() {
    let names = |prompts: &str| -> Vec<(String, u64)> {
        let found = labels(prompts, &[]);
        let name = |label: &Value| label["label"].as_str().unwrap().to_owned();
        found.iter().map(|label| (name(label), label["prompts"].as_u64().unwrap())).collect()
    };
    let pair = |name: &str, count: u64| (name.to_owned(), count);
    let text = "{He|She} saw the dog.\nThe dog saw that {he|she} smiled.\nWe met {her|him}.\n\
                she\tThe dog met {her|him}.\n";
    assert_eq!(names(text), [pair("he", 2), pair("her", 1), pair("she", 1)]);
    // The intervals need ten templates.
    assert_eq!(labels(text, &[])[0]["margin_low"], Value::Null);
    let run = evaluate(text, &[]);
    let expected = "Warning: \"he\" has 2 templates; intervals need at least 10";
    assert!(run.stdout().contains(expected), "{}", run.stdout());
}

#[test]
fn the_seed_draws_the_intervals_and_nothing_else() {
    let (first, other) = (labels(CONTROLLED, &[]), labels(CONTROLLED, &["--seed", "1"]));
    assert_ne!(first[0]["margin_low"], other[0]["margin_low"]);
    assert_eq!(first[0]["margin"], other[0]["margin"]);
    assert_eq!(labels(CONTROLLED, &["--threads", "1"]), first);
}

#[test]
fn every_invalid_line_is_named() {
    let run = evaluate("We saw {him|zebra}.\nWe saw him.\n", &[]);
    assert_eq!(run.output.status.code(), Some(2));
    let stderr = run.stderr();
    let lines: Vec<&str> = stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{stderr}");
    assert!(lines[0].starts_with("error: p.txt:1: \"zebra\" is "), "{stderr}");
    assert!(lines[1].starts_with("error: p.txt:2: "), "{stderr}");
    assert_user_error(&evaluate("# nothing\n", &[]), &["p.txt"]);
    assert_user_error(&evaluate("We saw {him|her}.", &["--count", "3"]), &["--count", "--prompts"]);
}
