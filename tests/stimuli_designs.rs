//! Stimuli that are not plain pairs: single sentences of two labels, and groups of stimuli. The model
//! has planted neurons for him and her.

use std::{collections::BTreeMap, fmt::Write as _};

use safetensors::SafeTensors;
use serde_json::{Value, json};
use statrs::distribution::{ContinuousCDF, StudentsT};
use tempfile::TempDir;

use crate::support::{
    Row, Run, assert_close, assert_user_error, number,
    planted::{HER, HIM, MASKS, NEURONS, PROMPTS, Planted, assert_planted_neurons_are_selected},
};

/// Single sentences with the target at token 3 or 4, as in [`PLACES`].
const SENTENCES: &str = "We saw {him}.\nThe dog saw {him} today.\nThey thanked {him}.\n\
    We met {her} and the dog.\nThe dog met {her}.\nNobody knew {her} and we met.\n\
    They saw {her} today.\nA letter reached {her} today.\nThe letter reached {him}.\n";
/// The label and the position of the target of each of [`SENTENCES`].
const PLACES: [(&str, usize); 9] = [
    ("him", 3),
    ("him", 4),
    ("him", 3),
    ("her", 3),
    ("her", 4),
    ("her", 3),
    ("her", 3),
    ("her", 4),
    ("him", 4),
];
const LAYERS: usize = 2;

/// Runs a command on a planted model with these stimuli.
fn run(command: &str, stimuli: &str, args: &[&str]) -> Run {
    let dir = TempDir::new().unwrap();
    Planted::new(true).write(dir.path());
    let files = [("stimuli.txt", stimuli), ("prompts.txt", PROMPTS), ("study.toml", "")];
    let model = dir.path().to_str().unwrap();
    let inputs = ["--model", model, "--stimuli", "stimuli.txt", "--prompts", "prompts.txt"];
    Run::command(command, &files, &[args, &inputs].concat())
}

/// A study with 20 random sets.
fn reproduce(stimuli: &str, args: &[&str]) -> Run {
    run("reproduce", stimuli, &[&["--nulls", "20"], args].concat())
}

/// A study with 20 random sets of neurons that are significant at 0.001.
fn reproduce_strictly(stimuli: &str, args: &[&str]) -> Run {
    let strict = ["--alpha", "0.001", "--share", "0.075"];
    reproduce(stimuli, &[&strict[..], args].concat())
}

fn manifest(run: &Run) -> Value {
    serde_json::from_slice(&run.bytes("manifest.json")).unwrap()
}

/// [`SENTENCES`] in two groups for him and three for her, in turn.
fn grouped_sentences() -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut text = String::new();
    for ((label, _), line) in PLACES.iter().zip(SENTENCES.lines()) {
        let count = counts.entry(label).or_default();
        let groups = if *label == "him" { 2 } else { 3 };
        // Both labels use the same names.
        writeln!(text, "group=g{}\t{line}", *count % groups).unwrap();
        *count += 1;
    }
    text
}

/// The rows of both sides of one neuron in the saved activations before GELU.
fn saved(run: &Run, neuron: usize) -> [Vec<f64>; 2] {
    let bytes = run.bytes("activations.safetensors");
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    ["pre.a", "pre.b"].map(|name| {
        let tensor = tensors.tensor(name).unwrap();
        let values: Vec<f64> = tensor
            .data()
            .chunks_exact(4)
            .map(|bytes| f64::from(f32::from_le_bytes(bytes.try_into().unwrap())))
            .collect();
        assert_eq!(tensor.shape()[1..], [LAYERS, NEURONS]);
        values.chunks_exact(LAYERS * NEURONS).map(|row| row[neuron]).collect()
    })
}

/// The means of so many groups, to which the values belong in turn.
fn group_means(values: &[f64], groups: usize) -> Vec<f64> {
    let group = |first: usize| values.iter().skip(first).step_by(groups);
    (0..groups).map(|first| group(first).sum::<f64>() / group(first).count() as f64).collect()
}

/// The mean, and the sum of the squared deviations from it.
fn mean_and_squares(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum())
}

