//! The laboratory: its lesions are those of the Python reference, its summaries agree with their rows,
//! one pass has the results of two, and neuron sets from a file are lesioned.

use std::{collections::BTreeMap, ops::RangeInclusive, path::Path, sync::OnceLock};

use crate::support::{Row, Run, assert_close, assert_user_error, number, reference, rows, tables};
use serde_json::Value;

const LABELS: [&str; 2] = ["him", "her"];
const LAYERS: usize = 6;
const NEURONS: usize = 768;

/// Number of random sets of each kind.
const RANDOM_SETS: usize = 20;
/// The paper's study, with few random sets and one more joint lesion.
const STUDY: &str = "[controls]\nnulls = 20\n[joint]\nlayers = [[0, 3]]\n";

/// Files of a run in memory, so that tests can share them.
struct RunFiles(BTreeMap<String, Vec<u8>>);

impl RunFiles {
    fn read(run: &Run) -> Self {
        Self(tables(&run.out()))
    }

    fn rows(&self, table: &str) -> Vec<Row> {
        rows(&self.0[table])
    }

    fn json(&self, file: &str) -> Value {
        serde_json::from_slice(&self.0[file]).unwrap()
    }
}

/// [`STUDY`] with all parts of the laboratory.
fn paper() -> &'static RunFiles {
    static PAPER: OnceLock<RunFiles> = OnceLock::new();
    PAPER.get_or_init(|| RunFiles::read(&run_study(STUDY, &[])))
}

/// The controls of the last layer in the controlled prompts, which are enough for intervals.
fn controlled() -> &'static RunFiles {
    static CONTROLLED: OnceLock<RunFiles> = OnceLock::new();
    CONTROLLED.get_or_init(|| RunFiles::read(&run_controlled(&["controls"], &["5"])))
}

fn run_controlled(parts: &[&str], layers: &[&str]) -> Run {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/prompts/controlled.txt");
    let (parts, layers) = (parts.join(","), layers.join(","));
    let args = ["--prompts", file.to_str().unwrap(), "--parts", &parts, "--layers", &layers];
    Run::new(&[&args[..], &["--nulls", "20"]].concat())
}

fn run_study(study: &str, args: &[&str]) -> Run {
    Run::command("run", &[("study.toml", study)], &[&["study.toml"], args].concat())
}

/// The rows with these values.
fn rows_with<'a>(rows: &'a [Row], values: &[(&str, &str)]) -> Vec<&'a Row> {
    let has = |row: &&Row| values.iter().all(|&(column, value)| row[column] == value);
    rows.iter().filter(has).collect()
}

/// The only row with these values.
#[track_caller]
fn row_with<'a>(rows: &'a [Row], values: &[(&str, &str)]) -> &'a Row {
    let found = rows_with(rows, values);
    assert_eq!(found.len(), 1, "{values:?}");
    found[0]
}

fn count(row: &Row, column: &str) -> usize {
    row[column].parse().unwrap()
}

/// A number, or `None` for an empty cell.
fn optional(row: &Row, column: &str) -> Option<f64> {
    (!row[column].is_empty()).then(|| number(row, column))
}

/// Rows of `neurons.csv` with a layer and a label.
fn labelled<'a>(neurons: &'a [Row], layer: &str, label: &str) -> Vec<&'a Row> {
    rows_with(neurons, &[("layer", layer), ("label", label)])
}

fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.into_iter().collect();
    values.iter().sum::<f64>() / values.len() as f64
}

fn other_label(label: &str) -> &'static str {
    LABELS[usize::from(label == LABELS[0])]
}

fn drops_of(row: &Row) -> [f64; 2] {
    [number(row, "logit_drop"), number(row, "margin_drop")]
}

#[track_caller]
fn assert_drops(row: &Row, [logit, margin]: [f64; 2], tolerance: f64) {
    assert_close(number(row, "logit_drop"), logit, tolerance);
    assert_close(number(row, "margin_drop"), margin, tolerance);
}

