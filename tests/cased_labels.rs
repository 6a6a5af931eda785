//! A model that distinguishes capital letters, with single letters as words, such as one of proteins. Labels
//! are words as they are written, from the study to the page.

use std::{fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    Run, lesion,
    planted::{PROMPTS, Planted, STIMULI},
    rows,
};

/// The words of the planted model, each with its letter. `l` and `v` are other tokens than `L` and `V`.
const LETTERS: [(&str, &str); 16] = [
    ("him", "V"),
    ("her", "L"),
    ("the", "l"),
    ("dog", "v"),
    ("saw", "E"),
    ("we", "Q"),
    ("met", "S"),
    ("they", "G"),
    ("thanked", "K"),
    ("a", "T"),
    ("letter", "A"),
    ("reached", "D"),
    ("today", "N"),
    ("and", "R"),
    ("nobody", "F"),
    ("knew", "Y"),
];

/// The text with a letter for each word.
fn in_letters(text: &str) -> String {
    let mut written = String::new();
    let mut word = String::new();
    for character in text.chars() {
        if character.is_alphabetic() {
            word.extend(character.to_lowercase());
            continue;
        }
        written.push_str(&letter(&word));
        word.clear();
        written.push(character);
    }
    written + &letter(&word)
}

fn letter(word: &str) -> String {
    let found = LETTERS.iter().find(|(known, _)| *known == word);
    found.map_or_else(|| word.to_owned(), |(_, letter)| (*letter).to_owned())
}

/// Writes the planted model with its words, or with letters and their case.
fn write_model(dir: &Path, is_cased: bool) {
    Planted::new(true).write(dir);
    if is_cased {
        let vocabulary = fs::read_to_string(dir.join("vocab.txt")).unwrap();
        let letters: Vec<String> = vocabulary.lines().map(letter).collect();
        fs::write(dir.join("vocab.txt"), letters.join("\n")).unwrap();
        let options = r#"{"tokenizer_class": "BertTokenizer", "do_lower_case": false}"#;
        fs::write(dir.join("tokenizer_config.json"), options).unwrap();
    }
}

/// A study of the planted model with these texts.
fn run(is_cased: bool, stimuli: &str, prompts: &str) -> (Run, TempDir) {
    let model = TempDir::new().unwrap();
    write_model(model.path(), is_cased);
    let path = model.path().to_str().unwrap();
    let files = [("s.txt", stimuli), ("p.txt", prompts)];
    let args = ["--model", path, "--stimuli", "s.txt", "--prompts", "p.txt", "--nulls", "5"];
    (Run::with_files(&files, &[&args[..], &["--parts", "controls,dose"]].concat()), model)
}

#[test]
fn a_study_of_capital_letters_is_that_of_the_words() {
    let (words, words_model) = run(false, STIMULI, PROMPTS);
    let (letters, model) = run(true, &in_letters(STIMULI), &in_letters(PROMPTS));
    let tables = [
        "neurons.csv",
        "selection.csv",
        "predictions.csv",
        "lesions.csv",
        "profile.csv",
        "dose.csv",
    ];
    for table in tables {
        let mut expected = words.rows(table);
        for value in expected.iter_mut().flat_map(|row| row.values_mut()) {
            if ["him", "her"].contains(&value.as_str()) {
                *value = letter(value);
            }
        }
        assert_eq!(letters.rows(table), expected, "{table}");
    }
    // No letter is unknown.
    assert!(!letters.stdout().contains("does not know"), "{}", letters.stdout());
    let page = String::from_utf8(letters.bytes("report.html")).unwrap();
    assert!(page.contains("Which neurons tell \u{201c}V\u{201d} from \u{201c}L\u{201d}"));
    assert!(letters.stdout().contains("Neurons that carry the label \"V\" or \"L\""));
    let sets: Value = serde_json::from_slice(&letters.bytes("neuron_sets.json")).unwrap();
    let names = sets.to_string();
    assert!(names.contains("\"L\"") && names.contains("\"V\""), "{names}");
    assert!(!names.contains("\"l\"") && !names.contains("\"v\""), "{names}");

    // A lesion of a label's neurons is that of the word's.
    let predict = |dir: &Path, model: &TempDir, sentence: &str, candidates: &str, set: &str| {
        let neurons = "target/reproduce/neuron_sets.json";
        let model = model.path().to_str().unwrap();
        let args = ["predict", sentence, "--model", model, "--candidates", candidates];
        let mut program = lesion(dir);
        program.args(args).args(["--neurons", neurons, "--lesion", set, "--json"]).output().unwrap()
    };
    let sentence = "The dog met [MASK].";
    let expected = predict(words.dir.path(), &words_model, sentence, "him,her", "1:her");
    let found = predict(letters.dir.path(), &model, "l v S [MASK].", "V,L", "1:L");
    let [expected, found] = [expected, found].map(|output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    });
    assert_eq!(found["lesion"], expected["lesion"]);
    for index in 0..2 {
        let [found, expected] =
            [&found, &expected].map(|answer| &answer["masks"][0]["candidates"][index]);
        assert_eq!(found["logit_lesioned"], expected["logit_lesioned"]);
        assert_eq!(found["candidate"], letter(expected["candidate"].as_str().unwrap()));
    }
    let other = predict(letters.dir.path(), &model, "l v S [MASK].", "V,L", "1:E");
    let stderr = String::from_utf8(other.stderr).unwrap();
    assert!(other.status.code() == Some(2) && stderr.contains("\"E\""), "{stderr}");
}

/// The tokenizer decides whether two words are the same, not their letters.
#[test]
fn words_that_differ_in_case_are_a_contrast_for_a_cased_model_only() {
    let stimuli = in_letters(STIMULI).replace("{V|L}", "{L|l}");
    let prompts = "Q S {L|l}.\nG E {l|L} N.\n";
    let (cased, _) = run(true, &stimuli, prompts);
    let labels: Vec<String> =
        rows(&cased.bytes("profile.csv")).iter().map(|row| row["neuron_set"].clone()).collect();
    assert!(labels.contains(&"L".to_owned()) && labels.contains(&"l".to_owned()), "{labels:?}");
    let (uncased, _) = run(false, &STIMULI.replace("{him|her}", "{him|HIM}"), PROMPTS);
    let stderr = uncased.stderr();
    assert!(stderr.contains("s.txt:1: \"him\" and \"HIM\" are the same to the model"), "{stderr}");
}
