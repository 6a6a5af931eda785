//! The laboratory: its lesions are those of the Python reference, its summaries agree with their rows,
//! one pass has the results of two, and neuron sets from a file are lesioned.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    path::Path,
    sync::OnceLock,
};

use crate::support::{
    Row, Run, assert_close, assert_user_error, number, reference, rows,
    summaries::{
        Controls, SUM_TOLERANCE, assert_summaries_follow_from_rows, mean, optional, row_with,
        rows_with,
    },
    tables,
};
use serde_json::Value;
use statrs::distribution::{ContinuousCDF, StudentsT};

const LABELS: [&str; 2] = ["him", "her"];
const LAYERS: usize = 6;
const NEURONS: usize = 768;

/// Number of random sets of each kind.
const RANDOM_SETS: usize = 20;
/// The paper's study, with few random sets and one more joint lesion.
const STUDY: &str = "[lesion]\nlayer = 4\n[controls]\nnulls = 20\n[joint]\nlayers = [[0, 3]]\n";

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
    CONTROLLED.get_or_init(|| {
        let run = run_controlled(&[], &["--parts", "controls", "--layers", "5", "--nulls", "20"]);
        RunFiles::read(&run)
    })
}

/// A run with the controlled prompts.
fn run_controlled(files: &[(&str, &str)], args: &[&str]) -> Run {
    let prompts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/prompts/controlled.txt");
    Run::with_files(files, &[&["--prompts", prompts.to_str().unwrap()], args].concat())
}

fn run_study(study: &str, args: &[&str]) -> Run {
    Run::command("run", &[("study.toml", study)], &[&["study.toml"], args].concat())
}

fn count(row: &Row, column: &str) -> usize {
    row[column].parse().unwrap()
}

/// Rows of `neurons.csv` with a layer and a label.
fn labelled<'a>(neurons: &'a [Row], layer: &str, label: &str) -> Vec<&'a Row> {
    rows_with(neurons, &[("layer", layer), ("label", label)])
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
    let prompt_controls = paper().rows("prompt_controls.csv");
    for (layer, lesions) in list(&reference["profile"]).iter().enumerate() {
        for (prompt, expected) in list(&reference["prompts"]).iter().zip(list(lesions)) {
            let (layer, position) = (layer.to_string(), prompt["position"].to_string());
            let right = prompt["candidates"][0].as_str().unwrap();
            let values = [("layer", &*layer), ("neuron_set", right), ("sets", "lesioned")];
            // There is one prompt per label.
            for kind in ["matched", "swapped"] {
                let row = row_with(&nulls, &[&values[..], &[("kind", kind)]].concat());
                assert_drops(row, reference_drops(prompt, &expected[kind]), 1e-4);
            }
            let row = row_with(&prompt_controls, &values);
            assert_eq!(row["position"], position);
            assert_drops(row, reference_drops(prompt, &expected["matched"]), 1e-4);
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
    let manners: [(&str, &[&str]); 7] = [
        ("mean", &["--kind", "mean"]),
        ("mean_pre", &["--kind", "mean", "--site", "pre"]),
        ("half", &["--kind", "scale=0.5"]),
        ("twice", &["--kind", "scale=2"]),
        ("number", &["--kind", "value=1.5"]),
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
            // The paper's lesion is always zero at the mask.
            for (sets, lesioned) in
                [("lesioned", &expected[manner]), ("labelled", &prompt["lesioned"])]
            {
                let expected = reference_drops(prompt, lesioned);
                let values = [("neuron_set", right), ("sets", sets)];
                let matched = row_with(&nulls, &[&values[..], &[("kind", "matched")]].concat());
                assert_drops(matched, expected, 1e-4);
                assert_drops(row_with(&profile, &values), expected, 1e-4);
            }
        }
    }
}

