//! Texts of a study that are wrong or doubtful. Each is an error or a warning with file and line, and
//! `check`, a run, the manifest and the page show the same warnings.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Run, assert_user_error, lesion, number,
    planted::{PROMPTS, Planted, STIMULI},
};

/// Files of a study, with the stimuli first and the prompts second.
type Texts<'a> = [(&'a str, &'a str); 2];

/// Runs a command on a planted model with these stimuli and prompts.
fn run(command: &str, texts: Texts<'_>, args: &[&str]) -> Run {
    let dir = TempDir::new().unwrap();
    Planted::new(true).write(&dir.path().join("model"));
    let model = dir.path().join("model");
    let mut files = vec![("study.toml", "")];
    files.extend(texts);
    let inputs =
        ["--model", model.to_str().unwrap(), "--stimuli", texts[0].0, "--prompts", texts[1].0];
    let study = if command == "reproduce" { None } else { Some("study.toml") };
    let study: Vec<&str> = study.into_iter().collect();
    Run::command(command, &files, &[&study[..], args, &inputs].concat())
}

fn check(texts: Texts<'_>, args: &[&str]) -> Run {
    run("check", texts, args)
}

/// Checks that `check` and a run name exactly these lines on stderr, each with its text.
#[track_caller]
fn assert_invalid(texts: Texts<'_>, args: &[&str], expected: &[&str]) {
    for command in ["check", "reproduce"] {
        let run = run(command, texts, args);
        let stderr = run.stderr();
        assert_eq!(run.output.status.code(), Some(2), "{}{stderr}", run.stdout());
        let lines: Vec<&str> = stderr.lines().collect();
        assert_eq!(lines.len(), expected.len(), "{stderr}");
        for (line, part) in lines.iter().zip(expected) {
            assert!(line.starts_with(&format!("error: {part}")), "{part:?} is not in {stderr}");
        }
        assert_eq!(run.stdout(), "");
        assert!(!run.dir.path().join("target").exists());
    }
}

/// The warnings of `check`.
#[track_caller]
fn warnings(texts: Texts<'_>, args: &[&str]) -> Vec<String> {
    let run = check(texts, args);
    let stdout = run.stdout();
    assert!(run.output.status.success(), "{}", run.stderr());
    let warnings = stdout.lines().filter_map(|line| line.strip_prefix("Warning: "));
    warnings.map(str::to_owned).collect()
}

const STIMULI_FILE: (&str, &str) = ("stimuli.txt", STIMULI);
const PROMPTS_FILE: (&str, &str) = ("prompts.txt", PROMPTS);

/// Prompts of ten templates for each label, none of which is a stimulus.
fn prompts() -> String {
    let mut text = String::new();
    for subject in ["the dog", "a dog", "the letter", "a letter", "nobody"] {
        for verb in ["met", "thanked"] {
            for words in ["{him|her}", "{her|him}"] {
                writeln!(text, "{subject} knew they {verb} {words}.").unwrap();
            }
        }
    }
    text
}

#[test]
fn a_pair_the_other_way_round_is_an_error_with_its_line() {
    let turned = |line: usize| {
        let mut text = String::new();
        for (index, stimulus) in STIMULI.lines().enumerate() {
            let stimulus = if index + 1 == line {
                stimulus.replace("{him|her}", "{her|him}")
            } else {
                stimulus.to_owned()
            };
            writeln!(text, "{stimulus}").unwrap();
        }
        text
    };
    for line in [1, 3, 6] {
        let expected = format!("stimuli.txt:{line}: the pair {{her|him}} is the other way round");
        assert_invalid([("stimuli.txt", &turned(line)), PROMPTS_FILE], &[], &[&expected]);
    }
    let contexts = "{The dog|A dog} met {him|her}.\n{The letter|A letter} met {her|him}.\n\
                    {The dog|A dog} knew {him|her}.\n{A letter|The letter} saw {him|her}.\n";
    let texts = [("stimuli.txt", contexts), PROMPTS_FILE];
    let expected = ["stimuli.txt:2: the pair {her|him} is the other way round"];
    assert_invalid(texts, &["--select-at", "masked"], &expected);
}

#[test]
fn sides_that_are_the_same_to_the_model_are_an_error() {
    let accents = "We saw {him|hím}.\nThey met {him|HIM}.\nWe met {him|her}.\n";
    let expected = [
        "stimuli.txt:1: \"him\" and \"hím\" are the same to the model",
        "stimuli.txt:2: \"him\" and \"HIM\" are the same to the model",
    ];
    assert_invalid([("stimuli.txt", accents), PROMPTS_FILE], &[], &expected);
    let unknown = "{Ivan|Olga} met {him|her}.\n{The dog|A dog} met {him|her}.\n\
                   {The dog|A dog} knew {him|her}.\n";
    let expected = "stimuli.txt:1: both sides are the same to the model, which does not know \
                    \"Ivan\", \"Olga\"";
    let texts = [("stimuli.txt", unknown), PROMPTS_FILE];
    assert_invalid(texts, &["--select-at", "masked"], &[expected]);
}

