//! A model with planted neurons for him and her. The study selects exactly these neurons, and measures
//! the effects of their lesions that the formulas predict.

use std::collections::BTreeSet;

use statrs::distribution::{ContinuousCDF, StudentsT};
use tempfile::TempDir;

use crate::support::{
    Row, Run, assert_close, assert_user_error, number,
    planted::{
        HER, HIM, MASKS, NEURONS, PROMPTS, Planted, STIMULI, assert_planted_neurons_are_selected,
        gelu, targets,
    },
    summaries::{Controls, assert_summaries_follow_from_rows, mean, optional, row_with, rows_with},
};

/// This share of 96 neurons is a set that can contain all him neurons.
const SHARED: [&str; 2] = ["--share", "0.075"];
/// Random sets of each kind, enough for every claim.
const RANDOM_SETS: usize = 300;

fn run_study(model: &Planted, args: &[&str]) -> Run {
    run_with_prompts(model, PROMPTS, args)
}

fn run_with_prompts(model: &Planted, prompts: &str, args: &[&str]) -> Run {
    let dir = TempDir::new().unwrap();
    model.write(dir.path());
    let files = [("stimuli.txt", STIMULI), ("prompts.txt", prompts)];
    let model = dir.path().to_str().unwrap();
    let planted = ["--model", model, "--stimuli", "stimuli.txt", "--prompts", "prompts.txt"];
    Run::with_files(&files, &[&planted[..], args].concat())
}

/// A study with [`SHARED`] and [`RANDOM_SETS`].
fn run_shared(model: &Planted, args: &[&str]) -> Run {
    let sets = RANDOM_SETS.to_string();
    run_study(model, &[&SHARED[..], &["--nulls", &sets], args].concat())
}

/// The neurons with a label.
fn planted(label: &str) -> &'static [usize] {
    if label == "him" { &HIM } else { &HER }
}

/// The positions of the masks whose right word is the label.
fn masks(label: &str) -> Vec<usize> {
    MASKS.iter().filter(|(word, _)| *word == label).map(|&(_, position)| position).collect()
}

/// Drops of the logit and the margin of a label's word at a mask, if `change` changes the activations
/// of the last layer.
fn drops(
    model: &Planted,
    label: &str,
    position: usize,
    change: impl FnOnce(&mut [f64]),
) -> [f64; 2] {
    let right = usize::from(label == "her");
    let clean = model.logits("[MASK]", position, &[]);
    let changed = model.logits_with("[MASK]", position, change);
    let margin = |logits: [f64; 2]| logits[right] - logits[1 - right];
    [clean[right] - changed[right], margin(clean) - margin(changed)]
}

/// The drops if `value` maps each planted neuron of the label and its activation to a new activation.
fn changed_drops(
    model: &Planted,
    label: &str,
    position: usize,
    value: &dyn Fn(usize, f64) -> f64,
) -> [f64; 2] {
    drops(model, label, position, |activations| {
        for &neuron in planted(label) {
            activations[neuron] = value(neuron, activations[neuron]);
        }
    })
}

fn silenced_drops(model: &Planted, label: &str, position: usize, neurons: &[usize]) -> [f64; 2] {
    drops(model, label, position, |activations| {
        for &neuron in neurons {
            activations[neuron] = 0.0;
        }
    })
}

/// The mean drops in all prompts of a label.
fn mean_silenced_drops(model: &Planted, label: &str, neurons: &[usize]) -> [f64; 2] {
    let drops: Vec<[f64; 2]> = masks(label)
        .into_iter()
        .map(|position| silenced_drops(model, label, position, neurons))
        .collect();
    [0, 1].map(|measure| mean(drops.iter().map(|drops| drops[measure])))
}

#[track_caller]
fn assert_drops(row: &Row, [logit, margin]: [f64; 2]) {
    assert_close(number(row, "logit_drop"), logit, 1e-4);
    assert_close(number(row, "margin_drop"), margin, 1e-4);
}

fn position(row: &Row) -> usize {
    row["position"].parse().unwrap()
}

// The lesions of the study.

