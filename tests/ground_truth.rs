//! A model with planted neurons for him and her. The study selects exactly these neurons, and measures
//! the effects of their lesions that the formulas predict.

use std::collections::BTreeSet;

use crate::support::{
    Row, Run, assert_close, number,
    planted::{HER, HIM, PROMPTS, Planted, STIMULI, targets},
};
use tempfile::TempDir;

/// A quarter of 12 neurons is a set that can contain both him neurons.
const SHARED: [&str; 4] = ["--share", "0.25", "--nulls", "200"];

fn run_study(model: &Planted, args: &[&str]) -> Run {
    let dir = TempDir::new().unwrap();
    model.write(dir.path());
    let files = [("stimuli.txt", STIMULI), ("prompts.txt", PROMPTS)];
    let model = dir.path().to_str().unwrap();
    let planted = ["--model", model, "--stimuli", "stimuli.txt", "--prompts", "prompts.txt"];
    Run::with_files(&files, &[&planted[..], args].concat())
}

fn assert_planted_neurons_are_selected(run: &Run) {
    for row in run.rows("neurons.csv") {
        let neuron: usize = row["neuron"].parse().unwrap();
        let expected = match row["layer"].as_str() {
            "1" if HIM.contains(&neuron) => "him",
            "1" if HER.contains(&neuron) => "her",
            _ => "",
        };
        assert_eq!(row["label"], expected, "layer {}, neuron {neuron}", row["layer"]);
    }
}

/// The matched set's margin drop at the mask of `target`, and those of all random sets.
fn margin_drops(run: &Run, target: &str) -> (f64, Vec<f64>) {
    let rows = run.rows("nulls.csv");
    let drops = |kinds: &[&str]| -> Vec<f64> {
        let rows = rows.iter().filter(|row| row["layer"] == "1" && row["target"] == target);
        rows.filter(|row| kinds.contains(&row["kind"].as_str()))
            .map(|row| number(row, "margin_drop"))
            .collect()
    };
    (drops(&["matched"])[0], drops(&["random", "random-active"]))
}

#[test]
fn planted_neurons_are_selected_and_their_lesion_follows_the_formulas() {
    let model = Planted::new(true);
    let run = run_study(&model, &SHARED);
    assert_planted_neurons_are_selected(&run);
    let mut lesioned = 0;
    for row in run.rows("lesions.csv") {
        let position: usize = row["position"].parse().unwrap();
        let word = usize::from(row["candidate"] == "her");
        let (token, silenced) = match row["neuron_set"].as_str() {
            "him" => ("[MASK]", &HIM[..]),
            "her" => ("[MASK]", &HER[..]),
            _ => (row["target"].as_str(), &[][..]),
        };
        let clean = model.logits(token, position, &[])[word];
        let without = model.logits(token, position, silenced)[word];
        assert!((number(&row, "logit_clean") - clean).abs() < 1e-4, "{row:?}: {clean}");
        assert!((number(&row, "logit_drop") - (clean - without)).abs() < 1e-4, "{row:?}");
        if !silenced.is_empty() && row["candidate"] == row["target"] {
            assert!(number(&row, "logit_drop") > 0.1 && number(&row, "margin_drop") > 0.1);
            lesioned += 1;
        }
    }
    assert_eq!(lesioned, 2);
    for row in run.rows("profile.csv") {
        // Layer 0 has no neurons with a label, so there is nothing to test.
        let significant = row["layer"] == "1" && number(&row, "p_corrected") <= 0.05;
        assert!(significant || (row["layer"] == "0" && row["p_corrected"].is_empty()), "{row:?}");
    }
    // No random set has the effect of the planted neurons.
    for target in ["him", "her"] {
        let (matched, random) = margin_drops(&run, target);
        assert!(matched > 0.1 && random.len() == 400);
        assert!(random.iter().all(|&drop| drop < matched));
    }
    assert!(run.stdout().contains("lowers the right word's margin"), "{}", run.stdout());
    assert!(
        run.stdout().contains("1 (him) and 1 (her). There the margin falls in 2 of 2 prompts"),
        "{}",
        run.stdout()
    );
}

/// The neurons with a label.
fn planted(label: &str) -> &'static [usize] {
    if label == "him" { &HIM } else { &HER }
}