/// Tolerance for a number and the sum or mean of its rows.
const SUM_TOLERANCE: f64 = 1e-12;

// The Python reference.

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// Drops of the right word's logit and margin, from the logits of a prompt's candidates.
fn reference_drops(prompt: &Value, lesioned: &Value) -> [f64; 2] {
    let logits = |value: &Value| -> Vec<f64> {
        list(value).iter().map(|logit| logit.as_f64().unwrap()).collect()
    };
    let margin =
        |logits: &[f64]| logits[0] - logits[1..].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (clean, lesioned) = (logits(&prompt["clean"]), logits(lesioned));
    [clean[0] - lesioned[0], margin(&clean) - margin(&lesioned)]
}

#[test]
fn neuron_sets_are_those_of_the_python_reference() {
    let (reference, file) = (reference(), paper().json("neuron_sets.json"));
    let mut sets = list(&file["sets"]).iter();
    let expected = list(&reference["selected"]).iter().zip(list(&reference["controlled"]));
    for (layer, (selected, controlled)) in expected.enumerate() {
        for label in LABELS {
            let set = sets.next().unwrap();
            assert_eq!((&set["layer"], &set["label"]), (&layer.into(), &label.into()));
            assert_eq!(set["neurons"], selected[label], "layer {layer}, {label}");
            assert_eq!(set["lesioned"], controlled[label], "layer {layer}, {label}");
        }
    }
    assert!(sets.next().is_none());
}

#[test]
fn lesions_of_each_layer_are_those_of_the_python_reference() {
    let (reference, nulls) = (reference(), paper().rows("nulls.csv"));
    for (layer, lesions) in list(&reference["profile"]).iter().enumerate() {
        for (prompt, expected) in list(&reference["prompts"]).iter().zip(list(lesions)) {
            for kind in ["matched", "swapped"] {
                let (layer, position) = (layer.to_string(), prompt["position"].to_string());
                let values = [("layer", &*layer), ("position", &position), ("kind", kind)];
                let row = row_with(&nulls, &values);
                assert_eq!(row["target"], prompt["candidates"][0].as_str().unwrap());
                assert_drops(row, reference_drops(prompt, &expected[kind]), 1e-4);
            }
        }
    }
}

/// The `pattern` and `layers` of a joint lesion that grows from the bottom or the top.
fn pattern(layers: RangeInclusive<usize>) -> (&'static str, String) {
    let name = match (layers.start(), layers.end()) {
        (first, last) if first == last => "single",
        (0, _) => "up",
        _ => "down",
    };
    (name, layers.map(|layer| layer.to_string()).collect::<Vec<_>>().join(" "))
}

#[test]
fn joint_lesions_are_those_of_the_python_reference() {
    let (reference, joint) = (reference(), paper().rows("joint.csv"));
    let last = LAYERS - 1;
    for (prompt, expected) in list(&reference["prompts"]).iter().zip(list(&reference["joint"])) {
        let right = prompt["candidates"][0].as_str().unwrap();
        for k in 0..=last {
            for (expected, layers) in [(&expected["up"], 0..=k), (&expected["down"], k..=last)] {
                let (pattern, layers) = pattern(layers);
                let values = [("pattern", pattern), ("layers", &layers), ("neuron_set", right)];
                let row = row_with(&joint, &values);
                assert_eq!(row["prompts"], "1");
                assert_drops(row, reference_drops(prompt, &expected[k]["logits"]), 1e-4);
                let prob = |value: &Value| value.as_f64().unwrap();
                assert_close(number(row, "prob_lesioned"), prob(&expected[k]["prob"]), 1e-6);
                assert_close(number(row, "prob_clean"), prob(&prompt["prob"][0]), 1e-6);
            }
        }
    }
}