#[test]
fn planted_neurons_are_selected_and_their_lesion_follows_the_formulas() {
    let model = Planted::new(true);
    let run = run_shared(&model, &[]);
    assert_planted_neurons_are_selected(&run);
    let mut lesioned = 0;
    for row in run.rows("lesions.csv") {
        let word = usize::from(row["candidate"] == "her");
        let (token, silenced) = match row["neuron_set"].as_str() {
            "" => (row["target"].as_str(), &[][..]),
            label => ("[MASK]", planted(label)),
        };
        let clean = model.logits(token, position(&row), &[])[word];
        let without = model.logits(token, position(&row), silenced)[word];
        assert!((number(&row, "logit_clean") - clean).abs() < 1e-4, "{row:?}: {clean}");
        assert!((number(&row, "logit_drop") - (clean - without)).abs() < 1e-4, "{row:?}");
        if !silenced.is_empty() && row["candidate"] == row["target"] {
            assert!(number(&row, "logit_drop") > 0.1 && number(&row, "margin_drop") > 0.1);
            lesioned += 1;
        }
    }
    assert_eq!(lesioned, MASKS.len());
}

#[test]
fn planted_neurons_have_a_larger_effect_than_random_sets() {
    let run = run_shared(&Planted::new(true), &[]);
    assert_summaries_follow_from_rows(Controls::new(RANDOM_SETS), |table| run.rows(table));
    let nulls = run.rows("nulls.csv");
    let verdicts = run.rows("verdicts.csv");
    for label in ["him", "her"] {
        let values = [("layer", "1"), ("neuron_set", label), ("sets", "lesioned")];
        let matched = row_with(&nulls, &[&values[..], &[("kind", "matched")]].concat());
        let random = rows_with(&nulls, &[&values[..], &[("kind", "random")]].concat());
        let matched = number(matched, "margin_drop");
        assert!(random.iter().all(|row| number(row, "margin_drop") <= matched + 1e-6));
        let values = [("question", "effect"), ("layers", "1"), ("neuron_set", label)];
        for claim in rows_with(&verdicts, &values) {
            assert_eq!(claim["verdict"], "larger", "{claim:?}");
        }
    }
    // One her neuron is lesioned by the paper's lesion only, so that this is another claim.
    let labelled = rows_with(&verdicts, &[("sets", "labelled")]);
    assert_eq!(labelled.iter().map(|row| &*row["neuron_set"]).collect::<Vec<_>>(), ["her"]);
    let stdout = run.stdout();
    assert!(stdout.contains("lowers the margin by"), "{stdout}");
    // Layer 0 has no neurons with a label, so there is nothing to test.
    assert!(!verdicts.iter().any(|row| row["layers"] == "0"));
    assert!(stdout.contains("No control in 0 (him) and 0 (her): no neuron is lesioned there."));
}

#[test]
fn neurons_that_only_shift_the_odds_of_a_word_are_called_so() {
    // The planted neurons are active at every mask, whatever its right word is.
    let sentences = ["The dog met {}.", "They saw {} today.", "Nobody knew and they thanked {}."];
    let prompts: String = ["{him|her}", "{her|him}"]
        .iter()
        .flat_map(|words| sentences.map(|sentence| sentence.replace("{}", words) + "\n"))
        .collect();
    let sets = RANDOM_SETS.to_string();
    let args = [&SHARED[..], &["--nulls", &sets, "--parts", "controls"]].concat();
    let run = run_with_prompts(&Planted::new(true), &prompts, &args);
    let dissociation = run.rows("dissociation.csv");
    let lesioned = rows_with(&dissociation, &[("sets", "lesioned")]);
    assert_eq!(lesioned.len(), 2);
    for row in lesioned {
        assert!(number(row, "own_margin_drop") > 0.1 && number(row, "other_margin_drop") < -0.1);
        assert_close(number(row, "both"), 0.0, 1e-5);
        let values = [("question", "dissociation"), ("neuron_set", &*row["neuron_set"])];
        let verdicts = run.rows("verdicts.csv");
        assert_eq!(row_with(&verdicts, &values)["verdict"], "undecided");
    }
    let stdout = run.stdout();
    assert!(stdout.contains("So the lesion may only shift the odds of"), "{stdout}");
    assert!(!stdout.contains("dissociation is double"), "{stdout}");
}