/// Drops of the logit and the margin of a label's word at the mask of its prompt, if `change` changes
/// the activations of the last layer.
fn drops(model: &Planted, label: &str, change: impl FnOnce(&mut [f64])) -> [f64; 2] {
    let (right, position) = if label == "him" { (0, 4) } else { (1, 3) };
    let clean = model.logits("[MASK]", position, &[]);
    let changed = model.logits_with("[MASK]", position, change);
    let margin = |logits: [f64; 2]| logits[right] - logits[1 - right];
    [clean[right] - changed[right], margin(clean) - margin(changed)]
}

/// The drops if `value` maps each planted neuron of the label and its activation to a new activation.
fn changed_drops(model: &Planted, label: &str, value: &dyn Fn(usize, f64) -> f64) -> [f64; 2] {
    drops(model, label, |activations| {
        for &neuron in planted(label) {
            activations[neuron] = value(neuron, activations[neuron]);
        }
    })
}

fn silenced_drops(model: &Planted, label: &str, neurons: &[usize]) -> [f64; 2] {
    drops(model, label, |activations| neurons.iter().for_each(|&neuron| activations[neuron] = 0.0))
}

#[track_caller]
fn assert_drops(row: &Row, [logit, margin]: [f64; 2]) {
    assert_close(number(row, "logit_drop"), logit, 1e-4);
    assert_close(number(row, "margin_drop"), margin, 1e-4);
}

#[test]
fn lesions_of_single_planted_neurons_follow_the_formulas_directly() {
    let model = Planted::new(true);
    let rows = run_study(&model, &["--layer", "1", "--parts", "causal"]).rows("neurons_causal.csv");
    assert_eq!(rows.len(), 2 * (HIM.len() + HER.len()));
    for row in &rows {
        let neuron: usize = row["neuron"].parse().unwrap();
        assert!(planted(&row["label"]).contains(&neuron));
        let expected = silenced_drops(&model, &row["target"], &[neuron]);
        assert_drops(row, expected);
        assert_eq!(row["direct"], "exact");
        assert_close(number(row, "direct_logit_drop"), expected[0], 1e-4);
        assert_close(number(row, "direct_margin_drop"), expected[1], 1e-4);
    }
}

#[test]
fn layers_without_neurons_add_nothing_to_a_joint_lesion() {
    let model = Planted::new(true);
    let rows = run_study(&model, &["--significant", "--parts", "joint"]).rows("joint.csv");
    for row in &rows {
        let neurons = if row["layers"] == "0" { &[][..] } else { planted(&row["neuron_set"]) };
        assert_eq!(row["neurons"], neurons.len().to_string());
        let [logit, margin] = silenced_drops(&model, &row["neuron_set"], neurons);
        assert_drops(row, [logit, margin]);
        assert_close(number(row, "sum_of_single"), margin, 1e-4);
        assert_close(number(row, "synergy"), 0.0, 1e-6);
    }
    let patterns = rows.iter().map(|row| (&*row["pattern"], &*row["layers"]));
    let expected = [("single", "0"), ("single", "1"), ("up", "0 1")];
    assert_eq!(patterns.collect::<Vec<_>>(), [expected, expected].concat()); // for both labels
}

#[test]
fn each_dose_lesions_the_strongest_neurons() {
    let model = Planted::new(true);
    let run = run_study(&model, &["--parts", "dose"]);
    let (neurons, doses) = (run.rows("neurons.csv"), run.rows("dose.csv"));
    let strongest = |label: &str| {
        let mut rows: Vec<&Row> = neurons.iter().filter(|row| row["label"] == label).collect();
        rows.sort_by(|a, b| number(b, "t").abs().total_cmp(&number(a, "t").abs()));
        rows.iter().map(|row| row["neuron"].parse().unwrap()).collect::<Vec<usize>>()
    };
    let mut found = Vec::new();
    for row in doses.iter().filter(|row| row["kind"] != "random") {
        let (label, kind) = (&*row["neuron_set"], &*row["kind"]);
        let size: usize = row["neurons"].parse().unwrap();
        let other = if label == "him" { "her" } else { "him" };
        let lesioned = strongest(if kind == "matched" { label } else { other });
        assert_drops(row, silenced_drops(&model, label, &lesioned[..size]));
        found.push((label, size, kind));
    }
    let both = |label, size| [(label, size, "matched"), (label, size, "swapped")];
    let expected = [both("him", 1), both("him", 2), both("her", 1), both("her", 2)];
    // There is no third him neuron.
    assert_eq!(found, [&expected.concat()[..], &[("her", 3, "matched")]].concat());
}