#[test]
fn neurons_selected_at_the_mask_are_those_of_the_python_reference() {
    let reference = reference();
    let run = Run::brief(&["--select-at", "masked"]);
    let neurons = run.rows("neurons.csv");
    for (layer, expected) in list(&reference["context"]).iter().enumerate() {
        for label in LABELS {
            let rows = labelled(&neurons, &layer.to_string(), label);
            let selected = rows.iter().map(|row| count(row, "neuron").into()).collect();
            assert_eq!(expected[label], Value::Array(selected), "layer {layer}, {label}");
        }
        let compared = neurons[layer * NEURONS..][..NEURONS].iter().step_by(16);
        for (row, t) in compared.zip(list(&expected["t"])) {
            let t = t.as_f64().unwrap();
            // If t is near 0, its error is absolute: the means nearly cancel.
            assert_close(number(row, "t"), t, 5e-4 * t.abs().max(1.0));
        }
    }
}

#[test]
fn every_kind_and_place_of_lesions_agrees_with_the_python_reference() {
    let reference = reference();
    let layer = reference["layer"].to_string();
    let manners: [(&str, &[&str]); 6] = [
        ("mean", &["--kind", "mean"]),
        ("mean_pre", &["--kind", "mean", "--site", "pre"]),
        ("half", &["--kind", "scale=0.5"]),
        ("twice", &["--kind", "scale=2"]),
        ("everywhere", &["--at", "all"]),
        ("neighbours", &["--at=-1,1"]),
    ];
    for (manner, args) in manners {
        let controls = ["--parts", "controls", "--layers", &layer, "--nulls", "1"];
        let run = Run::new(&[&controls, args].concat());
        let (nulls, profile) = (run.rows("nulls.csv"), run.rows("profile.csv"));
        for (prompt, expected) in list(&reference["prompts"]).iter().zip(list(&reference["kinds"]))
        {
            let right = prompt["candidates"][0].as_str().unwrap();
            let expected = reference_drops(prompt, &expected[manner]);
            let matched = row_with(&nulls, &[("kind", "matched"), ("target", right)]);
            assert_drops(matched, expected, 1e-4);
            assert_drops(row_with(&profile, &[("neuron_set", right)]), expected, 1e-4);
        }
    }
}

#[test]
fn single_neurons_and_direct_effects_are_those_of_the_python_reference() {
    let reference = reference();
    let last = Run::new(&["--parts", "causal", "--layer", "5"]).rows("neurons_causal.csv");
    let layers = [("linearised", paper().rows("neurons_causal.csv")), ("exact", last)];
    for ((direct, found), expected) in layers.iter().zip(list(&reference["direct"])) {
        assert!(found.iter().all(|row| row["direct"] == *direct));
        let mut compared = 0;
        for (prompt, expected) in list(&reference["prompts"]).iter().zip(list(&expected["prompts"]))
        {
            let position = prompt["position"].to_string();
            for row in rows_with(found, &[("position", &position)]) {
                let neuron = count(row, "neuron");
                if neuron.is_multiple_of(16) {
                    let effect = |name: &str| expected[name][neuron / 16].as_f64().unwrap();
                    assert_close(number(row, "logit_drop"), effect("lesion"), 2e-5);
                    assert_close(number(row, "direct_logit_drop"), effect("direct"), 2e-5);
                    compared += 1;
                }
            }
        }
        assert_eq!(found[0]["layer"], expected["layer"].to_string());
        assert!(compared > 60, "only {compared} neurons were compared");
    }
    // In the last layer the direct effect is the whole effect.
    for row in &layers[1].1 {
        assert_close(number(row, "direct_logit_drop"), number(row, "logit_drop"), 2e-5);
        assert_close(number(row, "direct_margin_drop"), number(row, "margin_drop"), 2e-5);
    }
}

// Summaries and their rows.

/// The rows of `nulls.csv` of one kind, with the layer and label of another table's row.
fn lesions<'a>(nulls: &'a [Row], row: &Row, kind: &str) -> Vec<&'a Row> {
    let values = [("layer", &*row["layer"]), ("neuron_set", &row["neuron_set"]), ("kind", kind)];
    rows_with(nulls, &values)
}