#[test]
fn the_matched_sets_and_their_properties_follow_the_formulas() {
    let model = Planted::with_loud_neurons();
    let run = run_study(&model, &["--significant", "--nulls", "100", "--every-kind"]);
    assert_planted_neurons_are_selected(&run);
    assert_summaries_follow_from_rows(Controls::of_every_kind(100), |table| run.rows(table));
    let nulls = run.rows("nulls.csv");
    let profile = run.rows("profile.csv");
    let norms = model.output_norms();
    for (label, other) in [("him", "her"), ("her", "him")] {
        let values = [("layer", "1"), ("neuron_set", label)];
        let matched = row_with(&nulls, &[&values[..], &[("kind", "matched")]].concat());
        assert_drops(matched, mean_silenced_drops(&model, label, planted(label)));
        let swapped = row_with(&nulls, &[&values[..], &[("kind", "swapped")]].concat());
        assert_drops(swapped, mean_silenced_drops(&model, label, planted(other)));
        let [logit, margin] = mean_silenced_drops(&model, other, planted(label));
        assert_close(number(matched, "other_logit_drop"), logit, 1e-4);
        assert_close(number(matched, "other_margin_drop"), margin, 1e-4);

        let activity = activity_at_masks(&model, label);
        let displacement: Vec<f64> =
            activity.iter().zip(&norms).map(|(activity, norm)| activity * norm).collect();
        let sum_of_squares = |values: &[f64]| -> f64 {
            planted(label).iter().map(|&neuron| values[neuron].powi(2)).sum()
        };
        let mean_square = sum_of_squares(&activity) / planted(label).len() as f64;
        assert_close(number(matched, "activity"), mean_square.sqrt(), 1e-5);
        let expected = sum_of_squares(&displacement).sqrt();
        assert_close(number(matched, "displacement"), expected, 1e-5);

        let row = row_with(&profile, &values);
        assert_close(number(row, "activity_shared"), shared(&activity, label), 1e-5);
        assert_close(number(row, "displacement_shared"), shared(&displacement, label), 1e-5);
        // The loud neurons displace as much, and write to no word.
        assert_close(number(row, "displacement_ratio"), 1.0, 0.1);
        assert!(number(row, "displacement_shared") < 0.5);
        let direct: f64 = planted(label)
            .iter()
            .map(|&neuron| mean_silenced_drops(&model, label, &[neuron])[1])
            .sum();
        assert_close(number(row, "direct_margin_drop"), direct, 1e-4);
        let single = |neuron: usize| mean_silenced_drops(&model, label, &[neuron])[1];
        let mut strongest = planted(label).to_vec();
        strongest.sort_by(|&a, &b| single(b).total_cmp(&single(a)));
        strongest.truncate(5);
        assert_close(number(row, "strongest_1_drop"), single(strongest[0]), 1e-4);
        let five = mean_silenced_drops(&model, label, &strongest)[1];
        assert_close(number(row, "strongest_5_drop"), five, 1e-4);
    }
    // The paper's lesion is the same, so it is not lesioned again.
    assert!(rows_with(&profile, &[("sets", "labelled")]).is_empty());
}

/// The mean size of each neuron's activation at the masks of a label.
fn activity_at_masks(model: &Planted, label: &str) -> Vec<f64> {
    let at_masks: Vec<Vec<f64>> =
        masks(label).into_iter().map(|position| model.activations("[MASK]", position)).collect();
    let sizes = |neuron: usize| at_masks.iter().map(move |row| row[neuron].abs());
    (0..NEURONS).map(|neuron| mean(sizes(neuron))).collect()
}

/// The share of a label's neurons, by squared value, that a random set of similar neurons contains on
/// average: of each group of 16 as many as are planted.
fn shared(values: &[f64], label: &str) -> f64 {
    let mut sorted: Vec<usize> = (0..NEURONS).collect();
    sorted.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    let square = |neuron: usize| values[neuron].powi(2);
    let mut shared = 0.0;
    for group in sorted.chunks(16) {
        let inside: Vec<usize> =
            group.iter().copied().filter(|neuron| planted(label).contains(neuron)).collect();
        let squares: f64 = inside.iter().map(|&neuron| square(neuron)).sum();
        shared += squares * inside.len() as f64 / group.len() as f64;
    }
    shared / planted(label).iter().map(|&neuron| square(neuron)).sum::<f64>()
}

/// The numbers of a set's neurons in the groups of 16 that a value sorts the layer into.
fn count_in_groups(values: &[f64], set: &[usize]) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..NEURONS).collect();
    sorted.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    let groups = sorted.chunks(16);
    groups.map(|group| group.iter().filter(|neuron| set.contains(neuron)).count()).collect()
}

/// The neurons of a row of `random_sets.csv`.
fn neurons_of(set: &Row) -> Vec<usize> {
    set["neurons"].split(' ').map(|neuron| neuron.parse().unwrap()).collect()
}