/// t and its degrees of freedom by the textbook.
fn t_test(test: &str, [a, b]: [&[f64]; 2]) -> (f64, f64) {
    let (n_a, n_b) = (a.len() as f64, b.len() as f64);
    let ((mean_a, squares_a), (mean_b, squares_b)) = (mean_and_squares(a), mean_and_squares(b));
    match test {
        "paired" => {
            let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
            let (mean, squares) = mean_and_squares(&differences);
            (mean / (squares / (n_a - 1.0) / n_a).sqrt(), n_a - 1.0)
        }
        "student" => {
            let df = n_a + n_b - 2.0;
            let variance = (squares_a + squares_b) / df;
            ((mean_a - mean_b) / (variance * (1.0 / n_a + 1.0 / n_b)).sqrt(), df)
        }
        _ => {
            let error_a = squares_a / (n_a - 1.0) / n_a;
            let error_b = squares_b / (n_b - 1.0) / n_b;
            let error = error_a + error_b;
            let df =
                error.powi(2) / (error_a.powi(2) / (n_a - 1.0) + error_b.powi(2) / (n_b - 1.0));
            ((mean_a - mean_b) / error.sqrt(), df)
        }
    }
}

/// Checks every test of a run against the textbook, on the means of so many groups of each side.
#[track_caller]
fn assert_tests_are_of_group_means(run: &Run, test: &str, groups: [usize; 2]) {
    let mut tested = 0;
    for (index, row) in run.rows("neurons.csv").iter().enumerate() {
        let [a, b] = saved(run, index);
        let (a, b) = (group_means(&a, groups[0]), group_means(&b, groups[1]));
        let (t, df) = t_test(test, [&a, &b]);
        // Where the spread is no more than rounding, t is undefined or means nothing.
        if number(row, "t").is_nan() || !t.is_finite() || t.abs() > 1e3 {
            continue;
        }
        assert_close(number(row, "t"), t, 1e-3 * t.abs().max(1.0));
        assert_close(number(row, "df"), df, 1e-3 * df);
        let p =
            2.0 * StudentsT::new(0.0, 1.0, number(row, "df")).unwrap().sf(number(row, "t").abs());
        assert_close(number(row, "p"), p, 1e-6);
        tested += 1;
    }
    assert!(tested >= HIM.len() + HER.len(), "{tested}");
}

// Single sentences.

#[test]
fn single_sentences_select_the_planted_neurons_by_either_test() {
    for test in [&[][..], &["--test", "student"]] {
        let run = reproduce_strictly(SENTENCES, &[&["--save-activations"], test].concat());
        assert_planted_neurons_are_selected(&run);
        let name = test.last().unwrap_or(&"welch");
        assert_tests_are_of_group_means(&run, name, [4, 5]);
        let counts = json!({ "paired": false, "sentences": [4, 5], "groups": [4, 5] });
        assert_eq!(manifest(&run)["selected_on"], counts);
        assert_eq!(manifest(&run)["skipped"], json!({}));
        assert!(run.stdout().contains("4 and 5 sentences"), "{}", run.stdout());
        let page = String::from_utf8(run.bytes("report.html")).unwrap();
        assert!(page.contains("4 and 5 sentences with the labels"));
        assert!(!page.contains("the pairs") && !page.contains("5 pairs"));
        for row in run.rows("dynamic.csv") {
            assert_eq!(row["same_neurons"], "true");
        }
        // All neurons of the resampled sets are planted ones of the label, or equally strong.
        for row in run.rows("stability.csv") {
            assert!(number(&row, "dice") > 0.8, "{row:?}");
        }
    }
}

#[test]
fn the_order_of_single_sentences_only_decides_which_label_is_first() {
    let reversed: Vec<&str> = SENTENCES.lines().rev().collect();
    let other_first: Vec<&str> =
        SENTENCES.lines().skip(3).take(5).chain(SENTENCES.lines().take(3)).collect();
    let t_of = |stimuli: &str| -> Vec<f64> {
        let run = reproduce_strictly(stimuli, &["--parts", "none"]);
        run.rows("neurons.csv").iter().map(|row| number(row, "t")).collect()
    };
    let t = t_of(SENTENCES);
    for (t, other) in t.iter().zip(t_of(&reversed.join("\n"))) {
        assert!(t.is_nan() && other.is_nan() || (t - other).abs() < 1e-6 * t.abs(), "{t} {other}");
    }
    let swapped = format!("{}\n{}", other_first.join("\n"), "The letter reached {him}.");
    for (t, other) in t.iter().zip(t_of(&swapped)) {
        assert!(t.is_nan() && other.is_nan() || (t + other).abs() < 1e-6 * t.abs(), "{t} {other}");
    }
}

