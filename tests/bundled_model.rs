//! The bundled model is as its model card describes it.

use std::path::{Path, PathBuf};

use bert_model::{BertForMaskedLm, Checkpoint};
use burn::tensor::Device;
use grammar::{
    Case, HeldOut, held_out_prompts,
    vocabulary::{word_pieces, words},
};
use lesion_eval::{
    Batching, Contrast, MaskedPrompt, Prompts, Subject, predict, study_rows, unwatched,
};
use proptest::prelude::*;
use study_record::{Accuracy, tables::PredictionRow};

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/models/bundled")
}

fn open() -> (Checkpoint, BertForMaskedLm) {
    let mut checkpoint = Checkpoint::open(dir()).unwrap();
    let model = checkpoint.load_model(&Device::flex()).unwrap();
    (checkpoint, model)
}

fn accuracy(case: Option<Case>) -> Accuracy {
    let (checkpoint, model) = open();
    let batching = Batching::default();
    let subject =
        Subject { model: &model, tokenizer: &checkpoint.tokenizer, plain: false, batching };
    let held_out = held_out_prompts(2026, 1000, case, &HeldOut::project()).unwrap();
    let file: String = held_out.iter().map(|prompt| prompt.template() + "\n").collect();
    let prompts = Prompts::parse("held-out prompts", &file).unwrap();
    let contrast = Contrast { a: "him".into(), b: "her".into(), words: true };
    let masked = MaskedPrompt::encode_all(subject, &prompts, &contrast).unwrap();
    let predictions = predict(subject, &masked, &mut unwatched()).unwrap();
    let rows: Vec<PredictionRow> = study_rows::predictions(&predictions).collect();
    Accuracy::of(&rows)
}

#[test]
fn the_right_pronoun_is_predicted_in_held_out_prompts() {
    for case in [Some(Case::Object), None] {
        let accuracy = accuracy(case);
        assert_eq!(accuracy.prompts, 1000);
        assert!(accuracy.right >= 980, "{accuracy:?}, {case:?}");
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
fn the_model_has_six_layers_and_at_most_25_megabytes() {
    let (checkpoint, _) = open();
    assert_eq!(checkpoint.config.num_hidden_layers, 6);
    let size = std::fs::metadata(dir().join("model.safetensors")).unwrap().len();
    assert!(size <= 25_000_000, "{size}");
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