#[test]
fn the_lesion_of_every_random_set_follows_the_formulas() {
    let model = Planted::with_loud_neurons();
    let args = ["--nulls", "25", "--every-kind", "--save-sets", "--parts", "controls"];
    let run = run_study(&model, &[&SHARED[..], &args].concat());
    let nulls = run.rows("nulls.csv");
    let sets = run.rows("random_sets.csv");
    assert_eq!(nulls.len(), sets.len());
    let norms = model.output_norms();
    let mut shared_sets = 0;
    for (lesion, set) in nulls.iter().zip(&sets) {
        for column in ["layer", "neuron_set", "sets", "kind", "draw"] {
            assert_eq!(lesion[column], set[column]);
        }
        let neurons = neurons_of(set);
        assert_eq!(lesion["neurons"], neurons.len().to_string());
        assert!(neurons.is_sorted_by(|a, b| a < b));
        let label = &*lesion["neuron_set"];
        assert_drops(lesion, mean_silenced_drops(&model, label, &neurons));
        if !lesion["other_margin_drop"].is_empty() {
            let other = if label == "him" { "her" } else { "him" };
            let [logit, margin] = mean_silenced_drops(&model, other, &neurons);
            assert_close(number(lesion, "other_logit_drop"), logit, 1e-4);
            assert_close(number(lesion, "other_margin_drop"), margin, 1e-4);
        }
        let activity = activity_at_masks(&model, label);
        let displacement: Vec<f64> =
            activity.iter().zip(&norms).map(|(activity, norm)| activity * norm).collect();
        let square = |values: &[f64]| neurons.iter().map(|&n| values[n].powi(2)).sum::<f64>();
        let root_mean_square = (square(&activity) / neurons.len() as f64).sqrt();
        assert_close(number(lesion, "activity"), root_mean_square, 1e-5);
        assert_close(number(lesion, "displacement"), square(&displacement).sqrt(), 1e-5);
        let same_cell = [("neuron_set", label), ("sets", &*lesion["sets"]), ("kind", "matched")];
        let matched = neurons_of(row_with(&sets, &same_cell));
        assert!(matched.iter().all(|neuron| planted(label).contains(neuron)));
        for (kind, values) in [("random-active", &activity), ("random-displaced", &displacement)] {
            if lesion["kind"] == kind {
                assert_eq!(count_in_groups(values, &neurons), count_in_groups(values, &matched));
            }
        }
        // Both labels share the random sets of a size.
        if lesion["kind"] == "random" && label == "him" {
            let values = [("neuron_set", "her"), ("sets", "lesioned"), ("kind", "random")];
            let other = row_with(&sets, &[&values[..], &[("draw", &*set["draw"])]].concat());
            assert_eq!(other["neurons"], set["neurons"]);
            shared_sets += 1;
        }
    }
    assert_eq!(shared_sets, 25);
}

#[test]
fn every_kind_of_random_set_leaves_the_verdicts_as_they_are() {
    for model in [Planted::new(true), Planted::with_loud_neurons(), Planted::new(false)] {
        let usual = run_shared(&model, &["--parts", "controls"]);
        let every = run_shared(&model, &["--parts", "controls", "--every-kind"]);
        assert_summaries_follow_from_rows(Controls::of_every_kind(RANDOM_SETS), |table| {
            every.rows(table)
        });
        let usual_verdicts = usual.rows("verdicts.csv");
        let every_verdicts = every.rows("verdicts.csv");
        assert_eq!(usual_verdicts.len(), every_verdicts.len());
        for (usual, every) in usual_verdicts.iter().zip(&every_verdicts) {
            for column in ["question", "sets", "layers", "neuron_set", "value", "verdict"] {
                assert_eq!(usual[column], every[column]);
            }
        }
        let every_nulls = every.rows("nulls.csv");
        assert!(usual.rows("nulls.csv").iter().all(|row| every_nulls.contains(row)));
        assert_eq!(usual.bytes("dissociation.csv"), every.bytes("dissociation.csv"));
    }
}

// Neurons at the masks.

/// Welch's t of two samples, and its two-sided p.
fn welch(a: &[f64], b: &[f64]) -> [f64; 2] {
    let squared_error = |values: &[f64]| {
        let centre = mean(values.iter().copied());
        let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
        squares / (values.len() - 1) as f64 / values.len() as f64
    };
    let errors = [squared_error(a), squared_error(b)];
    let t = (mean(a.iter().copied()) - mean(b.iter().copied())) / (errors[0] + errors[1]).sqrt();
    let freedom = (errors[0] + errors[1]).powi(2)
        / (errors[0].powi(2) / (a.len() - 1) as f64 + errors[1].powi(2) / (b.len() - 1) as f64);
    [t, 2.0 * StudentsT::new(0.0, 1.0, freedom).unwrap().sf(t.abs())]
}

/// The largest p that Benjamini and Hochberg's method finds significant at 0.05; 0 if none is.
fn largest_significant(p: &[f64]) -> f64 {
    let mut sorted = p.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = p.len() as f64;
    let ranked = sorted.iter().enumerate().rev();
    let found = ranked.map(|(rank, &p)| (p, 0.05 * (rank + 1) as f64 / count));
    found.into_iter().find(|(p, bound)| p <= bound).map_or(0.0, |(p, _)| p)
}

