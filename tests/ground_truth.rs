//! Where the truth is known: in a model whose neurons for him and her are planted, the study finds
//! exactly these, and measures exactly what their lesion does.

mod support;

use support::{
    Run, number,
    planted::{HER, HIM, PROMPTS, Planted, STIMULI},
};
use tempfile::TempDir;

fn study(model: &Planted) -> Run {
    let dir = TempDir::new().unwrap();
    model.write(dir.path());
    let files = [("stimuli.txt", STIMULI), ("prompts.txt", PROMPTS)];
    let model = dir.path().to_str().unwrap();
    // A quarter of 12 neurons leaves room for both him neurons in a controlled set.
    let args = ["--model", model, "--stimuli", "stimuli.txt", "--prompts", "prompts.txt"];
    Run::with_files(&files, &[&args[..], &["--share", "0.25", "--nulls", "200"]].concat())
}

fn assert_selected_are_the_planted(run: &Run) {
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
    let of = |kinds: &[&str]| -> Vec<f64> {
        let rows = rows.iter().filter(|row| row["layer"] == "1" && row["target"] == target);
        rows.filter(|row| kinds.contains(&row["kind"].as_str()))
            .map(|row| number(row, "margin_drop"))
            .collect()
    };
    (of(&["matched"])[0], of(&["random", "random-active"]))
}

#[test]
fn planted_neurons_are_found_and_their_lesion_does_what_the_formulas_say() {
    let model = Planted::new(true);
    let run = study(&model);
    assert_selected_are_the_planted(&run);
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
    // No other set does what the planted ones do.
    for target in ["him", "her"] {
        let (matched, random) = margin_drops(&run, target);
        assert!(matched > 0.1 && random.len() == 400);
        assert!(random.iter().all(|&drop| drop < matched));
    }
    assert!(run.stdout().contains("lowers the right word's margin more"), "{}", run.stdout());
    assert!(run.stdout().contains(": 1 (him), 1 (her). There the margin falls in 2 of 2 prompts"));
}

#[test]
fn neurons_that_respond_but_write_nothing_are_significant_and_their_lesion_does_nothing() {
    let run = study(&Planted::new(false));
    assert_selected_are_the_planted(&run);
    let lesions = run.rows("lesions.csv");
    assert!(lesions.iter().any(|row| row["neurons"] == "3"));
    for row in lesions {
        assert_eq!((row["logit_drop"].as_str(), row["margin_drop"].as_str()), ("0.0", "0.0"));
    }
    for target in ["him", "her"] {
        let (matched, _) = margin_drops(&run, target);
        assert!(matched.abs() < 1e-6);
    }
    assert!(run.stdout().contains("no matched lesion lowers the right"), "{}", run.stdout());
}