fn column(rows: &[&Row], column: &str) -> Vec<f64> {
    rows.iter().map(|row| number(row, column)).collect()
}

/// p of a mean margin drop: (1 + b) / (1 + N), if b of N random sets have at least this drop.
fn p(matched: f64, random: &[&Row]) -> f64 {
    let drops: Vec<f64> = random
        .chunk_by(|a, b| a["draw"] == b["draw"])
        .map(|set| mean(column(set, "margin_drop")))
        .collect();
    assert_eq!(drops.len(), RANDOM_SETS);
    let reached = drops.iter().filter(|&&drop| drop >= matched).count();
    (1 + reached) as f64 / (1 + RANDOM_SETS) as f64
}

/// Holm's step-down correction.
fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let (mut corrected, mut largest) = (vec![0.0; p.len()], 0.0_f64);
    for (rank, index) in order.into_iter().enumerate() {
        largest = largest.max((p.len() - rank) as f64 * p[index]).min(1.0);
        corrected[index] = largest;
    }
    corrected
}

#[test]
fn the_profile_summarises_the_lesions_of_each_layer() {
    for (run, layers, prompts) in [(paper(), LAYERS, 1), (controlled(), 1, 106)] {
        let (nulls, profile) = (run.rows("nulls.csv"), run.rows("profile.csv"));
        let neurons = run.rows("neurons.csv");
        assert_eq!(profile.len(), layers * LABELS.len());
        let mut largest_p = Vec::new();
        for row in &profile {
            let matched = lesions(&nulls, row, "matched");
            assert_eq!((matched.len(), count(row, "prompts")), (prompts, prompts));
            assert!(matched.iter().all(|lesion| lesion["neurons"] == row["neurons"]));
            for drop in ["logit_drop", "margin_drop"] {
                let drops = column(&matched, drop);
                let sizes = drops.iter().map(|drop| drop.abs());
                assert_close(number(row, &format!("abs_{drop}")), mean(sizes), SUM_TOLERANCE);
                assert_close(number(row, drop), mean(drops), SUM_TOLERANCE);
            }
            let margins = column(&matched, "margin_drop");
            assert_eq!(count(row, "margin_falls"), margins.iter().filter(|&&m| m > 0.0).count());
            let [any, active] = ["random", "random-active"]
                .map(|kind| p(mean(margins.clone()), &lesions(&nulls, row, kind)));
            assert_close(number(row, "p_random"), any, SUM_TOLERANCE);
            assert_close(number(row, "p_random_active"), active, SUM_TOLERANCE);
            largest_p.push(any.max(active));
            let significant = labelled(&neurons, &row["layer"], &row["neuron_set"]).len();
            assert_eq!(count(row, "significant"), significant);
            assert_close(
                number(row, "significant_share"),
                significant as f64 / NEURONS as f64,
                SUM_TOLERANCE,
            );
        }
        for (row, corrected) in profile.iter().zip(holm(&largest_p)) {
            assert_close(number(row, "p_corrected"), corrected, SUM_TOLERANCE);
        }
    }
}