#[test]
fn neurons_that_differ_at_the_masks_are_counted() {
    let model = Planted::new(true);
    // A neuron is higher for him if his masks are where it is most active.
    let mut positions: Vec<usize> = (2..20).collect();
    let activity = |position: usize| model.activations("[MASK]", position)[HIM[0]];
    positions.sort_by(|&a, &b| activity(b).total_cmp(&activity(a)));
    let (him, her) = (&positions[..6], &positions[12..]);
    let lines = |positions: &[usize], words: &str| -> String {
        let lines = positions.iter().map(|&position| "the ".repeat(position - 1) + words + ".\n");
        lines.collect()
    };
    let prompts = lines(him, "{him|her}") + &lines(her, "{her|him}");
    let args = ["--significant", "--parts", "controls", "--nulls", "1"];
    let run = run_with_prompts(&model, &prompts, &args);
    let profile = run.rows("profile.csv");
    for (label, [at_own, at_other]) in [("him", [him, her]), ("her", [her, him])] {
        let values = |positions: &[usize], neuron: usize| -> Vec<f64> {
            let positions = positions.iter();
            positions.map(|&position| model.activations("[MASK]", position)[neuron]).collect()
        };
        let tests: Vec<[f64; 2]> = (0..NEURONS)
            .map(|neuron| welch(&values(at_own, neuron), &values(at_other, neuron)))
            .collect();
        let p: Vec<f64> = tests.iter().map(|&[_, p]| p).collect();
        let largest = largest_significant(&p);
        let significant = planted(label).iter().filter(|&&neuron| p[neuron] <= largest);
        let higher = significant.clone().filter(|&&neuron| tests[neuron][0] > 0.0).count();
        let lower = significant.count() - higher;
        assert!(label == "her" || higher > 0);
        let row = row_with(&profile, &[("layer", "1"), ("neuron_set", label)]);
        assert_eq!(row["higher_at_masks"], higher.to_string(), "{label}");
        assert_eq!(row["lower_at_masks"], lower.to_string(), "{label}");
    }
}

// The other parts of the laboratory.

#[test]
fn lesions_of_single_planted_neurons_follow_the_formulas_directly() {
    let model = Planted::new(true);
    let rows = run_study(&model, &["--layer", "1", "--parts", "causal"]).rows("neurons_causal.csv");
    assert_eq!(rows.len(), MASKS.len() * (HIM.len() + HER.len()));
    for row in &rows {
        let neuron: usize = row["neuron"].parse().unwrap();
        assert!(planted(&row["label"]).contains(&neuron));
        let expected = silenced_drops(&model, &row["target"], position(row), &[neuron]);
        assert_drops(row, expected);
        assert_eq!(row["direct"], "exact");
        assert_close(number(row, "direct_logit_drop"), expected[0], 1e-4);
        assert_close(number(row, "direct_margin_drop"), expected[1], 1e-4);
    }
}

#[test]
fn layers_without_neurons_add_nothing_to_a_joint_lesion() {
    let model = Planted::new(true);
    let run = run_study(&model, &["--significant", "--parts", "joint", "--nulls", "1"]);
    let rows = run.rows("joint.csv");
    for row in &rows {
        let neurons = if row["layers"] == "0" { &[][..] } else { planted(&row["neuron_set"]) };
        assert_eq!(row["neurons"], neurons.len().to_string());
        let [logit, margin] = mean_silenced_drops(&model, &row["neuron_set"], neurons);
        assert_drops(row, [logit, margin]);
        assert_close(number(row, "sum_of_single"), margin, 1e-4);
        assert_close(number(row, "synergy"), 0.0, 1e-6);
        // Neurons of one layer have no synergy, so there is nothing to compare it with.
        assert_eq!((&*row["random_low"], &*row["p_synergy"]), ("", ""));
    }
    let patterns = rows.iter().map(|row| (&*row["pattern"], &*row["layers"]));
    let expected = [("single", "0"), ("single", "1"), ("up", "0 1")];
    assert_eq!(patterns.collect::<Vec<_>>(), [expected, expected].concat()); // for both labels
    for row in run.rows("verdicts.csv") {
        assert_eq!((&*row["question"], &*row["verdict"]), ("synergy", "no-controls"));
    }
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
        assert_drops(row, mean_silenced_drops(&model, label, &lesioned[..size]));
        found.push((label, size, kind));
    }
    let both = |label, size| ["matched", "swapped"].map(|kind| (label, size, kind));
    let him = [1, 2, 4, 7].map(|size| both("him", size)).concat();
    // There are only seven him neurons.
    let her = [1, 2, 4].map(|size| both("her", size)).concat();
    assert_eq!(found, [him, her, vec![("her", 8, "matched")]].concat());
}

