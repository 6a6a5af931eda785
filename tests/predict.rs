//! `lesion predict`, whose numbers are those of a study; and `--json`.

use std::{collections::BTreeSet, fs};

use crate::support::{Row, Run, assert_close, assert_user_error, lesion, number, tables};
use serde_json::Value;
use tempfile::TempDir;

const PAPER: &str = "Robert helped Lucy with [MASK] project and she thanked him for his hard work.";

/// A run of `predict` in an empty folder.
fn predict(args: &[&str]) -> Run {
    let dir = TempDir::new().unwrap();
    let output = lesion(dir.path()).arg("predict").args(args).output().unwrap();
    Run { dir, output }
}

/// The JSON of `predict`.
#[track_caller]
fn predict_json(args: &[&str]) -> Value {
    let run = predict(&[args, &["--json"]].concat());
    assert!(run.output.status.success(), "{}", run.stderr());
    assert_eq!(run.stdout().lines().count(), 1);
    serde_json::from_str(&run.stdout()).unwrap()
}

fn candidate<'a>(mask: &'a Value, word: &str) -> &'a Value {
    mask["candidates"].as_array().unwrap().iter().find(|row| row["candidate"] == word).unwrap()
}

/// Checks that a study's number is that of `predict`, except for rounding in other batches.
#[track_caller]
fn assert_agrees(row: &Row, column: &str, found: &Value) {
    assert_close(found.as_f64().unwrap(), number(row, column), 1e-5);
}

