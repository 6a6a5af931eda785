//! Study files: their settings, their check, and a killed run, which resumes and writes the same bytes.

use std::{
    fs,
    path::Path,
    process::{Child, Stdio},
};

use crate::support::{Row, Run, lesion, number, tables};
use tempfile::TempDir;

fn asset(path: &str) -> String {
    format!("{}/../../assets/{path}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_committed_study_is_that_of_reproduce() {
    let options = ["--nulls", "2"];
    let study = asset("studies/reproduce.toml");
    let run = Run::command("run", &[], &[&[study.as_str()][..], &options].concat());
    assert_eq!(tables(&run.out()), tables(&Run::new(&options).out()));
}

#[test]
fn options_override_a_study_and_paths_are_relative_to_it() {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("studies")).unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("studies/prompts.txt", "We thanked {him|her}.\n");
    write(
        "studies/s.toml",
        "prompts = \"prompts.txt\"\nparts = []\n[lesion]\nlayer = 1\n[selection]\nalpha = 0.2\n",
    );
    let run = |args: &[&str]| {
        let output = lesion(dir.path())
            .args(["run", "studies/s.toml", "--out", "target/reproduce", "--force"])
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let manifest = fs::read(dir.path().join("target/reproduce/manifest.json")).unwrap();
        serde_json::from_slice::<serde_json::Value>(&manifest).unwrap()
    };
    let manifest = run(&[]);
    assert_eq!(
        (&manifest["layer"], &manifest["study"]["selection"]["alpha"]),
        (&1.into(), &0.2.into())
    );
    assert!(!dir.path().join("target/reproduce/nulls.csv").exists());
    let manifest = run(&["--layer", "2", "--parts", "joint"]);
    assert_eq!(
        (&manifest["layer"], &manifest["study"]["selection"]["alpha"]),
        (&2.into(), &0.2.into())
    );
    assert!(dir.path().join("target/reproduce/joint.csv").exists());
    // If a part does not run again, its old table is removed.
    run(&[]);
    assert!(!dir.path().join("target/reproduce/joint.csv").exists());
}

#[test]
fn a_mistake_in_a_study_is_reported_with_line_and_column() {
    for (text, expected) in [
        ("seed = 1\nsede = 2\n", "s.toml:2:1: unknown setting `sede`"),
        ("[lesion]\nkind = \"halve\"\n", "s.toml:2:8: `halve` is not a kind of lesion"),
        ("[selection]\nalpha = 2.0\n", "s.toml:2:9: `2.0` is not a significance level"),
        ("[lesion]\nlayers = [0, 6]\n", "layer 6"),
        ("[lesion]\nneurons = \"none.json\"\n", "none.json"),
        ("[joint]\nlayers = [[]]\n", "s.toml:2:10: `[]` is not a list of numbers from 0; use"),
        (
            "[joint]\nlayers = [\"2-9\"]\n",
            "joint.layers: layer 6 does not exist; the model has layers 0 to 5",
        ),
        ("[dose]\nlayers = []\n", "s.toml:2:10: `[]` is not a list of numbers from 0; use"),
        ("[dose]\nlayers = [1, 6]\n", "dose.layers: layer 6 does not exist"),
        ("[causal]\nlayers = [6]\n", "causal.layers: layer 6 does not exist"),
        ("[selection]\nat = \"masked\"\nheld_out = 0.01\n", "holding out 0.01 of 54"),
        ("stimuli = \"s.txt\"\n[selection]\nat = \"masked\"\n", "s.txt:1: the sides do not differ"),
        ("[lesion]\nat = { offsets = [50] }\n", "offset 50 leaves prompt 0"),
    ] {
        let files = [("s.toml", text), ("s.txt", "I saw {him|her}.\nWe met {him|her}.\n")];
        // Each invalid line of a text has its own line.
        let count = if expected.contains("sides") { 2 } else { 1 };
        let run = Run::command("run", &files, &["s.toml"]);
        let stderr = run.stderr();
        assert_eq!(run.output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(expected) && stderr.lines().count() == count, "{stderr}");
        assert!(!run.dir.path().join("target").exists());
    }
}

/// With equal numbers of pairs |t| orders neurons as d does, so the other measure is the difference.
#[test]
fn the_difference_orders_neurons_otherwise_than_t() {
    let strongest = |strength: &str| {
        let run = Run::new(&["--strength", strength, "--parts", "dose"]);
        let sets: serde_json::Value =
            serde_json::from_slice(&run.bytes("neuron_sets.json")).unwrap();
        sets.to_string()
    };
    assert_ne!(strongest("t"), strongest("difference"));
}

