//! Studies that compare whole sentences.

use std::{fmt::Write as _, fs, path::PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Run, assert_close, assert_user_error, lesion, number, tables};

/// Pairs whose sides differ in several words, or in one of several tokens.
const STIMULI: &str = "good|bad\tThe dog {followed|walking} the king home.\n\
    good|bad\tThe king {thanked her|helped him and her} today.\n\
    good|bad\tWe {helped|helping} the man.\n\
    good|bad\tThe woman {saw the queen|saw} and smiled.\n\
    good|bad\tThey {met|meeting} the dog with him.\n\
    good|bad\tShe {walking|helped} him and the cat.\n";
const PROMPTS: &str = "good\tThe cat {followed|following} the man.\n\
    good\t{The king saw|King the saw} her today.\n\
    bad\tThe queen {thanked him|thanking} and he smiled.\n\
    good\tThe dog and the cat {saw them|saws they} at home.\n";

fn model(family: &str) -> String {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/parity");
    fixtures.join(family).join("model").display().to_string()
}

fn study(family: &str, args: &[&str]) -> Run {
    let files = [("stimuli.txt", STIMULI), ("prompts.txt", PROMPTS)];
    let model = model(family);
    Run::with_files(&files, &[&options(&model)[..], args].concat())
}

/// The options of a small study of sentences.
fn options(model: &str) -> [&str; 14] {
    [
        "--model",
        model,
        "--stimuli",
        "stimuli.txt",
        "--prompts",
        "prompts.txt",
        "--score",
        "sentence",
        "--correction",
        "none",
        "--nulls",
        "3",
        "--alpha",
        "0.5",
    ]
}

#[test]
fn a_study_of_sentences_runs_on_masked_models_and_decoders() {
    for family in ["", "roberta", "modernbert", "gpt2"] {
        let run = study(family, &[]);
        for table in ["prompts.csv", "predictions.csv", "lesions.csv"] {
            assert!(run.rows(table).iter().all(|row| row["score"] == "sentence"), "{table}");
        }
        // A sentence's score is the logarithm of its probability.
        for row in run.rows("predictions.csv") {
            assert_close(number(&row, "prob").ln(), number(&row, "logit"), 1e-9);
        }
        // The control is the same passes, with nothing lesioned.
        let lesions = run.rows("lesions.csv");
        let (controls, lesioned): (Vec<_>, Vec<_>) =
            lesions.iter().partition(|row| row["neuron_set"].is_empty());
        assert_eq!(controls.len(), lesioned.len(), "{family}");
        assert!(controls.iter().all(|row| number(row, "logit_drop") == 0.0), "{family}");
        assert!(lesioned.iter().any(|row| number(row, "logit_drop") != 0.0), "{family}");
        // The engine's lesion of the same neurons is the paper's.
        let found = run.rows("profile.csv");
        assert!(found.iter().all(|row| row["direct_margin_drop"].is_empty()), "{family}");
        assert!(!run.out().join("selectors.csv").exists(), "{family}");
        let specificity = run.rows("specificity.csv");
        assert!(specificity.iter().any(|row| number(row, "divergence") > 0.0), "{family}");
        // Selection and lesion in one pass are those of two.
        let dynamic = run.rows("dynamic.csv");
        for joint in run.rows("joint.csv") {
            let columns = ["pattern", "layers", "neuron_set", "neurons"];
            let drops: Vec<f64> = dynamic
                .iter()
                .filter(|row| columns.iter().all(|&column| row[column] == joint[column]))
                .map(|row| number(row, "margin_drop"))
                .collect();
            assert_eq!(drops.len().to_string(), joint["prompts"], "{family} {joint:?}");
            let mean = drops.iter().sum::<f64>() / drops.len() as f64;
            assert_close(number(&joint, "margin_drop"), mean, 5e-5);
        }
        let manifest: Value = serde_json::from_slice(&run.bytes("manifest.json")).unwrap();
        assert_eq!(manifest["study"]["score"], "sentence");
        let reason = manifest["skipped"]["selectors"].as_str().unwrap();
        assert!(reason.contains("scores whole sentences"), "{reason}");
        let page = String::from_utf8(run.bytes("report.html")).unwrap();
        assert!(page.contains("It compares whole sentences"));
        let paper = lesion(run.dir.path()).args(["paper", "target/reproduce"]).output().unwrap();
        assert!(paper.status.success(), "{}", String::from_utf8_lossy(&paper.stderr));
        let methods = fs::read_to_string(run.out().join("paper/methods.tex"));
        let methods = methods.unwrap_or_else(|_| String::from_utf8(paper.stdout).unwrap());
        assert!(methods.contains("kauf2023") || methods.contains("Kauf and Ivanova"), "{methods}");
    }
}

#[test]
fn drops_are_the_differences_of_scores() {
    for (family, at) in [("", "target"), ("", "all"), ("gpt2", "target"), ("gpt2", "all")] {
        let run = study(family, &["--parts", "controls", "--at", at]);
        let matched: Vec<_> = run
            .rows("prompt_controls.csv")
            .into_iter()
            .filter(|row| row["sets"] == "labelled")
            .collect();
        let lesions = run.rows("lesions.csv");
        for row in &matched {
            let paper = lesions.iter().find(|lesion| {
                lesion["prompt"] == row["prompt"] && lesion["neuron_set"] == row["neuron_set"]
            });
            let paper = number(paper.unwrap(), "margin_drop");
            assert_close(number(row, "margin_drop"), paper, 5e-5);
        }
        assert!(matched.iter().any(|row| number(row, "margin_drop") != 0.0), "{family} {at}");
    }
}