#[test]
fn synergy_is_the_joint_effect_minus_the_sum_of_single_effects() {
    let several = run_controlled(&["joint"], &["3", "4", "5"]).rows("joint.csv");
    for (joint, patterns) in
        [(paper().rows("joint.csv"), 6 + 5 + 4 + 1), (several.clone(), 3 + 2 + 1)]
    {
        assert_eq!(joint.len(), patterns * LABELS.len());
        for row in &joint {
            let single = |layer| {
                let values = [("pattern", "single"), ("layers", layer)];
                row_with(&joint, &[&values[..], &[("neuron_set", &row["neuron_set"])]].concat())
            };
            let parts: Vec<&Row> = row["layers"].split(' ').map(single).collect();
            let sum = column(&parts, "margin_drop").iter().sum();
            assert_close(number(row, "sum_of_single"), sum, SUM_TOLERANCE);
            assert_close(number(row, "synergy"), number(row, "margin_drop") - sum, SUM_TOLERANCE);
            let neurons: usize = parts.iter().map(|part| count(part, "neurons")).sum();
            assert_eq!(count(row, "neurons"), neurons);
        }
    }
    for row in &paper().rows("joint.csv") {
        assert_eq!(optional(row, "synergy_low").or(optional(row, "synergy_high")), None);
    }
    for row in &several {
        match (optional(row, "synergy_low"), optional(row, "synergy_high")) {
            (Some(low), Some(high)) => {
                let synergy = number(row, "synergy");
                assert!(low < synergy && synergy < high && row["pattern"] != "single", "{row:?}");
            }
            ends => assert_eq!((ends, &*row["pattern"]), ((None, None), "single")),
        }
    }
}

/// The standard error of the difference of two means of margin drops, clustered by template.
fn clustered_error(matched: &[&Row], swapped: &[&Row]) -> f64 {
    let mut residuals: BTreeMap<&str, f64> = BTreeMap::new();
    for (rows, sign) in [(matched, 1.0), (swapped, -1.0)] {
        let centre = mean(column(rows, "margin_drop"));
        for row in rows {
            let residual = sign * (number(row, "margin_drop") - centre) / rows.len() as f64;
            *residuals.entry(&row["prompt"]).or_default() += residual;
        }
    }
    residuals.values().map(|residual| residual.powi(2)).sum::<f64>().sqrt()
}

#[test]
fn the_dissociation_compares_the_same_neurons_in_the_prompts_of_both_labels() {
    for (run, layers, prompts) in [(paper(), LAYERS, 1), (controlled(), 1, 106)] {
        let (nulls, dissociation) = (run.rows("nulls.csv"), run.rows("dissociation.csv"));
        assert_eq!(dissociation.len(), layers * LABELS.len());
        for row in &dissociation {
            let (layer, label) = (&*row["layer"], &*row["neuron_set"]);
            let matched = lesions(&nulls, row, "matched");
            let other = other_label(label);
            let values = [("layer", layer), ("neuron_set", other), ("kind", "swapped")];
            let swapped = rows_with(&nulls, &values);
            for (name, rows) in [("own", &matched), ("other", &swapped)] {
                let written = count(row, &format!("{name}_prompts"));
                assert_eq!((rows.len(), written), (prompts, prompts));
                assert!(rows.iter().all(|lesion| lesion["neurons"] == row["neurons"]));
                for drop in ["logit_drop", "margin_drop"] {
                    assert_close(
                        number(row, &format!("{name}_{drop}")),
                        mean(column(rows, drop)),
                        SUM_TOLERANCE,
                    );
                }
            }
            let difference =
                mean(column(&matched, "margin_drop")) - mean(column(&swapped, "margin_drop"));
            assert_close(number(row, "difference"), difference, SUM_TOLERANCE);
            let both_labels = rows_with(&dissociation, &[("layer", layer)]);
            let is_above_0 = |row: &&Row| optional(row, "low").is_some_and(|low| low > 0.0);
            assert_eq!(row["double"], both_labels.iter().all(is_above_0).to_string());
            if prompts == 1 {
                assert_eq!((&*row["low"], &*row["high"], &*row["double"]), ("", "", "false"));
                continue;
            }
            let (low, high) = (number(row, "low"), number(row, "high"));
            assert!(low < difference && difference < high);
            // With 106 templates the bootstrap's interval is nearly the normal interval.
            let error = clustered_error(&matched, &swapped);
            assert_close((high - low) / (2.0 * 1.96 * error), 1.0, 0.05);
        }
    }
}

