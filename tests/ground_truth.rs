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
    let args = ["--model", model, "--stimuli", "stimuli.txt", "--prompts", "prompts.txt"];
    Run::with_files(&files, &args)
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
}
