//! `lesion predict`, whose numbers are those of a study; and `--json`.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::Stdio,
};

use statrs::function::erf::erf;

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
fn a_lesion_to_the_number_0_is_a_lesion_to_zero() {
    for at in ["target", "all"] {
        let lesion =
            ["Nobody greeted Lucy, so we thanked [MASK].", "--lesion", "4:0-99", "--at", at];
        let [zero, number, other] = ["zero", "value=0", "value=0.5"]
            .map(|kind| predict_json(&[&lesion[..], &["--kind", kind]].concat())["masks"].take());
        assert_eq!(zero, number);
        assert_ne!(zero, other);
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
        (&[masked, "--lesion", "4:top5"], &["`top`", "neurons to look at"]),
        (&[masked, "--each", "6:all"], &["layer 6", "0 to 5"]),
        (&[masked, "--show", "4:768"], &["neuron 768", "0 to 767", "(option --show)"]),
        (&[masked, "--lesion", "4:1", "--patch", "no mask"], &["no [MASK]", "(option --patch)"]),
        (&[masked, "--patch", masked], &["--lesion"]),
        (&[masked, "--lesion", "4:1", "--kind", "patch"], &["`patch` needs a sentence", "--patch"]),
        (&[masked, "--stdin"], &["--stdin"]),
        (&[masked, "--lesion", "4:1", "--kind", "value=10001"], &["`value=10001`", "10,000"]),
        (&[masked, "--lesion", "4:1", "--kind", "value=NaN"], &["`value=NaN`", "10,000"]),
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

/// The text that `predict --stdin` answers with.
#[track_caller]
fn answer_text(args: &[&str], lines: &str) -> String {
    let dir = TempDir::new().unwrap();
    let mut program = lesion(dir.path());
    program.args(["predict", "--stdin"]).args(args);
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// The lines that `predict --stdin` answers with.
#[track_caller]
fn answer_lines(args: &[&str], lines: &str) -> Vec<Value> {
    let text = answer_text(args, lines);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_line_that_means_two_things_or_none_is_an_error() {
    let masked = r#""sentence": "We met [MASK].""#;
    for (line, expected) in [
        (r#""sentence": "She saw [MASK]""#, "the key \"sentence\" stands twice"),
        (r#""lesion": {"4": "her", "4": "him"}"#, "the key \"4\" stands twice"),
        (r#""id": {"a": 1, "a": 2}"#, "the key \"a\" stands twice"),
        (r#""id": 123456789012345678901234567890"#, "`id` has a number"),
        (r#""id": [{"a": -1e300}]"#, "`id` has a number"),
        (r#""top": "3""#, "`top` is \"3\"; use an integer from 1 to 1000"),
        (r#""top": 0"#, "`top` is 0;"),
        (r#""top": 1.5"#, "`top` is 1.5;"),
        (r#""top": 3, "candidates": ["her"]"#, "`candidates` and `top` cannot be given together"),
        (r#""candidates": "her,him""#, "`candidates` is \"her,him\"; write a list"),
        (r#""candidates": [1]"#, "`candidates` is [1]; write a list"),
        (r#""lesion": 4"#, "`lesion` is 4; write neurons"),
        (r#""lesion": {"4": null}"#, "`lesion` is {\"4\":null}; write neurons"),
        (r#""show": [[]]"#, "`show` is [[]]; write neurons"),
        (r#""each": {"4": [[1]]}"#, "`each` is {\"4\":[[1]]}; write neurons"),
        (r#""each": "6:all""#, "each: layer 6 does not exist"),
        (r#""patch": 1"#, "`patch` is 1; write text in quotes"),
        (r#""lesion": "4:1", "kind": "value=1e5""#, "-10,000 to 10,000"),
    ] {
        let found = answer_lines(&[], &format!("{{{masked}, {line}}}\n"));
        let error = found[0]["error"].as_str().unwrap();
        assert!(error.contains(expected), "{expected:?} is not in {error:?}");
    }
    for line in ["[]", "null", "1", "{}", r#"{"sentence": null}"#, &"[".repeat(100_000)] {
        let found = answer_lines(&[], line);
        let error = found[0]["error"].as_str().unwrap();
        assert!(!error.contains("struct") && !error.contains("expected a"), "{error}");
    }
    // What the line decides goes before the options.
    let words = |args: &[&str], line: &str| {
        let found = answer_lines(args, &format!("{{{masked}, {line}}}"));
        found[0]["masks"][0]["candidates"].as_array().unwrap().len()
    };
    assert_eq!(words(&["--candidates", "her,him"], r#""top": 5"#), 5);
    assert_eq!(words(&["--candidates", "her,him"], r#""id": 1"#), 2);
    assert_eq!(words(&["--top", "3"], r#""candidates": ["her"]"#), 1);
}

#[test]
fn a_stream_may_begin_with_a_byte_order_mark_and_end_without_a_line_break() {
    let line = r#"{"sentence": "We met [MASK]."}"#;
    let plain = answer_text(&[], &format!("{line}\n"));
    for text in [line.to_owned(), format!("\u{feff}{line}\r\n"), format!("{line}\r\n\r\n")] {
        assert_eq!(answer_text(&[], &text), plain);
    }
    assert!(answer_lines(&[], &format!("\n\u{feff}{line}"))[0]["error"].is_string());
}

#[test]
fn a_terminal_obeys_nothing_of_a_line() {
    let text = "\u{1b}]0;x\u{7}\u{9b}\u{202e}\u{2028}\n";
    let line = serde_json::json!({"id": text, "sentence": format!("{text} [MASK]"), text: 1});
    let valid = serde_json::json!({"id": text, "sentence": format!("{text} [MASK]")});
    let answers = answer_text(&[], &format!("{line}\n{valid}\n"));
    assert_eq!(answers.lines().count(), 2);
    for answer in answers.split('\n') {
        assert!(!answer.contains(|c: char| c.is_control() || "\u{202e}\u{2028}".contains(c)));
    }
    for answer in answers.lines() {
        assert_eq!(serde_json::from_str::<Value>(answer).unwrap()["id"], text);
    }
}

#[test]
fn a_label_without_neurons_in_a_layer_has_none_to_lesion_by_themselves() {
    let file = r#"{"sets": [{"layer": 9, "label": "her", "neurons": [1]}]}"#;
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("sets.json");
    fs::write(&path, file).unwrap();
    let sets = ["--neurons", path.to_str().unwrap()];
    let run = predict(&[&[PAPER, "--each", "4:her"], &sets[..]].concat());
    assert_user_error(&run, &["no neuron of these layers has the label", "(option --each)"]);
    let lines = r#"{"sentence": "We met [MASK].", "each": "4:her"}
        {"sentence": "We met [MASK].", "each": "4:1"}"#;
    let found = answer_lines(&sets, lines);
    assert!(found[0]["error"].as_str().unwrap().contains("no neuron"));
    assert_eq!(found[1]["each"]["masks"][0]["neurons"].as_array().unwrap().len(), 1);
}

#[test]
fn a_file_without_an_end_is_refused() {
    if !Path::new("/dev/zero").exists() {
        return;
    }
    let run = predict(&[PAPER, "--lesion", "4:her", "--neurons", "/dev/zero"]);
    assert_user_error(&run, &["cannot read /dev/zero", "more than 256 MiB"]);
}

#[test]
fn a_line_of_stdin_is_answered_as_the_same_question_by_itself() {
    let lines = [
        r#"{"id": "first", "sentence": "She thanked [MASK].", "lesion": "5:her", "top": 3}"#,
        r#"{"sentence": "no mask"}"#,
        "",
        r#"{"sentence": "We met [MASK].", "kind": "scale=0.5", "at": "all", "each": {"4": [7, 9]}}"#,
        r#"{"sentence": "We met [MASK].", "lesions": "5:her"}"#,
        r#"{"sentence": "We met [MASK].", "candidates": ["him", "her"], "show": ["5:top2"]}"#,
        "\u{ff}",
        r#"{"sentence": "[MASK] saw [MASK].", "lesion": {"0": "him", "1-2": 5}, "id": {"a": 1}}"#,
    ];
    let found = answer_lines(&["--top", "2"], &lines.join("\n"));
    let numbers: Vec<u64> = found.iter().map(|line| line["line"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 4, 5, 6, 7, 8]);
    for (index, args) in [
        (0, &["She thanked [MASK].", "--lesion", "5:her", "--top", "3"][..]),
        (
            2,
            &[
                "We met [MASK].",
                "--each",
                "4:7,9",
                "--kind",
                "scale=0.5",
                "--at",
                "all",
                "--top",
                "2",
            ],
        ),
        (4, &["We met [MASK].", "--candidates", "him,her", "--show", "5:top2"]),
        (6, &["[MASK] saw [MASK].", "--lesion", "0:him", "--lesion", "1-2:5", "--top", "2"]),
    ] {
        let mut line = found[index].clone();
        let object = line.as_object_mut().unwrap();
        object.remove("line");
        object.remove("id");
        assert_eq!(line, predict_json(args), "{args:?}");
    }
    assert_eq!(found[0]["id"], "first");
    assert_eq!(found[6]["id"], serde_json::json!({"a": 1}));
    for (index, expected) in
        [(1, "no [MASK] in the sentence"), (3, "unknown field `lesions`"), (5, "character 1")]
    {
        let error = found[index]["error"].as_str().unwrap();
        assert!(error.contains(expected) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn a_stream_answers_a_line_before_the_next_one_comes() {
    let dir = TempDir::new().unwrap();
    let mut program = lesion(dir.path());
    program.args(["predict", "--stdin", "--top", "1"]);
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for number in 1..4 {
        writeln!(stdin, r#"{{"sentence": "We met [MASK]."}}"#).unwrap();
        let answer: Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["line"], number);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn each_neuron_by_itself_is_the_lesion_of_that_neuron() {
    let rated = [PAPER, "--candidates", "her,his,him"];
    for (layer, manner) in [
        (5, &[][..]),
        (3, &[]),
        (2, &["--kind", "scale=-1", "--site", "pre", "--at", "-1,0"]),
        (4, &["--patch", "Robert helped Tom with [MASK] project."]),
    ] {
        let neurons = format!("{layer}:all");
        let found = predict_json(&[&rated[..], &["--each", &neurons], manner].concat());
        let mask = &found["each"]["masks"][0];
        assert_eq!((&mask["word"], &mask["position"]), (&Value::from("her"), &Value::from(5)));
        let rows = mask["neurons"].as_array().unwrap();
        assert_eq!(rows.len(), 768);
        let drops: Vec<f64> =
            rows.iter().map(|row| row["margin_drop"].as_f64().unwrap().abs()).collect();
        assert!(drops.is_sorted_by(|a, b| a >= b));
        for row in [&rows[0], &rows[1], &rows[400]] {
            let lesion = format!("{layer}:{}", row["neuron"]);
            let single = predict_json(&[&rated[..], &["--lesion", &lesion], manner].concat());
            let drop = candidate(&single["masks"][0], "her")["logit_drop"].as_f64().unwrap();
            assert_close(row["logit_drop"].as_f64().unwrap(), drop, 1e-5);
            assert_eq!(row["direct"].is_null(), !manner.is_empty());
            if layer == 5 {
                assert_close(row["direct_logit_drop"].as_f64().unwrap(), drop, 1e-5);
            }
        }
    }
}

#[test]
fn a_shown_neuron_writes_what_its_lesion_takes_away() {
    let found = predict_json(&["She thanked [MASK].", "--show", "5:top3", "--top", "1"]);
    let show = &found["show"];
    assert_eq!(show["tokens"][3], "[MASK]");
    let neurons = show["neurons"].as_array().unwrap();
    assert_eq!(neurons.len(), 3);
    let at_mask = |neuron: &Value| neuron["post"][3].as_f64().unwrap().abs();
    assert!(neurons.is_sorted_by(|a, b| at_mask(a) >= at_mask(b)));
    for neuron in neurons {
        for (pre, post) in
            neuron["pre"].as_array().unwrap().iter().zip(neuron["post"].as_array().unwrap())
        {
            let pre = pre.as_f64().unwrap();
            let gelu = 0.5 * pre * (1.0 + erf(pre / 2.0_f64.sqrt()));
            assert_close(post.as_f64().unwrap(), gelu, 1e-5);
        }
        let lesion = format!("5:{}", neuron["neuron"]);
        for side in ["raised", "lowered"] {
            let written = &neuron["written"][0][side][0];
            let word = written["word"].as_str().unwrap();
            let single =
                predict_json(&["She thanked [MASK].", "--candidates", word, "--lesion", &lesion]);
            let drop = &single["masks"][0]["candidates"][0]["logit_drop"];
            assert_close(written["amount"].as_f64().unwrap(), drop.as_f64().unwrap(), 1e-4);
        }
        let stimuli = neuron["stimuli"].as_array().unwrap();
        let active: Vec<f64> = stimuli.iter().map(|row| row["post"].as_f64().unwrap()).collect();
        assert!(stimuli.len() == 5 && active.is_sorted_by(|a, b| a >= b));
    }
}

#[test]
fn a_label_to_show_is_looked_up_in_the_given_file() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("sets.json");
    let file = r#"{"sets": [{"layer": 4, "label": "mine", "neurons": [3, 700]}]}"#;
    fs::write(&path, file).unwrap();
    let args = ["We met [MASK].", "--show", "4:mine", "--neurons", path.to_str().unwrap()];
    let found = predict_json(&args);
    let neurons = found["show"]["neurons"].as_array().unwrap();
    let neurons: Vec<&Value> = neurons.iter().map(|neuron| &neuron["neuron"]).collect();
    assert_eq!(neurons, [&Value::from(3), &Value::from(700)]);
    fs::write(&path, r#"{"sets": [{"layer": "four"}]}"#).unwrap();
    assert_user_error(&predict(&args), &["string \"four\"", "expected a non-negative integer"]);
}

#[test]
fn a_sentence_patched_with_itself_keeps_its_logits() {
    for (lesion, site) in [("5:all", "post"), ("2:all", "pre"), ("0-5:0-99", "post")] {
        let args =
            ["We met [MASK].", "--lesion", lesion, "--site", site, "--patch", "We met [MASK]."];
        let found = predict_json(&args);
        let drop = found["masks"][0]["candidates"][0]["logit_drop"].as_f64().unwrap();
        assert_close(drop, 0.0, 1e-4);
        assert_eq!(found["lesion"]["patch"], "We met [MASK].");
        assert_eq!(found["lesion"]["kind"], "patch");
    }
    // All neurons of all layers: attention still reads the sentence itself.
    let args = ["She thanked [MASK].", "--lesion", "all:all", "--patch", "We met [MASK]."];
    assert_eq!(predict_json(&args)["masks"][0]["changed"], true);
}

#[test]
fn a_mean_comes_from_the_bundled_stimuli_as_in_a_study() {
    // The mean of the stimuli at a neuron equals what a study writes of the two sides.
    let study = Run::brief(&[]);
    let rows = study.rows("neurons.csv");
    let row = rows.iter().find(|row| row["layer"] == "5" && row["neuron"] == "119").unwrap();
    let mean = f64::midpoint(number(row, "mean_a"), number(row, "mean_b"));
    let args = [PAPER, "--candidates", "her,his", "--lesion", "5:119", "--site", "pre"];
    let found = predict_json(&[&args[..], &["--kind", "mean"]].concat());
    let shown = predict_json(&[PAPER, "--candidates", "her,his", "--show", "5:119"]);
    let clean = shown["show"]["neurons"][0]["pre"][5].as_f64().unwrap();
    let factor = format!("scale={}", mean / clean);
    let scaled = predict_json(&[&args[..], &["--kind", &factor]].concat());
    for word in ["her", "his"] {
        let [found, scaled] = [&found, &scaled]
            .map(|answer| candidate(&answer["masks"][0], word)["logit_lesioned"].as_f64().unwrap());
        assert_close(found, scaled, 1e-4);
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