#[test]
fn the_largest_dose_is_the_lesion_of_the_paper_and_the_smallest_a_single_neuron() {
    let run = paper();
    let neurons = run.rows("neurons.csv");
    let lesions = run.rows("lesions.csv");
    let dose = run.rows("dose.csv");
    let causal = run.rows("neurons_causal.csv");
    for label in LABELS {
        let candidates = labelled(&neurons, "4", label);
        let most = candidates.len();
        let doses = |kind, size: usize| {
            let values = [("neuron_set", label), ("kind", kind), ("neurons", &size.to_string())];
            rows_with(&dose, &values).into_iter().cloned().collect::<Vec<_>>()
        };
        let matched = rows_with(&dose, &[("neuron_set", label), ("kind", "matched")]);
        let sizes: Vec<usize> = matched.iter().map(|row| count(row, "neurons")).collect();
        assert_eq!(sizes, [1, 2, 4, 8, 16, 32, 64, 128, 256, most]);
        for size in sizes {
            let others = labelled(&neurons, "4", other_label(label)).len();
            assert_eq!(doses("swapped", size).len(), usize::from(size <= others));
            // A random set contains at most half of the remaining neurons.
            let random_sets = if NEURONS - size >= 2 * size { 10 } else { 0 };
            assert_eq!(doses("random", size).len(), random_sets);
        }
        let lesion = row_with(&lesions, &[("neuron_set", label), ("candidate", label)]);
        assert_eq!(count(lesion, "neurons"), most);
        assert_drops(&doses("matched", most)[0], drops_of(lesion), 1e-5);
        let strength = |row: &&&Row| number(row, "t").abs();
        let strongest =
            candidates.iter().max_by(|a, b| strength(a).total_cmp(&strength(b))).unwrap();
        let single = row_with(&causal, &[("neuron", &strongest["neuron"]), ("target", label)]);
        assert_drops(&doses("matched", 1)[0], drops_of(single), 1e-5);
    }
}

#[test]
fn the_single_neurons_are_those_with_a_label_in_every_prompt() {
    let (causal, neurons) = (paper().rows("neurons_causal.csv"), paper().rows("neurons.csv"));
    let has_label = |row: &&Row| row["layer"] == "4" && !row["label"].is_empty();
    let labelled: Vec<&Row> = neurons.iter().filter(has_label).collect();
    for target in LABELS {
        let found = rows_with(&causal, &[("target", target)]);
        assert_eq!(found.len(), labelled.len());
        for (row, neuron) in found.iter().zip(&labelled) {
            for column in ["layer", "neuron", "label", "t", "effect"] {
                assert_eq!(row[column], neuron[column]);
            }
        }
    }
    assert_eq!(causal.len(), 2 * labelled.len());
}

// Selection and lesion in one pass.

fn assert_one_pass_agrees_with_two(run: &RunFiles) {
    let (joint, dynamic) = (run.rows("joint.csv"), run.rows("dynamic.csv"));
    assert!(joint.iter().any(|row| row["pattern"] == "given" && row["layers"] == "0 3"));
    // There is one prompt per label.
    assert_eq!(dynamic.len(), joint.len());
    for row in &dynamic {
        let same = |column: &'static str| (column, &*row[column]);
        let two = row_with(&joint, &[same("pattern"), same("layers"), same("neuron_set")]);
        assert_eq!((&two["neurons"], &row["target"]), (&row["neurons"], &row["neuron_set"]));
        assert_drops(row, drops_of(two), 1e-5);
    }
}

#[test]
fn one_pass_has_the_results_of_two() {
    assert_one_pass_agrees_with_two(paper());
    let args = ["--correction", "holm", "--directional", "--significant"];
    let run = run_study(STUDY, &[&args[..], &["--parts", "joint,dynamic"]].concat());
    let other = RunFiles::read(&run);
    assert_one_pass_agrees_with_two(&other);
    assert_ne!(other.0["dynamic.csv"], paper().0["dynamic.csv"]);
}

