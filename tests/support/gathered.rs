//! Finished studies of random numbers, to be gathered.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rand::SeedableRng;
use rand_chacha::{ChaCha8Rng, rand_core::Rng as _};
use serde_json::{Value, json};
use study_report::hash;

use crate::support::Run;

/// A folder of the tests' fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name)
}

/// The manifest of the small study, for a study of another model: one with these layers, whose weights have a
/// hash of their own.
pub(crate) fn manifest(model: &str, layers: usize, random_sets: usize) -> Value {
    let small = fs::read(fixture("small-study").join("manifest.json")).unwrap();
    let mut manifest: Value = serde_json::from_slice(&small).unwrap();
    manifest["model_layers"] = json!(layers);
    manifest["random_sets"] = json!(random_sets);
    manifest["inputs"]["model"]["source"] = json!(model);
    manifest["inputs"]["model"]["sha256"] =
        json!({ "model.safetensors": hash::of_bytes(model.as_bytes()) });
    manifest
}

/// Writes the manifest of a study with the hashes of all other files in its folder.
pub(crate) fn seal(folder: &Path, mut manifest: Value) {
    let mut outputs = serde_json::Map::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name != "manifest.json" {
            outputs.insert(name, json!(hash::of_file(&path).unwrap()));
        }
    }
    manifest["outputs"] = outputs.into();
    fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
}

/// Copies the files of a folder into another, which is created.
pub(crate) fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// Changes the cells of a column of a table; `change` gets the number of the row and the cell.
pub(crate) fn change_column(
    path: &Path,
    column: &str,
    mut change: impl FnMut(usize, &str) -> String,
) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let place = header.iter().position(|name| name == column).unwrap();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header).unwrap();
    for (number, record) in reader.records().enumerate() {
        let record = record.unwrap();
        let mut cells: Vec<String> = record.iter().map(str::to_owned).collect();
        cells[place] = change(number, &cells[place]);
        writer.write_record(&cells).unwrap();
    }
    fs::write(path, writer.into_inner().unwrap()).unwrap();
}

/// Writes copies of the small study, each of a model of its own: its effects differ by noise from those of the
/// others. Returns the names of their folders.
pub(crate) fn write_noisy_copies(dir: &Path, count: usize) -> Vec<String> {
    let small = fixture("small-study");
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut noise = || (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
    let mut names: Vec<String> = Vec::new();
    for number in 0..count {
        let name = format!("model-of-seed-{number}");
        let folder = dir.join(&name);
        fs::create_dir(&folder).unwrap();
        for entry in fs::read_dir(&small).unwrap() {
            let path = entry.unwrap().path();
            let file = folder.join(path.file_name().unwrap());
            // Tables without noise share their bytes.
            let first = names.first().map(|first| dir.join(first).join(path.file_name().unwrap()));
            match first.filter(|_| !file.ends_with("prompt_controls.csv")) {
                Some(first) => fs::hard_link(first, file).unwrap(),
                None => drop(fs::copy(&path, file).unwrap()),
            }
        }
        let strength = noise();
        change_column(&folder.join("prompt_controls.csv"), "margin_drop", |_, cell| {
            let drop: f64 = cell.parse().unwrap();
            (drop + strength + noise()).to_string()
        });
        fs::remove_file(folder.join("manifest.json")).unwrap();
        seal(&folder, manifest(&name, 2, 199));
        names.push(name);
    }
    names
}

/// Prompts of three templates of each label.
pub(crate) const PROMPTS: &str = "We saw {him|her}.\nWe saw {her|him}.\nThe king met {him|her}.\n\
    The queen met {her|him}.\nThey thanked {him|her}.\nThey thanked {her|him}.\n";

/// The same study of two models, whose weights are random.
pub(crate) fn untrained_models(random_sets: usize) -> [Run; 2] {
    let sets = random_sets.to_string();
    ["1", "2"].map(|seed| {
        let args = ["--prompts", "prompts.txt", "--parts", "controls", "--nulls", &sets];
        Run::with_files(&[("prompts.txt", PROMPTS)], &[&args[..], &["--untrained", seed]].concat())
    })
}