#[test]
fn a_label_before_a_tab_gathers_different_words() {
    let mut labelled = String::new();
    for line in SENTENCES.lines() {
        let label = if line.contains("him") { "second" } else { "first" };
        writeln!(labelled, "{label}\t{line}").unwrap();
    }
    let prompts = "first\tThe dog met {her|him}.\nsecond\tThey saw {him|her} today.\n";
    let dir = TempDir::new().unwrap();
    Planted::new(true).write(dir.path());
    let files = [("stimuli.txt", &*labelled), ("prompts.txt", prompts)];
    let model = dir.path().to_str().unwrap();
    let args = ["--model", model, "--stimuli", "stimuli.txt", "--prompts", "prompts.txt"];
    let run =
        Run::with_files(&files, &[&args[..], &["--parts", "none", "--alpha", "0.001"]].concat());
    for row in run.rows("neurons.csv") {
        let neuron: usize = row["neuron"].parse().unwrap();
        let expected = match row["layer"].as_str() {
            "1" if HIM.contains(&neuron) => "second",
            "1" if HER.contains(&neuron) => "first",
            _ => "",
        };
        assert_eq!(row["label"], expected);
    }
    assert_eq!(manifest(&run)["label_a"], "second");
    let lesioned: Vec<String> =
        run.rows("prompts.csv").iter().map(|row| row["label"].clone()).collect();
    assert_eq!(lesioned, ["first", "second"]);
}

#[test]
fn a_share_of_each_labels_sentences_is_held_out() {
    let run = reproduce_strictly(
        SENTENCES,
        &["--held-out", "0.45", "--test", "student", "--parts", "stability", "--seed", "1"],
    );
    // Two of four and two of five sentences are held out.
    let manifest = manifest(&run);
    assert_eq!(manifest["selected_on"]["sentences"], json!([2, 3]));
    assert_eq!(manifest["held_out_stimuli"]["sentences"], json!([2, 2]));
    let held_out: Vec<usize> = serde_json::from_value(manifest["held_out"].clone()).unwrap();
    let labels: Vec<&str> = held_out.iter().map(|&line| PLACES[line].0).collect();
    assert_eq!(labels.iter().filter(|&&label| label == "him").count(), 2);
    assert_eq!(labels.len(), 4);
    for row in run.rows("neurons.csv") {
        assert_close(number(&row, "df"), 3.0, 0.0);
    }
    for row in run.rows("held_out.csv") {
        assert_eq!(row["neurons"], row["same_direction"], "{row:?}");
    }
    assert!(run.stdout().contains("On the held-out sentences, of "), "{}", run.stdout());
}

/// The value of each planted neuron in lesions of a kind.
fn lesion_values(model: &Planted, kind: &str) -> Vec<f64> {
    let activations = PLACES.map(|(word, position)| (word, model.activations(word, position)));
    let of_label = |label: &str, neuron: usize| -> Vec<f64> {
        let rows = activations.iter().filter(|(word, _)| *word == label);
        rows.map(|(_, activations)| activations[neuron]).collect()
    };
    let value = |neuron: usize| {
        let [mut him, mut her] = ["him", "her"].map(|label| of_label(label, neuron));
        if kind == "mean" {
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            return f64::midpoint(mean(&him), mean(&her));
        }
        // The planted neurons separate the words: the median lies between the sides, each of which
        // has half of the weight.
        him.sort_by(f64::total_cmp);
        her.sort_by(f64::total_cmp);
        if him[0] > her[0] {
            f64::midpoint(him[0], her[her.len() - 1])
        } else {
            f64::midpoint(her[0], him[him.len() - 1])
        }
    };
    (0..NEURONS).map(value).collect()
}