#[test]
fn a_label_before_spaces_is_an_error() {
    let prompts = "him  We met {him|her}.\nThe dog met {him|her}.\ngroup=x We knew {her|him}.\n";
    let expected = [
        "prompts.txt:1: \"him\" stands before spaces",
        "prompts.txt:3: \"group=x\" stands before spaces",
    ];
    assert_invalid([STIMULI_FILE, ("prompts.txt", prompts)], &[], &expected);
    let prompts = "him\tThe dog met {him|her}.\nthey  We met {him|her}.\n";
    let expected = ["prompts.txt:2: \"they\" stands before spaces"];
    assert_invalid([STIMULI_FILE, ("prompts.txt", prompts)], &[], &expected);
}

#[test]
fn a_study_that_lesions_nothing_is_an_error() {
    let texts = [STIMULI_FILE, ("prompts.txt", "We saw {the|a} dog.\n")];
    let expected = "prompts.txt: no prompt has a label of these stimuli, \"him\" or \"her\"";
    assert_user_error(&run("reproduce", texts, &[]), &[expected, "--prompts"]);
    assert_invalid(texts, &[], &[expected]);
    let texts = [texts[0], texts[1]];
    let warnings = warnings(texts, &["--parts", "none"]);
    assert!(warnings.iter().any(|warning| warning.contains("has no label")), "{warnings:?}");
}

#[test]
fn every_invalid_line_of_every_file_is_named() {
    let stimuli = "We saw {him|her}.\nWe saw {him|her\nWe met {zebra|her}.\nThey met {him|her}.\n\
                   they met {him|her}.\nWe knew {her|him}.\n";
    let prompts = "The dog met {him|Him}.\nThey saw {him|her}.\nit\tThe dog saw {him|her}.\n";
    let expected = [
        "stimuli.txt:2: a `{` without its `}`",
        "stimuli.txt:3: \"zebra\" is not in",
        "stimuli.txt:5: to the model the same as line 4",
        "stimuli.txt:6: the pair {her|him}",
        "prompts.txt:1: ",
        "prompts.txt:3: the label \"it\"",
    ];
    let texts = [("stimuli.txt", stimuli), ("prompts.txt", prompts)];
    assert_invalid(texts, &[], &expected);
    let mut many = String::new();
    for line in 0..30 {
        writeln!(many, "Line {line} saw {{him|her").unwrap();
    }
    for command in ["check", "register", "run", "reproduce"] {
        let stderr = run(command, [("stimuli.txt", &many), PROMPTS_FILE], &[]).stderr();
        assert_eq!(stderr.lines().count(), 21, "{stderr}");
        assert!(stderr.ends_with("30 in all; the first 20 are shown\n"), "{stderr}");
    }
}

#[test]
fn other_encodings_are_errors_that_say_what_stands_there() {
    let latin = b"We saw {him|her}.\rCaf\xe9 saw {him|her}.\n".to_vec();
    let utf16: Vec<u8> =
        "\u{feff}We saw {him|her}.".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, expected) in [
        (latin, "stimuli.txt:2: the byte 0xE9 is not UTF-8 text (\"é\" in Latin-1)"),
        (utf16, "stimuli.txt is UTF-16 text"),
    ] {
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("stimuli.txt"), bytes).unwrap();
        let output =
            lesion(dir.path()).args(["reproduce", "--stimuli", "stimuli.txt"]).output().unwrap();
        assert_user_error(&Run { dir, output }, &[expected]);
    }
    // Any line end is read, and a byte order mark at the start.
    let mut text = STIMULI.replace('\n', "\r");
    text.insert(0, '\u{feff}');
    let run = check([("stimuli.txt", &text), PROMPTS_FILE], &[]);
    assert!(run.stdout().contains("12 stimulus sentences"), "{}{}", run.stdout(), run.stderr());
}