/// Rows of the matched lesions of the last layer's planted neurons, with options for the lesion.
fn matched_rows(model: &Planted, manner: &[&str]) -> Vec<Row> {
    let args = ["--significant", "--parts", "controls", "--layers", "1", "--nulls", "1"];
    let mut rows = run_study(model, &[&args[..], manner].concat()).rows("nulls.csv");
    rows.retain(|row| row["kind"] == "matched");
    assert_eq!(rows.len(), 2);
    rows
}

#[test]
fn every_kind_and_place_of_lesions_follows_the_formulas() {
    let model = Planted::new(true);
    let activations: Vec<Vec<f64>> =
        targets().into_iter().map(|(word, position)| model.activations(word, position)).collect();
    for row in matched_rows(&model, &["--kind", "mean"]) {
        let mean = |neuron: usize| {
            let sum: f64 = activations.iter().map(|activations| activations[neuron]).sum();
            sum / activations.len() as f64
        };
        assert_drops(&row, changed_drops(&model, &row["target"], &|neuron, _| mean(neuron)));
    }
    for row in matched_rows(&model, &["--kind", "scale=-0.5"]) {
        let expected = changed_drops(&model, &row["target"], &|_, activation| -0.5 * activation);
        assert_drops(&row, expected);
    }
    // Attention writes nothing, so only the lesion at the mask has an effect.
    for row in matched_rows(&model, &["--at", "all"]) {
        assert_drops(&row, silenced_drops(&model, &row["target"], planted(&row["target"])));
    }
    for row in matched_rows(&model, &["--at=-1,1"]) {
        assert_drops(&row, [0.0, 0.0]);
    }
}

#[test]
fn resampled_activations_are_those_of_one_stimulus() {
    let model = Planted::new(true);
    let mut words = BTreeSet::new();
    for seed in ["0", "1", "2", "3", "4", "5"] {
        for row in matched_rows(&model, &["--kind", "resample", "--seed", seed]) {
            let has_these_drops = |&&(word, position): &&(&str, usize)| {
                let activations = model.activations(word, position);
                let [logit, margin] =
                    changed_drops(&model, &row["target"], &|neuron, _| activations[neuron]);
                (number(&row, "logit_drop") - logit).abs() < 1e-4
                    && (number(&row, "margin_drop") - margin).abs() < 1e-4
            };
            let targets = targets();
            let (word, _) =
                targets.iter().find(has_these_drops).expect("no stimulus has these drops");
            words.insert(*word);
        }
    }
    assert_eq!(words, ["her", "him"].into()); // both sides occur
}

#[test]
fn lesions_of_significant_neurons_that_write_nothing_have_no_effect() {
    let run = run_study(&Planted::new(false), &SHARED);
    assert_planted_neurons_are_selected(&run);
    let lesions = run.rows("lesions.csv");
    assert!(lesions.iter().any(|row| row["neurons"] == "3"));
    for row in lesions {
        assert_eq!((row["logit_drop"].as_str(), row["margin_drop"].as_str()), ("0.0", "0.0"));
    }
    for target in ["him", "her"] {
        let (matched, _) = margin_drops(&run, target);
        assert!(matched.abs() < 1e-6);
    }
    assert!(
        run.stdout().contains("No matched lesion lowers the right word's margin"),
        "{}",
        run.stdout()
    );
    // The laboratory's other lesions have no effect either.
    for table in ["nulls.csv", "joint.csv", "dose.csv", "neurons_causal.csv", "dynamic.csv"] {
        let rows = run.rows(table);
        let is_matched = |row: &&Row| row.get("kind").is_none_or(|kind| kind == "matched");
        for row in rows.iter().filter(is_matched) {
            for (column, drop) in row.iter().filter(|(column, _)| column.ends_with("_drop")) {
                assert!(drop.parse::<f64>().unwrap().abs() < 1e-6, "{table}, {column}: {row:?}");
            }
        }
        assert!(rows.iter().any(|row| is_matched(&row)));
    }
    for row in run.rows("profile.csv").iter().filter(|row| row["layer"] == "1") {
        assert!(number(row, "p_corrected") > 0.05, "{row:?}");
    }
}