#[test]
fn a_study_and_predict_have_the_same_numbers() {
    let study = Run::brief(&[]);
    let sets = study.out().join("neuron_sets.json");
    let from_file = ["--lesion", "4:her", "--neurons", sets.to_str().unwrap()];
    let rated = [PAPER, "--candidates", "his,him,her"];
    let found = predict_json(&[&rated[..], &from_file].concat());
    let mask = &found["masks"][0];
    assert_eq!(mask["position"], 5);
    assert_eq!(mask["changed"], true);
    let words: Vec<&str> = mask["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["candidate"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["her", "his", "him"]); // the highest first
    for row in study.rows("predictions.csv").iter().filter(|row| row["target"] == "her") {
        let rating = candidate(mask, &row["candidate"]);
        for column in ["logit", "prob"] {
            assert_agrees(row, column, &rating[column]);
        }
        assert_eq!(row["rank"], rating["rank"].to_string());
    }
    for row in study.rows("lesions.csv").iter().filter(|row| row["neuron_set"] == "her") {
        let rating = candidate(mask, &row["candidate"]);
        assert_agrees(row, "logit_clean", &rating["logit"]);
        assert_agrees(row, "prob_clean", &rating["prob"]);
        for column in ["logit_lesioned", "logit_drop", "prob_lesioned"] {
            assert_agrees(row, column, &rating[column]);
        }
        assert_eq!(
            row["neurons"],
            found["lesion"]["layers"][0]["neurons"].as_array().unwrap().len().to_string()
        );
    }
    // Without a file, a label refers to the neurons that the study selects.
    assert_eq!(predict_json(&[&rated[..], &["--lesion", "4:her"]].concat()), found);
}

#[test]
fn a_lesion_may_name_ranges_of_layers_and_neurons() {
    let json = |lesions: &[&str]| {
        let mut args = vec![PAPER, "--candidates", "his,him,her"];
        for lesion in lesions {
            args.extend(["--lesion", lesion]);
        }
        predict_json(&args)
    };
    let each: Vec<String> = (0..6).map(|layer| format!("{layer}:her")).collect();
    let each: Vec<&str> = each.iter().map(String::as_str).collect();
    assert_eq!(json(&["all:her"]), json(&each));
    assert_eq!(json(&["0-2,5:her"]), json(&["0:her", "1:her", "2:her", "5:her"]));
    assert_eq!(json(&["4:all"]), json(&["4:0-767"]));
    assert_eq!(json(&["1-2:0-9,7-20"]), json(&["1:0-20", "2:0-20"]));
}

#[test]
fn the_table_shows_the_numbers_of_json() {
    for lesion in [&[][..], &["--lesion", "5:her", "--lesion", "2:0-99,300", "--at", "all"]] {
        let args = [&[PAPER, "--top", "5"], lesion].concat();
        let shown = predict(&args);
        let found = predict_json(&args);
        let candidates = found["masks"][0]["candidates"].as_array().unwrap();
        assert!(candidates.len() >= 5);
        let stdout = shown.stdout();
        let rows: Vec<&str> = stdout.lines().filter(|line| line.starts_with('│')).skip(1).collect();
        assert_eq!(rows.len(), candidates.len());
        for (row, candidate) in rows.iter().zip(candidates) {
            let cells: Vec<&str> = row.split_whitespace().collect();
            assert_eq!(cells[1], candidate["rank"].to_string());
            assert!(cells.contains(&candidate["candidate"].as_str().unwrap()), "{row}");
            let last = if lesion.is_empty() { "logit" } else { "logit_drop" };
            let last = format!("{:.3}", candidate[last].as_f64().unwrap());
            assert_eq!(cells[cells.len() - 2], last);
            assert!(row.chars().count() <= 80, "{row}");
        }
        assert!(stdout.contains(PAPER) && !stdout.contains('\u{1b}'));
    }
}

#[test]
fn colours_can_be_turned_off() {
    let has_colours = |name: &str, value: &str| {
        let dir = TempDir::new().unwrap();
        let mut program = lesion(dir.path());
        program.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1").env(name, value);
        program.args(["predict", PAPER]).output().unwrap().stdout.contains(&0x1b)
    };
    assert!(has_colours("TERM", "xterm"));
    assert!(!has_colours("NO_COLOR", "1"));
}

#[test]
fn every_mask_is_predicted_and_unknown_words_are_noted() {
    let found = predict_json(&["[MASK] helped Lucy with [MASK] project.", "--top", "1"]);
    let positions: Vec<&Value> =
        found["masks"].as_array().unwrap().iter().map(|mask| &mask["position"]).collect();
    assert_eq!(positions, [1, 5]);
    let stdout = predict(&["The 日 saw [MASK]."]).stdout();
    assert!(stdout.contains("does not know \"日\""), "{stdout}");
}

#[test]
fn a_lesion_without_effect_is_reported() {
    // Each lesion has no effect: only the mask counts in the last layer, a factor of 1 changes nothing,
    // and `neurons` of this file is empty.
    let file = r#"{"sets": [{"layer": 4, "label": "her", "neurons": [], "lesioned": [1]}]}"#;
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("sets.json");
    fs::write(&path, file).unwrap();
    let path = path.to_str().unwrap();
    for args in [
        &["--lesion", "5:0-767", "--at", "-1,1"][..],
        &["--lesion", "2:0-767", "--kind", "scale=1", "--at", "all"],
        &["--lesion", "4:her", "--neurons", path],
    ] {
        let args = [&[PAPER], args].concat();
        let stdout = predict(&args).stdout();
        assert!(stdout.contains("This lesion changed no logit."), "{stdout}");
        let found = predict_json(&args);
        assert_eq!(found["masks"][0]["changed"], false);
        assert_eq!(found["masks"][0]["candidates"][0]["logit_drop"], 0.0);
    }
}

#[test]
fn a_mistake_is_reported_in_one_line() {
    let long = "[MASK] ".repeat(100);
    let masked = "She thanked [MASK].";
    for (args, expected) in [
        (&["She thanked him."][..], &["no [MASK] in the sentence", "\"She thanked [MASK].\""][..]),
        (&["She [SEP] thanked [MASK]."], &["[SEP] is no word"]),
        (&[&long], &["102 tokens", "at most 64"]),
        (&[masked, "--candidates", "him,zebra"], &["--candidates", "\"zebra\""]),
        (&[masked, "--candidates", "him,Him"], &["\"him\" and \"Him\" are one token"]),
        (&[masked, "--lesion", "6:1"], &["layer 6", "0 to 5", "(option --lesion)"]),
        (&[masked, "--lesion", "0-7:her"], &["layer 6", "0 to 5"]),
        (&[masked, "--lesion", "6:her"], &["layer 6", "0 to 5"]),
        (&[masked, "--lesion", "4:768"], &["neuron 768", "0 to 767"]),
        (&[masked, "--lesion", "4:0-18446744073709551615"], &["neuron 768", "0 to 767"]),
        (&[masked, "--lesion", "4:it"], &["--lesion", "label \"it\"", "\"her\", \"him\""]),
        (&[masked, "--lesion", "her"], &["`her` names no neurons", "`4:her`"]),
        (&[masked, "--lesion", "4:1", "--kind", "mean"], &["`mean`", "`scale=0.5` need none"]),
        (&[masked, "--lesion", "4:1", "--at", "3"], &["offset 3"]),
        (&[masked, "--lesion", "4:1", "--neurons", "none.json"], &["cannot read none.json"]),
        (&[masked, "--kind", "zero"], &["--lesion"]),
        (&[masked, "--top", "0"], &["an integer from 1 to 1,000"]),
        (&[masked, "--model", "nowhere"], &["model nowhere"]),
        (&[], &["<SENTENCE>"]),
    ] {
        for json in [&[][..], &["--json"]] {
            let run = predict(&[args, json].concat());
            assert_user_error(&run, expected);
            assert!(run.output.stdout.is_empty());
        }
    }
}

#[test]
fn the_json_of_a_run_has_the_numbers_of_its_tables() {
    let options = ["--json", "--parts", "controls", "--nulls", "20"];
    let run = Run::new(&options);
    let found: Value = serde_json::from_str(&run.stdout()).unwrap();
    let files = found["files"].as_object().unwrap();
    let tables = tables(&run.out());
    let written: BTreeSet<&str> =
        tables.keys().map(String::as_str).chain(["manifest.json"]).collect();
    assert_eq!(files.keys().map(String::as_str).collect::<BTreeSet<_>>(), written);
    assert!(files.values().all(|path| run.dir.path().join(path.as_str().unwrap()).is_file()));
    for table in ["predictions", "profile", "dissociation"] {
        let rows = run.rows(&format!("{table}.csv"));
        let shown = found[table].as_array().unwrap();
        assert_eq!(shown.len(), rows.len(), "{table}");
        for (row, shown) in rows.iter().zip(shown) {
            for (column, cell) in row {
                match &shown[column] {
                    Value::Null => assert_eq!(cell, ""),
                    Value::String(text) => assert_eq!(cell, text),
                    other => assert_eq!(cell.parse::<Value>().unwrap(), *other, "{column}"),
                }
            }
        }
    }
    let lesions = run.rows("lesions.csv");
    let right: Vec<&Row> = lesions
        .iter()
        .filter(|row| !row["neuron_set"].is_empty() && row["target"] == row["candidate"])
        .collect();
    assert_eq!(found["lesion"]["prompts"], right.len());
    for column in ["logit_drop", "margin_drop"] {
        let mean = right.iter().map(|row| number(row, column)).sum::<f64>() / right.len() as f64;
        assert_close(found["lesion"][column].as_f64().unwrap(), mean, 1e-12);
    }
    assert_eq!(found["lesion"]["control_moved"], 0.0);
}