/// How far the distribution at a mask moves without these neurons: its divergence, and whether
/// another word is on top.
fn distribution_change(model: &Planted, position: usize, neurons: &[usize]) -> (f64, bool) {
    let logits = |silenced: &[usize]| {
        model.all_logits("[MASK]", position, |activations| {
            for &neuron in silenced {
                activations[neuron] = 0.0;
            }
        })
    };
    let log_probabilities = |logits: &[f64]| -> Vec<f64> {
        let log_sum = logits.iter().map(|logit| logit.exp()).sum::<f64>().ln();
        logits.iter().map(|logit| logit - log_sum).collect()
    };
    let top = |values: &[f64]| {
        (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap()
    };
    let clean = log_probabilities(&logits(&[]));
    let lesioned = log_probabilities(&logits(neurons));
    let divergence = clean.iter().zip(&lesioned).map(|(p, q)| p.exp() * (p - q)).sum();
    (divergence, top(&clean) != top(&lesioned))
}

#[test]
fn the_change_of_whole_distributions_follows_the_formulas() {
    const BYSTANDERS: &str = "We saw a {dog|letter}.\nNobody met the {letter|dog} and they knew.\n";
    let model = Planted::new(true);
    let dir = TempDir::new().unwrap();
    model.write(dir.path());
    let files =
        [("stimuli.txt", STIMULI), ("prompts.txt", PROMPTS), ("bystanders.txt", BYSTANDERS)];
    let options = "--stimuli stimuli.txt --prompts prompts.txt --bystanders bystanders.txt \
                   --significant --parts specificity --nulls 3 --model";
    let mut options: Vec<&str> = options.split_whitespace().collect();
    options.push(dir.path().to_str().unwrap());
    let rows = Run::with_files(&files, &options).rows("specificity.csv");
    let mut found = Vec::new();
    for row in &rows {
        let label = &*row["neuron_set"];
        let positions = if row["read_at"] == "prompts" { masks(label) } else { vec![4, 4] };
        let changes: Vec<(f64, bool)> = positions
            .iter()
            .map(|&position| distribution_change(&model, position, planted(label)))
            .collect();
        let divergence = mean(changes.iter().map(|&(divergence, _)| divergence));
        assert_close(number(row, "divergence"), divergence, 1e-4);
        let top_changes = changes.iter().filter(|&&(_, changes_top)| changes_top).count();
        assert_eq!(row["top_changes"], top_changes.to_string());
        assert_eq!(row["prompts"], positions.len().to_string());
        assert_eq!(row["random_sets"], "3");
        assert!(number(row, "random_low") <= number(row, "random_high"));
        found.push((&*row["layer"], label, &*row["read_at"]));
    }
    let expected = ["prompts", "bystanders"].map(|at| [("1", "him", at), ("1", "her", at)]);
    assert_eq!(found, expected.concat());
}

// Kinds of lesions.

/// A study with options for the lesion, and its matched lesions of the last layer's planted neurons in
/// each prompt.
fn run_matched(model: &Planted, manner: &[&str]) -> (Run, Vec<Row>) {
    let args = ["--significant", "--parts", "controls", "--layers", "1", "--nulls", "1"];
    let run = run_study(model, &[&args[..], manner].concat());
    assert_summaries_follow_from_rows(Controls::new(1), |table| run.rows(table));
    let mut rows = run.rows("prompt_controls.csv");
    // The paper's lesion is always zero at the mask.
    let paper = rows_with(&rows, &[("sets", "labelled")]).len();
    assert!([0, MASKS.len()].contains(&paper));
    for row in rows_with(&rows, &[("sets", "labelled")]) {
        let label = &*row["neuron_set"];
        assert_drops(row, silenced_drops(model, label, position(row), planted(label)));
    }
    rows.retain(|row| row["sets"] == "lesioned");
    assert_eq!(rows.len(), MASKS.len());
    (run, rows)
}

/// Checks the matched lesions in every prompt, if `value` maps a label, a neuron and its activation to
/// a new activation.
fn assert_values(model: &Planted, manner: &[&str], value: impl Fn(&str, usize, f64) -> f64) {
    for row in run_matched(model, manner).1 {
        let label = &*row["neuron_set"];
        let value = |neuron: usize, activation: f64| value(label, neuron, activation);
        assert_drops(&row, changed_drops(model, label, position(&row), &value));
    }
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    }
}