#[test]
fn lines_are_compared_as_the_model_reads_them() {
    let stimuli = "We saw {him|her}.\nwe\u{a0}saw {him|her}.\nWe sa\u{301}w {him|her}.\n\
                   We s\u{e1}w {him|her}.\nThey saw {him|her}.\n";
    let expected = [2, 3, 4].map(|line| {
        format!("stimuli.txt:{line}: to the model the same as line 1; it would count as two")
    });
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    assert_invalid([("stimuli.txt", stimuli), PROMPTS_FILE], &[], &expected);
    // Other candidates make no other observation, another right word does.
    let prompts = "We saw {him|her}.\nwe  saw {him|her}.\nWe saw {her|him}.\nWe saw {him|we}.\n";
    let expected =
        [2, 4].map(|line| format!("prompts.txt:{line}: to the model the same as line 1"));
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    assert_invalid([STIMULI_FILE, ("prompts.txt", prompts)], &[], &expected);
}

#[test]
fn a_study_without_doubts_is_in_order() {
    let prompts = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/prompts/controlled.txt");
    let run =
        Run::command("check", &[("s.toml", "")], &["s.toml", "--prompts", prompts, "--strict"]);
    assert!(run.stdout().contains("in order: 108 stimulus sentences"), "{}", run.stderr());
    assert!(!run.stdout().contains("Warning"), "{}", run.stdout());
}

/// The paper's two prompts give no intervals. The study says so, but nobody wrote them by mistake.
#[test]
fn the_bundled_study_raises_no_doubt() {
    let few = "\"him\" has 1 template; intervals need at least 10";
    let checked = Run::command("check", &[("s.toml", "")], &["s.toml", "--strict"]);
    let stdout = checked.stdout();
    assert!(
        stdout.contains("is in order: ") && stdout.contains(&format!("Note: {few}")),
        "{stdout}"
    );
    let run = Run::new(&["--strict", "--parts", "dose"]);
    assert!(run.stdout().contains(&format!("Note: {few}")), "{}", run.stderr());
    assert_eq!(run.stderr(), "");
    let manifest: Value = serde_json::from_slice(&run.bytes("manifest.json")).unwrap();
    assert_eq!((&manifest["warnings"], &manifest["notes"][0]), (&json!([]), &json!(few)));
}