#[test]
fn sentence_scores_depend_on_neither_threads_nor_shortcuts_nor_shares() {
    for family in ["", "gpt2"] {
        let parts = ["--parts", "controls,joint,dose,causal,stability"];
        let one = study(family, &[&parts[..], &["--threads", "1"]].concat());
        let four = study(family, &[&parts[..], &["--threads", "4"]].concat());
        assert_eq!(tables(&one.out()), tables(&four.out()), "{family}");
        let plain = study(family, &[&parts[..], &["--plain"]].concat());
        for (quick, plain) in one.rows("dose.csv").iter().zip(plain.rows("dose.csv")) {
            assert_close(number(quick, "margin_drop"), number(&plain, "margin_drop"), 5e-5);
        }
        // Two shares, each with a journal, and the run that takes their batches.
        let shares = study(family, &[&parts[..], &["--out", "out", "--shard", "1/2"]].concat());
        assert!(shares.output.status.success(), "{}", shares.stderr());
        let model = model(family);
        let run = |args: &[&str]| {
            let mut command = lesion(shares.dir.path());
            command.arg("reproduce").args(options(&model)).args(["--out", "out"]);
            let output = command.args(parts).args(args).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            output
        };
        for _ in 0..8 {
            run(&["--shard", "2/2"]);
            run(&["--shard", "1/2"]);
        }
        run(&[]);
        assert_eq!(tables(&shares.dir.path().join("out")), tables(&one.out()), "{family}");
    }
}

#[test]
fn lesions_of_every_kind_have_a_meaning_or_are_refused() {
    for family in ["", "gpt2"] {
        for args in [
            &["--kind", "mean"][..],
            &["--kind", "mean", "--from", "prompts"],
            &["--kind", "resample", "--from", "other-prompts"],
            &["--kind", "median", "--site", "pre"],
            &["--kind", "scale=0.5", "--at", "0"],
        ] {
            let run = study(family, &[&["--parts", "controls"][..], args].concat());
            assert!(!run.rows("profile.csv").is_empty(), "{family} {args:?}");
        }
    }
    let refused = |args: &[&str], expected: &[&str]| {
        assert_user_error(&study("", args), expected);
    };
    refused(&["--kind", "patch"], &["patch", "whole sentences"]);
    refused(&["--parts", "selectors"], &["selectors", "whole sentences"]);
    // The first token of a sentence is scored too, and has one token before it.
    refused(&["--at", "-2", "--parts", "dose"], &["-2"]);
    // The first prompt's candidates are one token each in no model.
    let run = study("", &["--score", "word", "--parts", "dose"]);
    assert!(!run.output.status.success());
}

#[test]
fn a_list_of_sentences_becomes_a_study_of_sentence_scores() {
    let mut list = "good,bad\n".to_owned();
    for person in ["king", "queen", "man", "woman", "dog", "cat"] {
        writeln!(list, "The {person} saw her and smiled.,The {person} her saw and smiled.")
            .unwrap();
        writeln!(list, "The {person} helped himself.,The {person} helped.").unwrap();
    }
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("list.csv"), list).unwrap();
    let model = model("gpt2");
    let args = [
        "import", "pairs", "list.csv", "--good", "good", "--bad", "bad", "--score", "sentence",
        "--model", &model,
    ];
    let output = lesion(dir.path()).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("12 of 12 lines are used"), "{printed}");
    let prompts = fs::read_to_string(dir.path().join("list/prompts.txt")).unwrap();
    assert!(prompts.contains("{saw her|her saw}"), "{prompts}");
    assert!(prompts.contains("{helped himself|helped}"), "{prompts}");
    let study = fs::read_to_string(dir.path().join("list/study.toml")).unwrap();
    assert!(study.contains("\nscore = \"sentence\"\n"), "{study}");
    let args = ["run", "list/study.toml", "--nulls", "3", "--correction", "none", "--out", "out"];
    let output = lesion(dir.path()).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let args = ["evaluate", "--prompts", "list/prompts.txt", "--score", "sentence", "--json"];
    let output = lesion(dir.path()).args(args).args(["--model", &model]).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["score"], "sentence");
    assert_eq!(answer["labels"][0]["prompts"], 6);
    let output = lesion(dir.path()).args(["evaluate", "--score", "sentence"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_tasks_of_a_sweep_over_scores_have_the_bytes_of_runs_by_themselves() {
    let base = "parts = [\"controls\", \"dose\"]\n[controls]\nnulls = 10\n";
    let dir = TempDir::new().unwrap();
    let run = |file: &str, text: &str, out: &str| {
        fs::write(dir.path().join(file), text).unwrap();
        let args = ["run", file, "--out", out];
        let output = lesion(dir.path()).args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run("s.toml", &format!("{base}[sweep]\nscore = [\"word\", \"sentence\"]\n"), "out");
    for (task, score) in [(1, "word"), (2, "sentence")] {
        run("one.toml", &format!("score = \"{score}\"\n{base}"), score);
        let task = tables(&dir.path().join(format!("out/task-{task}")));
        assert_eq!(task, tables(&dir.path().join(score)), "{score}");
    }
}
