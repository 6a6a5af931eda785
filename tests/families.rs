//! The real binary on a tiny model of each family.

use std::path::PathBuf;

use crate::support::{Run, assert_user_error};

const FAMILIES: [&str; 4] = ["roberta", "xlm-roberta", "distilbert", "electra"];

const STIMULI: &str = "The dog followed {him|her} home.\nLucy helped {him|her} with the work.\n\
    We saw {him|her} in the café.\nThey met {him|her} today.\nThe king thanked {him|her}.\n\
    Robert followed {him|her} and smiled.\n";
const CONTEXT: &str = "{The king|The queen} smiled when we met {him|her}.\n\
    {The man|The woman} followed when we saw {him|her}.\n\
    {The man|The woman} smiled and the dog saw {him|her}.\n\
    {The king|The queen} followed and we helped {him|her}.\n";
const PROMPTS: &str = "Robert helped Lucy with {her|him|his} project and she thanked {him|her}.\n\
    {He|She} smiled.\n";

fn model(family: &str) -> String {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/parity");
    fixtures.join(family).join("model").display().to_string()
}

fn reproduce(family: &str, stimuli: &str, prompts: &str, args: &[&str]) -> Run {
    let files = [("stimuli.txt", stimuli), ("prompts.txt", prompts)];
    let model = model(family);
    let ours = ["--model", &model, "--stimuli", "stimuli.txt", "--prompts", "prompts.txt"];
    Run::with_files(&files, &[&ours, args].concat())
}

#[test]
fn the_study_runs_to_its_end() {
    for family in FAMILIES {
        // Little of a random model is significant.
        let run = reproduce(family, STIMULI, PROMPTS, &["--nulls", "2", "--correction", "none"]);
        let predictions = run.rows("predictions.csv");
        let asked: Vec<_> = predictions
            .iter()
            .map(|row| (row["target"].as_str(), row["candidate"].as_str()))
            .collect();
        let expected = [
            ("her", "her"),
            ("her", "him"),
            ("her", "his"),
            ("him", "him"),
            ("him", "her"),
            ("He", "He"),
            ("He", "She"),
        ];
        assert_eq!(asked, expected, "{family}");
        assert!(!run.rows("nulls.csv").is_empty(), "{family}");
        assert!(run.rows("prompts.csv").iter().all(|row| row["sentence"].contains("[MASK]")));
        let manifest: serde_json::Value =
            serde_json::from_slice(&run.bytes("manifest.json")).unwrap();
        let files = manifest["inputs"]["model"]["sha256"].as_object().unwrap();
        assert_eq!(files.contains_key("pytorch_model.bin"), family == "electra");
        let shards = files.keys().filter(|name| name.contains("-of-00003")).count();
        assert_eq!(shards, if family == "xlm-roberta" { 3 } else { 0 });
    }
}

#[test]
fn shortcuts_and_the_plain_pass_agree() {
    for family in FAMILIES {
        let args = ["--nulls", "1", "--correction", "none", "--parts", "controls,joint"];
        let quick = reproduce(family, STIMULI, PROMPTS, &args);
        let plain = reproduce(family, STIMULI, PROMPTS, &[&args[..], &["--plain"]].concat());
        let (quick, plain) = (quick.rows("nulls.csv"), plain.rows("nulls.csv"));
        assert_eq!(quick.len(), plain.len());
        for (quick, plain) in quick.iter().zip(&plain) {
            for drop in ["logit_drop", "margin_drop"] {
                let (quick, plain) =
                    (crate::support::number(quick, drop), crate::support::number(plain, drop));
                crate::support::close(quick, plain, 1e-5);
            }
        }
    }
}

#[test]
fn neurons_can_be_selected_at_the_mask() {
    for family in FAMILIES {
        let run =
            reproduce(family, CONTEXT, PROMPTS, &["--select-at", "masked", "--parts", "dose"]);
        assert_eq!(run.rows("neurons.csv").len(), 3 * 32, "{family}");
    }
}

#[test]
fn evaluate_runs_to_its_end() {
    for family in FAMILIES {
        let model = model(family);
        let dir = tempfile::TempDir::new().unwrap();
        let args = ["evaluate", "--model", &model, "--count", "20"];
        let output = crate::support::lesion(dir.path()).args(args).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{family}: {stderr}");
    }
}

#[test]
fn a_split_word_is_one_line_with_words_that_would_do() {
    for family in FAMILIES {
        let run = reproduce(family, STIMULI, "We saw {him|helm} today.\n", &[]);
        let expected =
            ["prompts.txt:1: \"helm\" is ", "one is needed; words of one token like it: "];
        assert_user_error(&run, &expected);
    }
}

#[test]
fn a_missing_tensor_is_named_by_the_familys_own_name() {
    let dir = tempfile::TempDir::new().unwrap();
    for name in ["config.json", "tokenizer.json"] {
        std::fs::copy(PathBuf::from(model("distilbert")).join(name), dir.path().join(name))
            .unwrap();
    }
    let bert = PathBuf::from(model("")).join("model.safetensors");
    std::fs::copy(bert, dir.path().join("model.safetensors")).unwrap();
    let run = Run::new(&["--model", &dir.path().display().to_string()]);
    let name = "distilbert.embeddings.word_embeddings.weight";
    assert_user_error(&run, &[&format!("model.safetensors: tensor `{name}` is missing")]);
}