#[test]
fn every_kind_and_place_of_lesions_follows_the_formulas() {
    let model = Planted::new(true);
    let activations: Vec<Vec<f64>> =
        targets().into_iter().map(|(word, position)| model.activations(word, position)).collect();
    let values = |neuron: usize| activations.iter().map(move |activations| activations[neuron]);
    assert_values(&model, &["--kind", "mean"], |_, neuron, _| mean(values(neuron)));
    assert_values(&model, &["--kind", "median"], |_, neuron, _| median(values(neuron)));
    assert_values(&model, &["--kind", "scale=-0.5"], |_, _, activation| -0.5 * activation);
    assert_values(&model, &["--kind", "value=-0.75"], |_, _, _| -0.75);
    assert_values(&model, &["--kind", "value=-0.75", "--site", "pre"], |_, _, _| gelu(-0.75));
    // Attention writes nothing, so only the lesion at the mask has an effect.
    assert_values(&model, &["--at", "all"], |_, _, _| 0.0);
    assert_values(&model, &["--at=-1,1"], |_, _, activation| activation);
    assert_values(&model, &["--kind", "mean", "--site", "pre"], |_, neuron, _| {
        let targets = targets().into_iter();
        gelu(mean(targets.map(|(word, at)| model.pre_activations(word, at)[neuron])))
    });
}

#[test]
fn values_from_prompts_are_those_at_their_masks() {
    let model = Planted::new(true);
    let at_masks = |label: &str, neuron: usize| -> Vec<f64> {
        let masks = masks(label).into_iter();
        masks.map(|position| model.activations("[MASK]", position)[neuron]).collect()
    };
    let other = |label: &str| if label == "him" { "her" } else { "him" };
    // Both labels weigh the same in a mean, and every prompt in a median.
    assert_values(&model, &["--kind", "mean", "--from", "prompts"], |_, neuron, _| {
        f64::midpoint(mean(at_masks("him", neuron)), mean(at_masks("her", neuron)))
    });
    assert_values(&model, &["--kind", "median", "--from", "prompts"], |_, neuron, _| {
        median([at_masks("him", neuron), at_masks("her", neuron)].concat())
    });
    assert_values(&model, &["--kind", "mean", "--from", "other-prompts"], |label, neuron, _| {
        mean(at_masks(other(label), neuron))
    });
    assert_values(&model, &["--kind", "median", "--from", "other-prompts"], |label, neuron, _| {
        median(at_masks(other(label), neuron))
    });
}

#[test]
fn a_patch_from_a_context_that_the_mask_does_not_read_changes_nothing() {
    // Attention writes nothing, so the mask is the same in both contexts.
    let prompts = "The {dog|letter} met {him|her}.\n{They|We} saw {her|him} today.\n\
                   Nobody {knew|saw} and they thanked {him|her}.\n";
    for manner in [&[][..], &["--at", "all"], &["--at=-1,0", "--site", "pre"]] {
        let args = ["--significant", "--kind", "patch", "--nulls", "3"];
        let parts = ["--parts", "controls,joint,dose,causal,selectors", "--layers", "1"];
        let args = [&args, &parts[..], manner].concat();
        let run = run_with_prompts(&Planted::new(true), prompts, &args);
        let nulls = run.rows("nulls.csv");
        let lesioned: Vec<&Row> = nulls.iter().filter(|row| row["sets"] == "lesioned").collect();
        let kinds: BTreeSet<&str> = lesioned.iter().map(|row| &*row["kind"]).collect();
        assert!(kinds.contains("matched") && kinds.contains("random"));
        let others = ["joint.csv", "dose.csv", "neurons_causal.csv"].map(|table| run.rows(table));
        for row in lesioned.into_iter().chain(others.iter().flatten()) {
            for column in ["logit_drop", "margin_drop"] {
                assert!(number(row, column).abs() < 1e-5, "{row:?}");
            }
        }
        let prompts = run.rows("prompts.csv");
        let row = row_with(&prompts, &[("prompt", "2"), ("label", "him")]);
        assert_eq!(row["counterpart"], "Nobody saw and they thanked [MASK].");
    }
}