#[test]
fn patches_agree_with_the_python_reference() {
    let reference = reference();
    let layer = reference["layer"].to_string();
    let cases = list(&reference["patched"]);
    let lines = cases.iter().map(|case| case["template"].as_str().unwrap());
    let prompts = lines.collect::<Vec<_>>().join("\n");
    let manners: [(&str, &[&str]); 3] =
        [("mask", &[]), ("before", &["--site", "pre"]), ("everywhere", &["--at", "all"])];
    for (manner, args) in manners {
        for plain in [&[][..], &["--plain"]] {
            let study = ["--prompts", "prompts.txt", "--kind", "patch", "--nulls", "1"];
            let parts = ["--parts", "controls,joint"];
            let args = [&study, &parts[..], args, plain].concat();
            let run = Run::with_files(&[("prompts.txt", &prompts)], &args);
            let (profile, joint) = (run.rows("profile.csv"), run.rows("joint.csv"));
            for case in cases {
                let right = case["candidates"][0].as_str().unwrap();
                let values = [("layer", &*layer), ("neuron_set", right), ("sets", "lesioned")];
                let expected = reference_drops(case, &case[manner]);
                assert_drops(row_with(&profile, &values), expected, 1e-4);
                if manner == "mask" {
                    let values = [("layers", "0 1 2 3 4 5"), ("neuron_set", right)];
                    let expected = reference_drops(case, &case["up"]);
                    assert_drops(row_with(&joint, &values), expected, 1e-4);
                }
            }
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

fn column(rows: &[&Row], column: &str) -> Vec<f64> {
    rows.iter().map(|row| number(row, column)).collect()
}

#[test]
fn the_profile_and_the_verdicts_summarise_the_lesions() {
    for (run, layers, prompts) in [(paper(), LAYERS, "1"), (controlled(), 1, "106")] {
        assert_summaries_follow_from_rows(Controls::new(RANDOM_SETS), |table| run.rows(table));
        let neurons = run.rows("neurons.csv");
        let profile = run.rows("profile.csv");
        // The paper's lesion has a row per label too.
        assert_eq!(profile.len(), (layers + 1) * LABELS.len());
        for row in &profile {
            assert_eq!(row["prompts"], prompts);
            let significant = labelled(&neurons, &row["layer"], &row["neuron_set"]).len();
            assert_eq!(count(row, "significant"), significant);
            let share = significant as f64 / NEURONS as f64;
            assert_close(number(row, "significant_share"), share, SUM_TOLERANCE);
            if row["sets"] == "labelled" {
                assert_eq!(row["neurons"], row["significant"]);
            }
        }
    }
}

#[test]
fn every_kind_of_random_set_is_summarised_and_leaves_the_verdicts_as_they_are() {
    let run = run_study(STUDY, &["--every-kind", "--parts", "controls,joint,causal"]);
    assert_summaries_follow_from_rows(Controls::of_every_kind(RANDOM_SETS), |table| {
        run.rows(table)
    });
    let usual = paper().rows("verdicts.csv");
    let every = run.rows("verdicts.csv");
    assert_eq!(usual.len(), every.len());
    for (usual, every) in usual.iter().zip(&every) {
        for column in ["question", "sets", "layers", "neuron_set", "value", "verdict"] {
            assert_eq!(usual[column], every[column]);
        }
    }
    let every_nulls = run.rows("nulls.csv");
    assert!(paper().rows("nulls.csv").iter().all(|row| every_nulls.contains(row)));
    assert_strongest_neurons_are_those_of_single_lesions(&RunFiles::read(&run));
}

/// Checks the drops of a set's strongest neurons in layer 4, whose neurons were lesioned one by one.
fn assert_strongest_neurons_are_those_of_single_lesions(run: &RunFiles) {
    let (verdicts, causal) = (run.rows("verdicts.csv"), run.rows("neurons_causal.csv"));
    let profile = run.rows("profile.csv");
    let sets = run.json("neuron_sets.json");
    for row in rows_with(&profile, &[("layer", "4")]) {
        let label = &*row["neuron_set"];
        let is_of_row = |set: &&Value| set["layer"] == 4 && set["label"] == label;
        let set = list(&sets["sets"]).iter().find(is_of_row).unwrap();
        let set = if row["sets"] == "labelled" { &set["neurons"] } else { &set["lesioned"] };
        let values = [
            ("question", "effect"),
            ("layers", "4"),
            ("neuron_set", label),
            ("sets", &row["sets"]),
        ];
        // The direction in which the set differs from random sets.
        let sign = number(row_with(&verdicts, &values), "excess").signum();
        let singles = rows_with(&causal, &[("target", label)]).into_iter();
        let singles = singles.filter(|row| list(set).contains(&count(row, "neuron").into()));
        let strongest = singles.map(|row| sign * number(row, "margin_drop")).reduce(f64::max);
        assert_close(number(row, "strongest_1_drop"), sign * strongest.unwrap(), 1e-5);
    }
}

#[test]
fn the_controlled_lesion_of_all_labelled_neurons_is_the_paper_s() {
    for run in [paper(), controlled()] {
        let (lesions, nulls) = (run.rows("lesions.csv"), run.rows("nulls.csv"));
        let prompt_controls = run.rows("prompt_controls.csv");
        for label in LABELS {
            let mut drops = Vec::new();
            let of_label = rows_with(&lesions, &[("neuron_set", label)]);
            // The rows of the right words.
            for lesion in of_label.into_iter().filter(|row| row["candidate"] == row["target"]) {
                let values = [
                    ("sets", "labelled"),
                    ("layer", "4"),
                    ("prompt", &lesion["prompt"]),
                    ("position", &lesion["position"]),
                ];
                assert_drops(row_with(&prompt_controls, &values), drops_of(lesion), 5e-5);
                drops.push(number(lesion, "margin_drop"));
            }
            let values = [("sets", "labelled"), ("neuron_set", label), ("kind", "matched")];
            let matched = row_with(&nulls, &values);
            assert_close(number(matched, "margin_drop"), mean(drops), 1e-5);
        }
    }
}

#[test]
fn the_paper_s_lesion_is_not_lesioned_twice() {
    let args = ["--significant", "--parts", "controls", "--nulls", "1"];
    let has_labelled = |args: &[&str]| {
        let rows = Run::new(args).rows("profile.csv");
        let labelled = rows_with(&rows, &[("sets", "labelled")]).len();
        assert!([0, LABELS.len()].contains(&labelled));
        labelled > 0
    };
    assert!(!has_labelled(&[&args[..], &["--layers", "4"]].concat()));
    assert!(has_labelled(&[&args[..], &["--layers", "5"]].concat()));
    assert!(has_labelled(&[&args[..], &["--layers", "4", "--kind", "scale=0.5"]].concat()));
}

/// The standard error of a mean over prompts of different templates.
fn standard_error(values: &[f64]) -> f64 {
    let centre = mean(values.iter().copied());
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    squares.sqrt() / values.len() as f64
}

#[test]
fn the_interval_of_an_effect_is_over_templates() {
    let profile = controlled().rows("profile.csv");
    let prompts = controlled().rows("prompt_controls.csv");
    for row in &profile {
        let values = [("sets", &*row["sets"]), ("neuron_set", &row["neuron_set"])];
        let margins = column(&rows_with(&prompts, &values), "margin_drop");
        let drop = number(row, "margin_drop");
        let (low, high) = (number(row, "margin_low"), number(row, "margin_high"));
        assert!(low < drop && drop < high, "{row:?}");
        // With 106 templates the bootstrap's interval is nearly the normal interval, but for the
        // effect's skewness.
        assert_close((high - low) / (2.0 * 1.96 * standard_error(&margins)), 1.0, 0.1);
    }
    for row in &paper().rows("profile.csv") {
        assert_eq!((&*row["margin_low"], &*row["margin_high"]), ("", ""));
    }
}

/// The difference of a label's matched lesion from the mean of two random sets in each prompt, by
/// template.
fn excess_over_two_sets(prompts: &[Row], label: &str, sets: &str) -> BTreeMap<String, Vec<f64>> {
    let mut excess: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in rows_with(prompts, &[("neuron_set", label), ("sets", sets)]) {
        // The range of two sets lies symmetrically between them.
        let random =
            f64::midpoint(number(row, "random_margin_low"), number(row, "random_margin_high"));
        excess.entry(row["prompt"].clone()).or_default().push(number(row, "margin_drop") - random);
    }
    excess
}

/// The margins of a label's right words without a lesion, by template.
fn clean_margins(run: &Run, label: &str) -> BTreeMap<String, Vec<f64>> {
    let masked = run.rows("prompts.csv");
    let predictions = run.rows("predictions.csv");
    let masks =
        predictions.chunk_by(|a, b| a["prompt"] == b["prompt"] && a["position"] == b["position"]);
    let mut margins: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for rows in masks {
        let place = [("prompt", &*rows[0]["prompt"]), ("position", &rows[0]["position"])];
        if row_with(&masked, &place)["label"] == label {
            // The right word is first.
            let others = rows[1..].iter().map(|row| number(row, "logit"));
            let margin = number(&rows[0], "logit") - others.fold(f64::NEG_INFINITY, f64::max);
            margins.entry(rows[0]["prompt"].clone()).or_default().push(margin);
        }
    }
    margins
}

/// The mean of each template.
fn template_means(by_template: &BTreeMap<String, Vec<f64>>) -> Vec<f64> {
    by_template.values().map(|values| mean(values.iter().copied())).collect()
}

/// The squared standard error of a mean of independent values, with n - 1.
fn squared_error(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    standard_error(values).powi(2) * count / (count - 1.0)
}

/// The JZS Bayes factor of a paired t, by Simpson's rule over the logarithm of g.
fn jzs_bayes_factor(t: f64, pairs: f64) -> f64 {
    const STEPS: u32 = 20_000;
    let freedom = pairs - 1.0;
    let integrand = |ln_g: f64| {
        let g = ln_g.exp();
        let spread = 1.0 + pairs * g / 2.0;
        let likelihood = spread.powf(-0.5) * (1.0 + t * t / (spread * freedom)).powf(-pairs / 2.0);
        let prior = std::f64::consts::TAU.powf(-0.5) * g.powf(-1.5) * (-0.5 / g).exp();
        likelihood * prior * g
    };
    let (start, end) = (-8.0, 40.0);
    let step = (end - start) / f64::from(STEPS);
    let weight = |i: u32| match i {
        0 | STEPS => 1.0,
        i if i % 2 == 1 => 4.0,
        _ => 2.0,
    };
    let sum: f64 = (0..=STEPS).map(|i| weight(i) * integrand(start + step * f64::from(i))).sum();
    sum * step / 3.0 / (1.0 + t * t / freedom).powf(-pairs / 2.0)
}

#[test]
fn equivalence_and_bayes_factors_are_those_of_the_excess_over_random_sets() {
    let args = ["--parts", "controls", "--layers", "0,5", "--nulls", "2", "--equivalence", "0.1"];
    let run = run_controlled(&[], &args);
    let (prompts, nulls) = (run.rows("prompt_controls.csv"), run.rows("nulls.csv"));
    let mut expected = Vec::new();
    let verdicts = run.rows("verdicts.csv");
    let effects = rows_with(&verdicts, &[("question", "effect")]);
    for claim in &effects {
        let label = &*claim["neuron_set"];
        let in_layer: Vec<Row> =
            prompts.iter().filter(|row| row["layer"] == claim["layers"]).cloned().collect();
        let by_template = excess_over_two_sets(&in_layer, label, &claim["sets"]);
        let in_prompts: Vec<f64> = by_template.values().flatten().copied().collect();
        assert_eq!(in_prompts.len(), 106);
        assert_close(number(claim, "excess"), mean(in_prompts), 1e-9);

        let excess = template_means(&by_template);
        let margins = template_means(&clean_margins(&run, label));
        let clean = mean(margins.iter().copied());
        assert_close(number(claim, "equivalence"), 0.1 * clean.abs(), 1e-6);
        let values = [
            ("layer", &*claim["layers"]),
            ("neuron_set", label),
            ("sets", &claim["sets"]),
            ("kind", "random"),
        ];
        let of_random = squared_error(&column(&rows_with(&nulls, &values), "margin_drop"));
        let student = StudentsT::new(0.0, 1.0, excess.len() as f64 - 1.0).unwrap();
        // Each template's excess beside its own margin of equivalence.
        let t = |sign: f64| {
            let share = sign * 0.1 * clean.signum();
            let beside: Vec<f64> = excess
                .iter()
                .zip(&margins)
                .map(|(excess, margin)| excess + share * margin)
                .collect();
            mean(beside.iter().copied()) / (squared_error(&beside) + of_random).sqrt()
        };
        expected.push(student.sf(t(1.0)).max(student.cdf(t(-1.0))));
        let t = mean(excess.iter().copied()) / squared_error(&excess).sqrt();
        let factor = jzs_bayes_factor(t, excess.len() as f64);
        assert_close(number(claim, "bayes_factor") / factor, 1.0, 1e-6);
    }
    // Holm's correction of the claims that have the test.
    let mut order: Vec<usize> = (0..expected.len()).collect();
    order.sort_by(|&a, &b| expected[a].total_cmp(&expected[b]));
    let mut corrected = 0.0_f64;
    for (rank, index) in order.into_iter().enumerate() {
        corrected = corrected.max((expected.len() - rank) as f64 * expected[index]).min(1.0);
        let found = number(effects[index], "p_no_effect");
        assert_close(found.ln(), corrected.ln(), 1e-5 * corrected.ln().abs().max(1.0));
    }
    for claim in rows_with(&verdicts, &[("question", "dissociation")]) {
        assert_eq!((&*claim["p_no_effect"], &*claim["bayes_factor"]), ("", ""));
    }
}

#[test]
fn synergy_is_the_joint_effect_minus_the_sum_of_single_effects() {
    let args = ["--parts", "joint", "--layers", "3,4,5", "--nulls", "1"];
    let run = run_controlled(&[], &args);
    let several = run.rows("joint.csv");
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
        // Only all layers together and given ones are compared with random sets.
        let is_tested = ["0 1 2 3 4 5", "0 3"].contains(&&*row["layers"]);
        assert_eq!(optional(row, "p_synergy").is_some(), is_tested, "{row:?}");
        assert_eq!(optional(row, "random_low").is_some(), is_tested, "{row:?}");
    }
    // The range of one random set is its synergy.
    let verdicts = run.rows("verdicts.csv");
    let synergies = rows_with(&verdicts, &[("question", "synergy")]);
    assert_eq!(synergies.len(), LABELS.len());
    for claim in synergies {
        let random = number(claim, "random_low");
        assert_eq!((&claim["random_low"], &*claim["p"]), (&claim["random_high"], "1.0"));
        assert_close(number(claim, "excess"), number(claim, "value") - random, SUM_TOLERANCE);
        assert!(number(claim, "bayes_factor") > 0.0 && number(claim, "equivalence") > 0.0);
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

/// The matched margin drops of a label's neurons, each with its template.
fn margins_by_template(run: &RunFiles, label: &str) -> Vec<(String, f64)> {
    let prompts = run.rows("prompt_controls.csv");
    let rows = rows_with(&prompts, &[("sets", "lesioned"), ("neuron_set", label)]);
    rows.into_iter().map(|row| (row["prompt"].clone(), number(row, "margin_drop"))).collect()
}

/// The standard error of the sum of two means, the second with a sign, clustered by template.
fn clustered_error(first: &[(String, f64)], second: &[(String, f64)], sign: f64) -> f64 {
    let mut residuals: BTreeMap<&str, f64> = BTreeMap::new();
    for (margins, sign) in [(first, 1.0), (second, sign)] {
        let centre = mean(margins.iter().map(|&(_, drop)| drop));
        for (template, drop) in margins {
            let residual = sign * (drop - centre) / margins.len() as f64;
            *residuals.entry(template).or_default() += residual;
        }
    }
    residuals.values().map(|residual| residual.powi(2)).sum::<f64>().sqrt()
}

#[test]
fn the_dissociation_compares_the_same_neurons_in_the_prompts_of_both_labels() {
    // The same sets with their labels exchanged: each is lesioned in the other label's prompts.
    let sets = std::str::from_utf8(&controlled().0["neuron_sets.json"]).unwrap();
    let exchanged = sets.replace("\"him\"", "\"x\"").replace("\"her\"", "\"him\"");
    let exchanged = exchanged.replace("\"x\"", "\"her\"");
    let args = ["--neurons", "sets.json", "--parts", "controls", "--layers", "5", "--nulls", "20"];
    let exchanged = RunFiles::read(&run_controlled(&[("sets.json", &exchanged)], &args));
    let other_rows = exchanged.rows("dissociation.csv");
    let rows = controlled().rows("dissociation.csv");
    let rows = rows_with(&rows, &[("sets", "lesioned")]);
    assert_eq!(rows.len(), LABELS.len());
    for row in rows {
        let label = &*row["neuron_set"];
        let values = [("neuron_set", other_label(label)), ("sets", "lesioned")];
        let other = row_with(&other_rows, &values);
        for (column, exchanged) in [
            ("own_prompts", "other_prompts"),
            ("own_logit_drop", "other_logit_drop"),
            ("own_margin_drop", "other_margin_drop"),
        ] {
            assert_close(number(row, column), number(other, exchanged), 1e-5);
            assert_close(number(row, exchanged), number(other, column), 1e-5);
        }
        let own_margins = margins_by_template(controlled(), label);
        let other_margins = margins_by_template(&exchanged, other_label(label));
        // With 106 templates the bootstrap's interval is nearly the normal interval.
        for (sign, column, [low, high]) in
            [(-1.0, "difference", ["low", "high"]), (1.0, "both", ["both_low", "both_high"])]
        {
            let value = number(row, column);
            let means = [&own_margins, &other_margins]
                .map(|margins| mean(margins.iter().map(|&(_, drop)| drop)));
            assert_close(value, means[0] + sign * means[1], 1e-5);
            let (low, high) = (number(row, low), number(row, high));
            assert!(low < value && value < high, "{row:?}");
            let width = 2.0 * 1.96 * clustered_error(&own_margins, &other_margins, sign);
            assert_close((high - low) / width, 1.0, 0.05);
        }
    }
    for row in &paper().rows("dissociation.csv") {
        for column in ["low", "high", "both_low", "both_high"] {
            assert_eq!(row[column], "", "one template is too few for an interval");
        }
    }
}

#[test]
fn neurons_of_the_other_label_have_their_own_effect_in_these_prompts() {
    for run in [paper(), controlled()] {
        let nulls = run.rows("nulls.csv");
        for swapped in rows_with(&nulls, &[("kind", "swapped")]) {
            let values = [
                ("layer", &*swapped["layer"]),
                ("neuron_set", other_label(&swapped["neuron_set"])),
                ("sets", "lesioned"),
                ("kind", "matched"),
            ];
            let matched = row_with(&nulls, &values);
            for drop in ["logit_drop", "margin_drop"] {
                let other = number(matched, &format!("other_{drop}"));
                assert_close(number(swapped, drop), other, 1e-5);
            }
        }
    }
}

/// A run of a part that looks at several layers.
fn run_layers(part: &str, prompts: &[&str], threads: &str) -> Run {
    let study = format!("[{part}]\nlayers = [4, 1, 4]\n");
    let options = ["study.toml", "--parts", part, "--threads", threads];
    Run::command("run", &[("study.toml", &study)], &[&options, prompts].concat())
}

#[test]
fn doses_of_several_layers_are_those_of_each_with_intervals_that_hold_together() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/prompts/controlled.txt");
    let prompts = ["--prompts", file.to_str().unwrap()];
    let both = run_layers("dose", &prompts, "1");
    assert_eq!(both.bytes("dose.csv"), run_layers("dose", &prompts, "2").bytes("dose.csv"));
    let ends = ["margin_low", "margin_high"];
    let mut rows = both.rows("dose.csv").into_iter();
    for layer in ["1", "4"] {
        let alone = run_controlled(&[], &["--parts", "dose", "--layer", layer]);
        for alone in alone.rows("dose.csv") {
            let row = rows.next().unwrap();
            for (column, cell) in &alone {
                assert!(ends.contains(&&**column) || row[column] == *cell, "{column}: {row:?}");
            }
            assert_eq!(alone["margin_low"].is_empty(), alone["kind"] != "matched");
            if alone["kind"] != "matched" {
                continue;
            }
            let widths = [&row, &alone].map(|row| {
                let [low, high] = ends.map(|end| number(row, end));
                assert_close(f64::midpoint(low, high), number(row, "margin_drop"), 1e-9);
                high - low
            });
            // One of two intervals, and a single one, over the lines that have prompts of the label.
            let prompts = both.rows("prompts.csv");
            let prompts = rows_with(&prompts, &[("label", &row["neuron_set"])]);
            let lines: BTreeSet<&str> = prompts.iter().map(|prompt| &*prompt["prompt"]).collect();
            let student = StudentsT::new(0.0, 1.0, lines.len() as f64 - 1.0).unwrap();
            let expected = student.inverse_cdf(1.0 - 0.0125) / student.inverse_cdf(1.0 - 0.025);
            assert_close(widths[0] / widths[1], expected, 1e-6);
        }
    }
    assert!(rows.next().is_none());
    let screen = both.stdout();
    for expected in ["Of the 2 layers looked at, layer", "one of 2 that hold together"] {
        assert!(screen.contains(expected), "{expected}: {screen}");
    }
}

#[test]
fn single_neurons_of_several_layers_are_those_of_each() {
    let both = run_layers("causal", &[], "1");
    let mut rows = both.rows("neurons_causal.csv").into_iter();
    for layer in ["1", "4"] {
        let alone = Run::new(&["--parts", "causal", "--layer", layer]);
        for alone in alone.rows("neurons_causal.csv") {
            assert_eq!(rows.next(), Some(alone));
        }
    }
    assert!(rows.next().is_none());
    let screen = both.stdout();
    for expected in ["in 2 layers looked at, neuron", "(no interval, too few templates)"] {
        assert!(screen.contains(expected), "{expected}: {screen}");
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
        let doubled = (0..).map(|exponent| 1 << exponent).take_while(|&size| size < most);
        assert_eq!(sizes, doubled.chain([most]).collect::<Vec<usize>>());
        for size in sizes {
            let others = labelled(&neurons, "4", other_label(label)).len();
            assert_eq!(doses("swapped", size).len(), usize::from(size <= others));
            assert_eq!(doses("random", size).len(), 10);
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
    for file in ["joint.csv", "lesions.csv", "dissociation.csv", "neuron_sets.json"] {
        assert!(again.bytes(file) == paper().0[file], "{file} differs");
    }
    // Sets from a file cannot be selected again, and the least tuned neurons follow the tests.
    let lasting = |mut nulls: Vec<Row>| {
        nulls.retain(|row| !["reselected", "least-tuned"].contains(&&*row["kind"]));
        nulls
    };
    assert_eq!(lasting(again.rows("nulls.csv")), lasting(paper().rows("nulls.csv")));
    assert!(!again.rows("nulls.csv").iter().any(|row| row["kind"] == "reselected"));
    assert_ne!(again.bytes("neurons.csv"), paper().0["neurons.csv"]);
}

#[test]
fn only_the_set_of_the_file_is_lesioned() {
    let sets = r#"{"sets": [{"layer": 5, "label": "her", "neurons": [84, 3, 84]}]}"#;
    let args = ["--neurons", "sets.json", "--layer", "5", "--nulls", "20"];
    let args = [&args[..], &["--parts", "controls,joint,dose,causal", "--every-kind"]].concat();
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
    assert_eq!((matched.len(), least_tuned.len(), nulls.len()), (1, 1, 2 + 3 * RANDOM_SETS));
    let is_of_set = |row: &Row| row["layer"] == "5" && row["neuron_set"] == "her";
    assert!(nulls.iter().all(|row| is_of_set(row) && row["neurons"] == "2"));
    for row in written.rows("profile.csv") {
        let is_lesioned = is_of_set(&row);
        assert_eq!(row["neurons"], if is_lesioned { "2" } else { "0" });
        assert_eq!(optional(&row, "p_random").is_some(), is_lesioned);
        assert!(is_lesioned || number(&row, "margin_drop") == 0.0);
    }
    let controls = Controls { is_selected: false, ..Controls::of_every_kind(RANDOM_SETS) };
    assert_summaries_follow_from_rows(controls, |table| written.rows(table));
    let dissociation = written.rows("dissociation.csv");
    assert_eq!(dissociation.len(), 1);
    assert!(is_of_set(&dissociation[0]));
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
                for drop in ["other_logit_drop", "other_margin_drop"] {
                    let drops =
                        [other, usual].map(|row| row.get(drop).and_then(|d| d.parse().ok()));
                    let [found, expected]: [Option<f64>; 2] = drops;
                    assert_close(found.unwrap_or_default(), expected.unwrap_or_default(), 5e-5);
                }
            }
        }
    }
}
