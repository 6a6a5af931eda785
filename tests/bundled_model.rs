//! The bundled model is as its model card describes it.

use std::path::{Path, PathBuf};

use bert_model::{BertForMaskedLm, Checkpoint};
use burn::tensor::Device;
use grammar::{
    CalibrationRow, Case, HeldOut, HeldOutPrompt, LEVELS, PROMPTS, calibration_curve,
    graded_prompts, held_out_prompts,
    vocabulary::{word_pieces, words},
};
use lesion_eval::{
    Batching, Contrast, MaskedPrompt, Prediction, Prompts, Subject, predict, study_rows, unwatched,
};
use proptest::prelude::*;
use study_record::{Accuracy, tables::PredictionRow};

/// How far the mean probability of a level may be from the grammar's.
const CALIBRATION_TOLERANCE: f64 = 0.06;

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/models/bundled")
}

fn open() -> (Checkpoint, BertForMaskedLm) {
    let mut checkpoint = Checkpoint::open(dir()).unwrap();
    let model = checkpoint.load_model(&Device::flex()).unwrap();
    (checkpoint, model)
}

/// The model's predictions in a file of prompts.
fn predictions(file: &str) -> Vec<Prediction> {
    let (checkpoint, model) = open();
    let batching = Batching::default();
    let subject =
        Subject { model: &model, tokenizer: &checkpoint.tokenizer, plain: false, batching };
    let prompts = Prompts::parse("prompts", file).unwrap();
    let contrast = Contrast { a: "him".into(), b: "her".into(), words: true };
    let masked = MaskedPrompt::encode_all(subject, &prompts, &contrast).unwrap();
    predict(subject, &masked, &mut unwatched()).unwrap()
}

fn accuracy(file: &str) -> Accuracy {
    let rows: Vec<PredictionRow> = study_rows::predictions(&predictions(file)).collect();
    Accuracy::of(&rows)
}

fn prompts_file(prompts: &[HeldOutPrompt]) -> String {
    prompts.iter().map(|prompt| prompt.template() + "\n").collect()
}

#[test]
fn the_right_pronoun_is_predicted_where_a_referent_decides() {
    for case in [Some(Case::Object), None] {
        let prompts = held_out_prompts(2026, 1000, case, &HeldOut::project()).unwrap();
        let accuracy = accuracy(&prompts_file(&prompts));
        assert_eq!(accuracy.prompts, 1000);
        assert!(accuracy.right >= 980, "{accuracy:?}, {case:?}");
    }
}

#[test]
fn the_right_word_is_predicted_in_the_prompts_of_the_project_and_the_guide() {
    let number = include_str!("../docs/examples/number/prompts.txt");
    for (file, share) in
        [(PROMPTS, 1.0), (include_str!("../assets/prompts/controlled.txt"), 0.9), (number, 1.0)]
    {
        let accuracy = accuracy(file);
        assert!(accuracy.right as f64 >= share * accuracy.prompts as f64, "{accuracy:?}");
    }
}

#[test]
fn graded_probabilities_follow_the_odds_of_the_grammar() {
    for case in [Some(Case::Object), None] {
        let prompts = graded_prompts(2026, 400, case, &HeldOut::project()).unwrap();
        let predictions = predictions(&prompts_file(&prompts));
        let probabilities: Vec<f64> =
            predictions.iter().map(|prediction| prediction.scores[0].prob).collect();
        let curve = calibration_curve(&prompts, &probabilities);
        let levels: Vec<u8> = curve.iter().map(|row| row.percent).collect();
        assert_eq!(levels, LEVELS);
        for CalibrationRow { percent, mean, .. } in &curve {
            let odds = f64::from(*percent) / 100.0;
            assert!((mean - odds).abs() <= CALIBRATION_TOLERANCE, "{percent} %: {curve:?}");
        }
        assert!(curve.is_sorted_by(|lower, higher| lower.mean < higher.mean), "{curve:?}");
    }
}

#[test]
fn the_vocabulary_is_that_of_the_grammar_and_large_enough() {
    let (checkpoint, _) = open();
    let pieces = word_pieces();
    assert!(words().len() >= 1500);
    assert_eq!(checkpoint.tokenizer.vocabulary_size(), pieces.len());
    for (id, piece) in (0..).zip(&pieces) {
        assert_eq!(checkpoint.tokenizer.token(id).as_ref(), Some(piece));
    }
}

#[test]
fn the_model_has_six_layers_and_less_than_8_megabytes() {
    let (checkpoint, _) = open();
    assert_eq!(checkpoint.config.num_hidden_layers, 6);
    let size = std::fs::metadata(dir().join("model.safetensors")).unwrap().len();
    assert!(size < 8_000_000, "{size}");
}

proptest! {
    #[test]
    fn any_english_word_encodes_without_unknown_tokens(word in "[A-Za-z]{1,20}") {
        let tokenizer = bert_model::BertTokenizer::from_json(
            &std::fs::read(dir().join("tokenizer.json")).unwrap(),
            &bert_model::SpecialTokens::default(),
        ).unwrap();
        let encoded = tokenizer.encode(&word).unwrap();
        prop_assert!(!encoded.tokens.iter().any(|token| token == "[UNK]"), "{:?}", encoded.tokens);
    }
}
