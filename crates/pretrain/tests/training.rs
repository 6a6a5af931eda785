//! Training changes every weight, resumes exactly where it was interrupted, and writes a checkpoint
//! that can be opened.

use std::path::Path;

use bert_model::{
    BertConfig, BertTokenizer, Checkpoint, LanguageModel, SpecialTokens, WordPieceOptions,
};
use burn::tensor::{DType, Device};
use grammar::{HeldOut, vocabulary::word_pieces};
use pretrain::{Recipe, TrainError, train, write_checkpoint};
use tempfile::TempDir;

fn tokenizer() -> BertTokenizer {
    let (options, special) = (WordPieceOptions::default(), SpecialTokens::default());
    BertTokenizer::from_vocab(word_pieces().join("\n").as_bytes(), options, &special).unwrap()
}

fn config() -> BertConfig {
    let json = serde_json::json!({
        "architectures": ["BertForMaskedLM"], "model_type": "bert", "hidden_size": 16,
        "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 1,
        "vocab_size": word_pieces().len(), "max_position_embeddings": 40,
    });
    BertConfig::from_json(json.to_string().as_bytes()).unwrap()
}

fn recipe(rounds: u64) -> Recipe {
    Recipe {
        seed: 5,
        deviation: 0.02,
        pronoun_share: 0.5,
        word_share: 0.12,
        rounds,
        sentences_per_round: 256,
        batch_size: 16,
        learning_rate: 2e-3,
    }
}

fn train_rounds(rounds: u64, stop_after: Option<u64>, state: &Path) -> LanguageModel {
    let held_out = HeldOut::project();
    train(&config(), &tokenizer(), &held_out, &recipe(rounds), stop_after, state).unwrap()
}

fn bytes(model: &LanguageModel) -> Vec<(String, Vec<u8>)> {
    model.tensors().into_iter().map(|(name, data)| (name, data.as_bytes().to_vec())).collect()
}

#[test]
fn an_interrupted_training_ends_as_an_uninterrupted_one() {
    let state = TempDir::new().unwrap();
    let uninterrupted = train_rounds(3, None, state.path());
    let state = TempDir::new().unwrap();
    train_rounds(3, Some(1), state.path());
    let resumed = train_rounds(3, None, state.path());
    assert_eq!(bytes(&uninterrupted), bytes(&resumed));
}

#[test]
fn every_tensor_learns() {
    let state = TempDir::new().unwrap();
    let shorter = train_rounds(1, None, state.path());
    let state = TempDir::new().unwrap();
    let longer = train_rounds(2, None, state.path());
    for ((name, shorter), (_, longer)) in bytes(&shorter).into_iter().zip(bytes(&longer)) {
        assert_ne!(shorter, longer, "{name}");
    }
}

#[test]
fn a_state_is_not_resumed_with_other_settings() {
    let state = TempDir::new().unwrap();
    train_rounds(1, None, state.path());
    let other = Recipe { seed: 6, ..recipe(1) };
    let result = train(&config(), &tokenizer(), &HeldOut::project(), &other, None, state.path());
    assert!(matches!(result, Err(TrainError::OtherTraining { .. })));
}

#[test]
fn the_written_checkpoint_opens_as_the_trained_model() {
    let (state, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let model = train_rounds(1, None, state.path());
    write_checkpoint(&model, &tokenizer(), &word_pieces(), out.path()).unwrap();
    let mut checkpoint = Checkpoint::open(out.path()).unwrap();
    let opened = checkpoint.load_model(&Device::flex()).unwrap();
    for ((name, opened), (_, trained)) in opened.tensors().into_iter().zip(model.tensors()) {
        let rounded = trained.convert_dtype(DType::F16).convert_dtype(DType::F32);
        assert_eq!(opened, rounded, "{name}");
    }
    let text = "Robert helped Lucy with [MASK] project.";
    assert_eq!(checkpoint.tokenizer.encode(text).unwrap(), tokenizer().encode(text).unwrap());
}