#[test]
fn both_labels_weigh_the_same_in_the_mean_and_median_of_single_sentences() {
    let model = Planted::new(true);
    for kind in ["mean", "median"] {
        let run = reproduce(
            SENTENCES,
            &["--kind", kind, "--significant", "--alpha", "0.001", "--parts", "controls"],
        );
        let values = lesion_values(&model, kind);
        let rows = run.rows("prompt_controls.csv");
        let rows: Vec<&Row> =
            rows.iter().filter(|row| row["sets"] == "lesioned" && row["layer"] == "1").collect();
        assert_eq!(rows.len(), MASKS.len());
        for row in rows {
            let (neurons, right) = match row["neuron_set"].as_str() {
                "him" => (&HIM[..], 0),
                _ => (&HER[..], 1),
            };
            let position = row["position"].parse().unwrap();
            let clean = model.logits("[MASK]", position, &[]);
            let lesioned = model.logits_with("[MASK]", position, |activations| {
                for &neuron in neurons {
                    activations[neuron] = values[neuron];
                }
            });
            let margin = |logits: [f64; 2]| logits[right] - logits[1 - right];
            assert_close(number(row, "margin_drop"), margin(clean) - margin(lesioned), 1e-4);
        }
    }
}

#[test]
fn max_t_and_relabelled_sets_shuffle_the_labels_of_single_sentences() {
    let run = reproduce(
        SENTENCES,
        &["--correction", "max-t", "--alpha", "0.05", "--parts", "controls", "--every-kind"],
    );
    // All 9 over 4 ways to give the labels out.
    let manifest = manifest(&run);
    assert_eq!(manifest["relabellings"], 126);
    assert_eq!(manifest["relabellings_exact"], true);
    assert_planted_neurons_are_selected(&run);
    // The labels, and tokens 3 against 4, are the two labellings that separate any neuron entirely.
    let smallest =
        run.rows("neurons.csv").iter().map(|row| number(row, "p_max_t")).fold(1.0, f64::min);
    assert_close(smallest, 2.0 / 126.0, 1e-12);
    assert!(run.rows("nulls.csv").iter().any(|row| row["kind"] == "reselected"));
}

#[test]
fn check_and_register_read_single_sentences_and_groups() {
    for (stimuli, words) in [
        (SENTENCES.to_owned(), "4 and 5 sentences detect"),
        (grouped_sentences(), "4 and 5 sentences in 2 and 3 groups detect"),
    ] {
        let dir = TempDir::new().unwrap();
        Planted::new(true).write(&dir.path().join("model"));
        let files = [
            ("stimuli.txt", &*stimuli),
            ("study.toml", "stimuli = \"stimuli.txt\"\nprompts = \"prompts.txt\"\n"),
            ("prompts.txt", PROMPTS),
        ];
        let model = dir.path().join("model");
        let args = ["study.toml", "--model", model.to_str().unwrap()];
        let check = command("check", &files, &args);
        assert!(check.stdout().contains(words), "{}{}", check.stdout(), check.stderr());
        let register = command("register", &files, &args);
        assert!(register.output.status.success(), "{}", register.stderr());
    }
}

/// A command that has no `--out`.
fn command(command: &str, files: &[(&str, &str)], args: &[&str]) -> Run {
    let dir = TempDir::new().unwrap();
    for (name, content) in files {
        std::fs::write(dir.path().join(name), content).unwrap();
    }
    let output = crate::support::lesion(dir.path()).arg(command).args(args).output().unwrap();
    Run { dir, output }
}