#[test]
fn doubts_name_their_lines() {
    let prompts = format!(
        "{}The zebra met {{him|her}}.\nThe dog \u{201c}met\u{201d} {{her|him}}.\n\
         #dog met {{him|her}}.\nThey saw {{the|a}} dog.\nhim Today we met {{him|her}}.\n\
         him\tThe dog and they met {{her|him}}.\nWe saw {{him|her}}.\n",
        prompts()
    );
    let found = warnings([STIMULI_FILE, ("prompts.txt", &prompts)], &["--nulls", "3"]);
    let expected = [
        "prompts.txt: 3 words in 2 lines that the model does not know",
        "with 3 random sets and ",
        "prompts.txt:23: a sentence that starts with `#`",
        "prompts.txt:21: the model does not know \"zebra\"",
        "prompts.txt:22: the model does not know \"\u{201c}\", \"\u{201d}\"",
        "prompts.txt:26: the line has the label \"him\", its word is \"her\"",
        "prompts.txt:25: \"him\" is read as a word of the sentence",
        "prompts.txt:24: the prompt for \"the\" has no label",
        "prompts.txt:27: the sentence of stimuli.txt:1",
    ];
    for part in expected {
        assert!(found.iter().any(|warning| warning.starts_with(part)), "{part}: {found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

/// Emoji, letters of another script and residues without spaces are one unknown word each; a no-break space
/// is a space.
#[test]
fn unknown_words_of_any_kind_are_counted() {
    let stimuli = format!(
        "{STIMULI}We saw {{him|her}} \u{1f600}.\nИван met {{him|her}}.\nEVQ met {{him|her}} VESGG.\n\
         They\u{a0}met {{him|her}} and the\u{a0}dog.\n"
    );
    let found = warnings([("stimuli.txt", &stimuli), PROMPTS_FILE], &["--parts", "none"]);
    for expected in [
        "stimuli.txt: 4 words in 3 lines that the model does not know; it reads each as an unknown token",
        "stimuli.txt:7: the model does not know \"\u{1f600}\"",
        "stimuli.txt:8: the model does not know \"Иван\"",
        "stimuli.txt:9: the model does not know \"EVQ\", \"VESGG\"",
    ] {
        assert!(found.contains(&expected.to_owned()), "{expected}: {found:#?}");
    }
    assert!(found.iter().all(|warning| !warning.starts_with("stimuli.txt:10:")), "{found:#?}");
}

#[test]
fn check_run_manifest_and_page_show_the_same_warnings() {
    let mut stimuli = STIMULI.to_owned();
    // Unknown words are one token: lines that differ in them only are the same.
    for line in 0..14 {
        writeln!(stimuli, "The zebra{line} saw {{him|her}} and {}", "we ".repeat(line)).unwrap();
    }
    let texts = [("stimuli.txt", &*stimuli), PROMPTS_FILE];
    let args = ["--parts", "dose"];
    let found = warnings(texts, &args);
    assert!(found.len() > 15, "{found:#?}");
    let run = run("reproduce", texts, &args);
    let stdout = run.stdout();
    let shown: Vec<&str> =
        stdout.lines().filter_map(|line| line.strip_prefix("Warning: ")).collect();
    assert_eq!(shown, found);
    // They are on stderr too, before anything is computed or once the prompts are predicted.
    let stderr = run.stderr();
    let mut told: Vec<&str> =
        stderr.lines().filter_map(|line| line.strip_prefix("Warning: ")).collect();
    let mut sorted = found.clone();
    told.sort_unstable();
    sorted.sort_unstable();
    assert_eq!(told, sorted);
    let page = String::from_utf8(run.bytes("report.html")).unwrap();
    assert!(page.contains("stimuli.txt:7: the model does not know"));
    let manifest: Value = serde_json::from_slice(&run.bytes("manifest.json")).unwrap();
    let unknown = json!({
        "kind": "unknown_words_in_line", "file": "stimuli.txt", "line": 7, "words": ["zebra0"],
    });
    assert!(manifest["warnings"].as_array().unwrap().contains(&unknown), "{manifest}");
    let checked = check(texts, &["--parts", "dose", "--json"]);
    let checked: Value = serde_json::from_str(&checked.stdout()).unwrap();
    assert_eq!(checked["warnings"], manifest["warnings"]);
}

#[test]
fn strict_commands_refuse_doubts() {
    for command in ["check", "run", "register", "reproduce"] {
        let refused = run(command, [STIMULI_FILE, PROMPTS_FILE], &["--strict"]);
        let expected = "\"him\" has 2 templates; intervals need at least 10; there ";
        assert_user_error(&refused, &[expected, "(option --strict)"]);
    }
}

/// `check` looks at ten prompts of a label, and says so.
#[test]
fn check_claims_no_more_than_it_looked_at() {
    let mut prompts = String::new();
    for subject in ["the dog", "a dog", "the letter", "a letter", "nobody", "they", "we"] {
        for verb in ["met", "thanked", "saw"] {
            writeln!(prompts, "{subject} knew they {verb} {{him|her}}.").unwrap();
            writeln!(prompts, "{subject} knew they {verb} {{her|him}}.").unwrap();
        }
    }
    let texts = [STIMULI_FILE, ("prompts.txt", &*prompts)];
    let never = |warnings: &[String]| -> Vec<String> {
        let never = warnings.iter().filter(|warning| warning.contains("right in none"));
        never.cloned().collect()
    };
    let found = never(&warnings(texts, &["--parts", "none"]));
    let ran = run("reproduce", texts, &["--parts", "none"]);
    let stdout = ran.stdout();
    let shown: Vec<String> = stdout
        .lines()
        .filter_map(|line| line.strip_prefix("Warning: "))
        .map(str::to_owned)
        .collect();
    let shown = never(&shown);
    assert!(!shown.is_empty(), "{stdout}");
    for (warning, whole) in found.iter().zip(&shown) {
        assert!(warning.ends_with("that it predicted (10 of 21 prompts)"), "{warning}");
        assert!(whole.ends_with("(21 prompts)"), "{whole}");
    }
    assert_eq!(found.len(), shown.len());
}

#[test]
fn a_label_that_the_model_never_completes_is_doubtful() {
    let prompts = prompts();
    let texts = [STIMULI_FILE, ("prompts.txt", &*prompts)];
    let found = warnings(texts, &["--parts", "dose"]);
    let run = run("reproduce", texts, &["--parts", "dose"]);
    // Both candidates of each prompt, the right word first.
    let mut is_ever_right = BTreeMap::new();
    for rows in run.rows("predictions.csv").chunks(2) {
        let is_right = number(&rows[0], "logit") > number(&rows[1], "logit");
        *is_ever_right.entry(rows[0]["target"].clone()).or_insert(false) |= is_right;
    }
    for (label, is_right) in is_ever_right {
        let expected = format!(
            "without a lesion, the model is right in none of the prompts with the label \"{label}\" \
             (10 prompts)"
        );
        assert_eq!(found.contains(&expected), !is_right, "{found:#?}");
    }
    let manifest: Value = serde_json::from_slice(&run.bytes("manifest.json")).unwrap();
    let never = manifest["warnings"].as_array().unwrap();
    let never = never.iter().filter(|warning| warning["kind"] == "never_right").count();
    let found = found.iter().filter(|warning| warning.contains("right in none")).count();
    assert_eq!((found, never), (1, 1));
}