#[test]
fn a_patch_needs_a_counterpart_of_every_prompt() {
    let model = Planted::new(true);
    let none = "no counterpart, which kind `patch` takes values from";
    for (prompts, line) in [
        ("They saw {him|her}.\n{They|We} met {him|her}.\n", "prompts.txt:1: "),
        ("{They|We} saw {him|her}.\nThe {dog|letter|knew} met {him|her}.\n", "prompts.txt:2: "),
        ("{They|We} saw {him|her}.\nher\tThe {dog|letter} met.\n", "prompts.txt:2: "),
    ] {
        let run = run_with_prompts(&model, prompts, &["--kind", "patch"]);
        assert_user_error(&run, &[line, none, "The {king|queen} smiled when we met {him|her}."]);
        // Other kinds need none.
        run_with_prompts(&model, prompts, &["--kind", "zero", "--parts", "dose"]).out();
    }
    let prompts =
        [("prompts.txt", "{They|We} saw {him|her}.\n"), ("others.txt", "We {saw|met}.\n")];
    let dir = TempDir::new().unwrap();
    model.write(dir.path());
    let files = [&prompts[..], &[("stimuli.txt", STIMULI)]].concat();
    let planted = ["--model", dir.path().to_str().unwrap(), "--stimuli", "stimuli.txt"];
    let args = ["--prompts", "prompts.txt", "--bystanders", "others.txt", "--kind", "patch"];
    assert_user_error(
        &Run::with_files(&files, &[&planted[..], &args].concat()),
        &["others.txt:1: ", none],
    );
}

/// A token and its position.
type Place = (&'static str, usize);

/// The sentences of a label whose activations replace those of lesioned neurons.
fn sources(from: &str, label: &str) -> Vec<Place> {
    if from == "stimuli" {
        return targets().into_iter().filter(|(word, _)| *word == label).collect();
    }
    masks(label).into_iter().map(|position| ("[MASK]", position)).collect()
}

#[test]
fn resampled_activations_are_those_of_the_recorded_sentence() {
    let model = Planted::new(true);
    for from in ["stimuli", "prompts", "other-prompts"] {
        let mut found = BTreeSet::new();
        for seed in ["0", "1", "2", "3", "4", "5"] {
            let args = ["--kind", "resample", "--from", from, "--seed", seed];
            let (run, rows) = run_matched(&model, &args);
            let prompts = run.rows("prompts.csv");
            for row in &rows {
                let recorded = row_with(&prompts, &[("prompt", &row["prompt"])]);
                let (label, place) = recorded["resampled_from"].split_once(' ').unwrap();
                let place: usize = place.parse().unwrap();
                let (token, source) = sources(from, label)[place];
                let activations = model.activations(token, source);
                let value = |neuron: usize, _| activations[neuron];
                let drops = changed_drops(&model, &row["neuron_set"], position(row), &value);
                assert_drops(row, drops);
                assert!(from != "other-prompts" || label != row["neuron_set"]);
                found.insert((label.to_owned(), place));
            }
        }
        // Sentences of both labels occur, and several of each side of the stimuli.
        let count = |label: &str| found.iter().filter(|(other, _)| other == label).count();
        let enough = if from == "stimuli" { [2, 2] } else { [masks("him").len(), 1] };
        assert!(count("him") >= enough[0] && count("her") >= enough[1], "{from}: {found:?}");
    }
}

#[test]
fn lesions_of_significant_neurons_that_write_nothing_have_no_effect() {
    let run = run_shared(&Planted::new(false), &[]);
    assert_planted_neurons_are_selected(&run);
    assert_summaries_follow_from_rows(Controls::new(RANDOM_SETS), |table| run.rows(table));
    let lesions = run.rows("lesions.csv");
    assert!(lesions.iter().any(|row| row["neurons"] == "8"));
    for row in lesions {
        assert_eq!((row["logit_drop"].as_str(), row["margin_drop"].as_str()), ("0.0", "0.0"));
    }
    // The laboratory's other lesions have no effect either.
    for table in ["nulls.csv", "joint.csv", "dose.csv", "neurons_causal.csv", "dynamic.csv"] {
        let rows = run.rows(table);
        let is_matched = |row: &&Row| row.get("kind").is_none_or(|kind| kind == "matched");
        for row in rows.iter().filter(is_matched) {
            let is_drop = |column: &str| column.ends_with("_drop");
            for column in row.keys().filter(|column| is_drop(column)) {
                let drop = optional(row, column).unwrap_or_default();
                assert!(drop.abs() < 1e-6, "{table}, {column}: {row:?}");
            }
        }
        assert!(rows.iter().any(|row| is_matched(&row)));
    }
    for row in run.rows("verdicts.csv") {
        assert!(!["larger", "smaller"].contains(&&*row["verdict"]), "{row:?}");
    }
    let stdout = run.stdout();
    for absent in ["than random sets do", "lower the margin more", "lowers the margin more"] {
        assert!(!stdout.contains(absent), "{absent}: {stdout}");
    }
}