#[test]
fn a_study_that_one_pass_cannot_run_is_an_error() {
    let sets = r#"{"sets": []}"#;
    for (table, expected) in [
        ("[selection]\ncorrection = \"max-t\"", "max-T needs all activations"),
        ("[selection]\nscope = \"model\"", "`model` needs every layer"),
        ("[selection]\nheld_out = 0.5", "pairs are held out"),
        ("[lesion]\nkind = \"mean\"", "sets `lesion.kind`"),
        ("[lesion]\nat = \"all\"", "`lesion.at`"),
        ("[lesion]\nneurons = \"sets.json\"", "from a file"),
    ] {
        let study = format!("parts = [\"dynamic\"]\n{table}\n");
        let files = [("study.toml", &*study), ("sets.json", sets)];
        let run = Run::command("run", &files, &["study.toml"]);
        assert_user_error(&run, &["`dynamic`", "dynamic hooks", expected]);
    }
    // If the study does not list its parts, the part is left out.
    let run = Run::new(&["--correction", "max-t", "--layers", "5", "--nulls", "1"]);
    assert!(run.out().join("joint.csv").exists() && !run.out().join("dynamic.csv").exists());
    assert!(
        run.stdout().contains("did not run: dynamic hooks test a layer while it runs, but max-T"),
        "{}",
        run.stdout()
    );
}

// Neuron sets from a file.

#[test]
fn lesions_of_neuron_sets_from_a_file_do_not_depend_on_the_selection() {
    let sets = &paper().0["neuron_sets.json"];
    let files = [("study.toml", STUDY), ("sets.json", std::str::from_utf8(sets).unwrap())];
    let args = ["study.toml", "--neurons", "sets.json", "--parts", "controls,joint"];
    let again = Run::command("run", &files, &[&args[..], &["--alpha", "1e-6"]].concat());
    for file in ["nulls.csv", "joint.csv", "lesions.csv", "dissociation.csv", "neuron_sets.json"] {
        assert!(again.bytes(file) == paper().0[file], "{file} differs");
    }
    assert_ne!(again.bytes("neurons.csv"), paper().0["neurons.csv"]);
}

#[test]
fn only_the_set_of_the_file_is_lesioned() {
    let sets = r#"{"sets": [{"layer": 5, "label": "her", "neurons": [84, 3, 84]}]}"#;
    let args = ["--neurons", "sets.json", "--layer", "5", "--nulls", "20"];
    let args = [&args[..], &["--parts", "controls,joint,dose,causal"]].concat();
    let run = Run::with_files(&[("sets.json", sets)], &args);
    let written = RunFiles::read(&run);
    for row in written.rows("lesions.csv") {
        let expected = if row["neuron_set"] == "her" { "2" } else { "0" };
        assert_eq!(row["neurons"], expected);
        assert_eq!(row["logit_drop"] != "0.0", expected == "2", "{row:?}");
    }
    let stdout = run.stdout();
    assert!(stdout.contains("no \"him\" neuron"), "{stdout}");
    // Without a second set there is no swapped lesion.
    let nulls = written.rows("nulls.csv");
    let matched = rows_with(&nulls, &[("kind", "matched")]);
    let least_tuned = rows_with(&nulls, &[("kind", "least-tuned")]);
    assert_eq!((matched.len(), least_tuned.len(), nulls.len()), (1, 1, 2 + 2 * RANDOM_SETS));
    let is_of_set = |row: &Row| row["layer"] == "5" && row["neuron_set"] == "her";
    assert!(nulls.iter().all(|row| is_of_set(row) && row["neurons"] == "2"));
    for row in written.rows("profile.csv") {
        let is_lesioned = is_of_set(&row);
        assert_eq!(row["neurons"], if is_lesioned { "2" } else { "0" });
        assert_eq!(optional(&row, "p_corrected").is_some(), is_lesioned);
        assert!(is_lesioned || number(&row, "margin_drop") == 0.0);
    }
    assert!(written.rows("dissociation.csv").is_empty());
    let joint = written.rows("joint.csv");
    let single = row_with(&joint, &[("pattern", "single"), ("layers", "5"), ("neuron_set", "her")]);
    assert_drops(single, drops_of(matched[0]), 1e-5);
    let dose = written.rows("dose.csv");
    let doses = rows_with(&dose, &[("kind", "matched")]);
    let sizes = doses.iter().map(|row| (&*row["neuron_set"], &*row["neurons"]));
    assert_eq!(sizes.collect::<Vec<_>>(), [("her", "1"), ("her", "2")]);
    assert_drops(doses[1], drops_of(matched[0]), 1e-5);
    let causal = written.rows("neurons_causal.csv");
    let found: Vec<_> =
        causal.iter().map(|row| (&*row["target"], &*row["neuron"], &*row["label"])).collect();
    let expected = ["her", "him"].map(|target| ["3", "84"].map(|neuron| (target, neuron, "her")));
    assert_eq!(found, expected.concat());
    // The file that the study writes lists every layer and label.
    let file = written.json("neuron_sets.json");
    assert_eq!(list(&file["sets"]).len(), LAYERS * LABELS.len());
    for set in list(&file["sets"]) {
        let expected = if set["layer"] == 5 && set["label"] == "her" { &[3, 84][..] } else { &[] };
        assert_eq!((&set["neurons"], &set["lesioned"]), (&expected.into(), &expected.into()));
    }
}

