//! The small study in `tests/fixtures/small-study`, which the tests of the report read.

use std::{collections::BTreeMap, fs, path::Path};

use crate::support::{Run, planted::Planted, tables};
use serde_json::Value;
use study_record::MANIFEST;
use tempfile::TempDir;

/// Sentences of the pairs and of the prompts.
const SENTENCES: [&str; 12] = [
    "We saw {}.",
    "The dog saw {} today.",
    "They thanked {}.",
    "Nobody knew {} and we met.",
    "A letter reached {} today.",
    "We met {} and the dog.",
    "The dog met {}.",
    "They saw {} today.",
    "Nobody thanked {} and they knew.",
    "The letter reached {} and the dog.",
    "Today we thanked {}.",
    "They knew {} and nobody met the dog.",
];

/// A study of planted neurons with every table of a report. `nulls.csv` is large, and no page reads
/// it, so it is left out.
fn run_small_study() -> BTreeMap<String, Vec<u8>> {
    let model = TempDir::new().unwrap();
    Planted::new(true).write(model.path());
    let lines = |words: &[&str]| -> String {
        let lines = SENTENCES
            .iter()
            .flat_map(|sentence| words.iter().map(|words| sentence.replace("{}", words) + "\n"));
        lines.collect()
    };
    let stimuli = lines(&["{him|her}"]);
    let prompts = lines(&["{him|her}", "{her|him}"]);
    let files = [("stimuli.txt", stimuli.as_str()), ("prompts.txt", prompts.as_str())];
    let options = "--stimuli stimuli.txt --prompts prompts.txt --share 0.075 --nulls 199 \
                   --permutations 99 --alpha 0.001 --layer 1 --model";
    let mut options: Vec<&str> = options.split_whitespace().collect();
    options.push(model.path().to_str().unwrap());
    let run = Run::with_files(&files, &options);
    let mut manifest: Value = serde_json::from_slice(&run.bytes(MANIFEST)).unwrap();
    manifest["command"] = serde_json::json!(["lesion", "reproduce"]);
    manifest["study"]["model"] = "planted".into();
    manifest["inputs"]["model"]["source"] = "planted".into();
    manifest["outputs"].as_object_mut().unwrap().remove("nulls.csv").unwrap();
    let mut files = tables(&run.out());
    files.remove("nulls.csv").unwrap();
    files.insert(MANIFEST.to_owned(), serde_json::to_vec_pretty(&manifest).unwrap());
    files
}

/// The part of a manifest that does not depend on the build or the machine.
fn lasting(manifest: &[u8]) -> Value {
    let mut manifest: Value = serde_json::from_slice(manifest).unwrap();
    for key in ["lesion", "burn", "platform", "threads", "seconds"] {
        manifest[key].take();
    }
    for hash in manifest["outputs"].as_object_mut().unwrap().values_mut() {
        hash.take();
    }
    manifest
}

/// Whether two files say the same. Another processor may round a number otherwise.
fn are_alike(name: &str, file: &[u8], other: &[u8]) -> bool {
    if name == MANIFEST {
        return lasting(file) == lasting(other);
    }
    let cells = |file| -> Vec<String> {
        let text = std::str::from_utf8(file).unwrap();
        text.split_inclusive([',', '\n']).map(str::to_owned).collect()
    };
    let cells_a = cells(file);
    let cells_b = cells(other);
    cells_a.len() == cells_b.len()
        && cells_a.iter().zip(&cells_b).all(|(a, b)| a == b || are_close(a, b))
}

/// Whether two cells contain numbers that differ by rounding only.
fn are_close(cell_a: &str, cell_b: &str) -> bool {
    let number = |cell: &str| cell.trim_end_matches([',', '\n']).parse::<f64>();
    let (Ok(a), Ok(b)) = (number(cell_a), number(cell_b)) else { return false };
    (a - b).abs() <= 1e-3 * a.abs().max(b.abs()).max(1e-3)
}

/// Writes the small study anew, and fails if it differed.
#[test]
fn the_small_study_is_as_the_program_writes_it() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/small-study");
    let expected = run_small_study();
    let mut found = tables(&dir);
    found.insert(MANIFEST.to_owned(), fs::read(dir.join(MANIFEST)).unwrap());
    let is_current = expected.keys().eq(found.keys())
        && expected.iter().all(|(name, bytes)| are_alike(name, bytes, &found[name]));
    if is_current {
        return;
    }
    for name in found.keys() {
        fs::remove_file(dir.join(name)).unwrap();
    }
    for (name, bytes) in &expected {
        fs::write(dir.join(name), bytes).unwrap();
    }
    panic!("tests/fixtures/small-study was out of date, and is now written anew");
}