#[test]
fn mistakes_in_single_sentences_are_user_errors() {
    let two_of_each = "We saw {him}.\nThey saw {him}.\nWe saw {her}.\nThey saw {her}.\n";
    for (stimuli, args, problem) in [
        ("We saw {him}.\nWe saw {him|her}.\n", &[][..], "stimuli.txt:2: a pair, but line 1"),
        ("We saw {him|her}.\nWe saw {him}.\n", &[], "stimuli.txt:2: a single sentence, but line 1"),
        ("We saw {him}.\nWe saw {her}.\nWe saw {dog}.\n", &[], "stimuli.txt:3: a third label"),
        ("We saw {him}.\nThey saw {him}.\n", &[], "only the label \"him\""),
        (two_of_each, &["--test", "paired"], "`--test welch`"),
        (two_of_each, &["--held-out", "0.5"], "sentences of one label"),
        // The sentences differ in their masked target only.
        (
            "We saw {him}.\nWe met {him}.\nWe saw {her}.\nThey met {her}.\n",
            &["--select-at", "masked"],
            "stimuli.txt:3: to the model the same as line 1",
        ),
        (
            "him\tWe saw {dog}.\nWe met {him}.\nher\tWe saw {dog}.\nWe met {her}.\n",
            &[],
            "stimuli.txt:3: to the model the same as line 1, which has the other label",
        ),
        (
            "him\tWe saw {dog}.\nWe met {him}.\nhim\twe saw {dog}.\nWe met {her}.\nWe saw {her}.\n",
            &[],
            "stimuli.txt:3: to the model the same as line 1; it would count as two",
        ),
        (
            "group=x\tWe saw {him|her}.\ngroup=x\tThey saw {him|her}.\n",
            &[],
            "the 2 pairs are in 1 group",
        ),
    ] {
        assert_user_error(&run("reproduce", stimuli, args), &[problem]);
    }
}

#[test]
fn single_sentences_in_different_contexts_can_be_masked() {
    let run = reproduce_strictly(SENTENCES, &["--select-at", "masked", "--parts", "none"]);
    // This model cannot tell the words from their contexts.
    assert!(run.rows("neurons.csv").iter().all(|row| row["label"].is_empty()));
}

// Groups.

#[test]
fn tests_are_of_group_means() {
    for test in ["student", "welch"] {
        let args = ["--test", test, "--save-activations", "--parts", "none"];
        let run = reproduce_strictly(&grouped_sentences(), &args);
        assert_tests_are_of_group_means(&run, test, [2, 3]);
        let counts = json!({ "paired": false, "sentences": [4, 5], "groups": [2, 3] });
        assert_eq!(manifest(&run)["selected_on"], counts);
    }
    for test in ["paired", "student", "welch"] {
        let args = ["--test", test, "--save-activations"];
        let run = reproduce_strictly(&grouped_pairs(), &args);
        assert_tests_are_of_group_means(&run, test, [4, 4]);
        let counts = json!({ "paired": true, "sentences": [8, 8], "groups": [4, 4] });
        assert_eq!(manifest(&run)["selected_on"], counts);
        assert!(run.stdout().contains("8 pairs in 4 groups"), "{}", run.stdout());
        for row in run.rows("dynamic.csv") {
            assert_eq!(row["same_neurons"], "true");
        }
    }
}

/// Eight pairs in four groups, in turn.
fn grouped_pairs() -> String {
    let mut pairs = String::new();
    for (index, line) in SENTENCES.lines().take(8).enumerate() {
        let line = line.replace("{him}", "{him|her}").replace("{her}", "{him|her}");
        writeln!(pairs, "group={}\t{line}", index % 4).unwrap();
    }
    pairs
}

#[test]
fn a_group_that_is_held_out_is_held_out_as_a_whole() {
    let run = reproduce_strictly(&grouped_pairs(), &["--held-out", "0.5", "--parts", "none"]);
    let manifest = manifest(&run);
    let held_out: Vec<usize> = serde_json::from_value(manifest["held_out"].clone()).unwrap();
    assert_eq!(held_out.len(), 4);
    assert_eq!(held_out[2..], [held_out[0] + 4, held_out[1] + 4]);
    assert_eq!(manifest["held_out_stimuli"]["groups"], json!([2, 2]));
}

#[test]
fn groups_of_one_line_change_nothing() {
    let pairs = grouped_pairs();
    let mut without = String::new();
    let mut each = String::new();
    for (index, line) in pairs.lines().enumerate() {
        let (_, pair) = line.split_once('\t').unwrap();
        writeln!(without, "{pair}").unwrap();
        writeln!(each, "group=g{index}\t{pair}").unwrap();
    }
    let args = ["--held-out", "0.3", "--parts", "stability,controls"];
    let (plain, grouped) = (reproduce_strictly(&without, &args), reproduce_strictly(&each, &args));
    for table in ["neurons.csv", "selection.csv", "held_out.csv", "stability.csv", "nulls.csv"] {
        assert_eq!(plain.bytes(table), grouped.bytes(table), "{table}");
    }
}