#[test]
fn invalid_neuron_sets_are_errors_with_their_place() {
    let set = |inside: &str| format!("{{\"sets\": [\n  {{{inside}}}\n]}}\n");
    for (content, expected) in [
        (
            set(r#""layer": 0, "label": "it", "neurons": []"#),
            &["sets.json: set 0", "\"it\"", "\"him\""][..],
        ),
        (
            set(r#""layer": 6, "label": "him", "neurons": []"#),
            &["sets.json: set 0", "layer 6", "0 to 5"],
        ),
        (
            set(r#""layer": 0, "label": "him", "neurons": [768]"#),
            &["sets.json: set 0", "neuron 768", "0 to 767"],
        ),
        (
            set(r#""layer": 0, "label": "him", "neurons": [], "lesioned": [900]"#),
            &["sets.json: set 0", "neuron 900"],
        ),
        (set(r#""layer": 0, "label": "him", "neurons": [-1]"#), &["sets.json:2:", "-1"]),
        (set(r#""layer": 0, "label": "him", "neurons": [1"#), &["sets.json:2:45: ", "`,` or `]`"]),
        (
            set(r#""layer": 0, "label": "him", "neurns": [1]"#),
            &["sets.json:2:39: ", "`neurns`", "`neurons`"],
        ),
        (set(r#""layer": 0, "label": "him""#), &["sets.json:2:30: ", "missing field `neurons`"]),
        ("{}".to_owned(), &["sets.json:1:2: ", "`sets`"]),
    ] {
        let run = Run::with_files(&[("sets.json", &content)], &["--neurons", "sets.json"]);
        assert_user_error(&run, expected);
    }
    assert_user_error(&Run::new(&["--neurons", "none.json"]), &["none.json"]);
}

#[test]
fn shortcuts_and_memory_change_results_by_rounding_only() {
    let usual = paper();
    for args in [&["--plain"][..], &["--memory", "1"]] {
        let other = RunFiles::read(&run_study(STUDY, args));
        assert_eq!(other.json("neuron_sets.json"), usual.json("neuron_sets.json"));
        for table in ["lesions.csv", "nulls.csv", "joint.csv", "dose.csv", "neurons_causal.csv"] {
            let other_rows = other.rows(table);
            let usual_rows = usual.rows(table);
            assert_eq!(other_rows.len(), usual_rows.len());
            for (other, usual) in other_rows.iter().zip(&usual_rows) {
                for drop in ["logit_drop", "margin_drop"] {
                    assert_close(number(other, drop), number(usual, drop), 5e-5);
                }
            }
        }
    }
}