#[test]
fn check_counts_the_lesions_of_a_run_and_writes_nothing() {
    let args = ["s.toml", "--nulls", "20", "--every-kind", "--layer", "4"];
    let layers = "[dose]\nlayers = [0, 4, 5]\n[causal]\nlayers = [2, 3]\n";
    let study = format!("[joint]\nlayers = [[0, 3]]\n{layers}");
    let study = [("s.toml", &*study)];
    let check = Run::command("check", &study, &args);
    assert!(!check.dir.path().join("target").exists());
    let stdout = check.stdout();
    let count = |step: &str| -> usize {
        let line = stdout.lines().find(|line| line.contains(step)).unwrap();
        let cell = line.trim_matches('│').split_whitespace().find_map(|word| word.parse().ok());
        cell.unwrap()
    };
    let run = Run::command("run", &study, &args);
    // There is one prompt per label, so a row of nulls.csv is a lesion in one prompt, or in two if
    // the other label's prompt is lesioned too.
    let nulls = run.rows("nulls.csv");
    let is_counted = |row: &&Row| {
        // Both labels share the `random` sets.
        row["kind"] != "random" || row["neuron_set"] == "him" || row["sets"] == "labelled"
    };
    let mut lesions: usize = nulls
        .iter()
        .filter(is_counted)
        .map(|row| if row["other_margin_drop"].is_empty() { 1 } else { 2 })
        .sum();
    // Each neuron of a matched set by itself, and the strongest together.
    for row in run.rows("profile.csv") {
        lesions += 1 + row["neurons"].parse::<usize>().unwrap();
    }
    assert!(count("controls") >= lesions, "{} lesions, but {lesions} rows", count("controls"));
    let verdicts = run.rows("verdicts.csv");
    let synergies = verdicts.iter().filter(|row| row["question"] == "synergy").count();
    assert_eq!(count("joint"), run.rows("joint.csv").len() + 20 * synergies);
    assert!(count("causal") >= run.rows("neurons_causal.csv").len());
    assert!(count("dose") >= run.rows("dose.csv").len());
    assert_eq!(count("activations"), 108);
    assert!(stdout.contains("In all about "), "{stdout}");
}

#[test]
fn the_selection_does_not_use_the_held_out_pairs() {
    let run = Run::brief(&["--held-out", "0.5"]);
    for row in run.rows("neurons.csv") {
        assert_eq!(number(&row, "df").to_bits(), 26.0_f64.to_bits());
    }
    let rows = run.rows("held_out.csv");
    assert_eq!(rows.len(), 12);
    for row in &rows {
        let [neurons, same_direction, replicated] =
            ["neurons", "same_direction", "replicated"].map(|column| number(row, column));
        assert!(neurons >= same_direction && same_direction >= replicated, "{row:?}");
        assert!(replicated > 0.5 * neurons, "{row:?}");
    }
    assert!(run.stdout().contains("On the held-out pairs, of "));
}

#[test]
fn saved_activations_are_those_that_were_tested() {
    let run = Run::brief(&["--save-activations"]);
    let bytes = run.bytes("activations.safetensors");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mean = |name: &str, neuron: usize| {
        let tensor = tensors.tensor(name).unwrap();
        assert_eq!(tensor.shape(), [54, 6, 768]);
        let value = |pair: usize| {
            let start = 4 * (pair * 6 * 768 + neuron);
            f64::from(f32::from_le_bytes(tensor.data()[start..start + 4].try_into().unwrap()))
        };
        (0..54).map(value).sum::<f64>() / 54.0
    };
    for (index, row) in run.rows("neurons.csv").iter().enumerate().step_by(97) {
        assert!((number(row, "mean_a") - mean("pre.a", index)).abs() < 1e-9);
        assert!((number(row, "mean_b") - mean("pre.b", index)).abs() < 1e-9);
    }
    assert_eq!(tensors.names().len(), 4);
}

/// A study of some thousand lesions.
pub(crate) const LONG: [&str; 5] =
    ["--nulls", "60", "--parts", "controls,joint,causal", "--every-kind"];

pub(crate) fn start_long_study(dir: &Path) -> Child {
    let mut command = lesion(dir);
    command.arg("reproduce").args(LONG).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Bytes of the journal in a study's folder.
pub(crate) fn journal_size(out: &Path) -> u64 {
    fs::metadata(out.join("journal.jsonl")).map_or(0, |file| file.len())
}

#[test]
fn a_killed_run_resumes_and_writes_the_same_bytes() {
    let whole = tables(&Run::new(&LONG).out());
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("target/reproduce");
    // Each run resumes the one before and is killed once the journal has grown by some bytes: early,
    // late, and in the middle of a line.
    let mut kills = 0;
    for growth in [1, 900, 7_001, 20_011, 33_333, 5, 60_000] {
        let size = journal_size(&out);
        let mut run = start_long_study(dir.path());
        let ended = loop {
            if let Some(status) = run.try_wait().unwrap() {
                break Some(status);
            }
            if journal_size(&out) >= size + growth {
                run.kill().unwrap();
                run.wait().unwrap();
                break None;
            }
            std::thread::yield_now();
        };
        assert!(ended.is_none_or(|status| status.success()));
        assert!(ended.is_some() || !out.join("manifest.json").exists());
        if ended.is_some() {
            break;
        }
        kills += 1;
    }
    assert!(kills >= 3, "only {kills} runs were killed");
    let size = journal_size(&out);
    let output = lesion(dir.path()).arg("reproduce").args(LONG).output().unwrap();
    assert!(output.status.success());
    if size > 0 {
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("Resuming an interrupted run"), "{stderr}");
    }
    assert_eq!(tables(&out), whole);
}
