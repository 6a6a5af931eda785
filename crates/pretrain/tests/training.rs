//! The training learns, goes on exactly where it was interrupted, and writes a checkpoint that
//! opens.

use std::path::Path;

use bert_model::{
    BertConfig, BertForMaskedLm, BertTokenizer, Checkpoint, SpecialTokens, WordPieceOptions,
};
use burn::tensor::Device;
use pretrain::{
    held_out::HeldOut,
    train::{Recipe, train, write_checkpoint},
    vocabulary::wordpiece,
};
use tempfile::TempDir;

fn tokenizer() -> BertTokenizer {
    let (options, special) = (WordPieceOptions::default(), SpecialTokens::default());
    BertTokenizer::from_vocab(wordpiece().join("\n").as_bytes(), options, &special).unwrap()
}

fn config() -> BertConfig {
    let json = serde_json::json!({
        "architectures": ["BertForMaskedLM"], "model_type": "bert", "hidden_size": 16,
        "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 1,
        "vocab_size": wordpiece().len(), "max_position_embeddings": 40,
    });
    BertConfig::from_json(json.to_string().as_bytes()).unwrap()
}

fn recipe(rounds: u64) -> Recipe {
    Recipe { seed: 5, rounds, sentences_per_round: 256, batch_size: 16, learning_rate: 2e-3 }
}

fn trained(rounds: u64, stop_after: Option<u64>, state: &Path) -> BertForMaskedLm {
    let held_out = HeldOut::project();
    train(&config(), &tokenizer(), &held_out, &recipe(rounds), stop_after, state).unwrap()
}

fn bytes(model: &BertForMaskedLm) -> Vec<(String, Vec<u8>)> {
    model.tensors().into_iter().map(|(name, data)| (name, data.as_bytes().to_vec())).collect()
}

#[test]
fn an_interrupted_training_ends_as_an_uninterrupted_one() {
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let whole = trained(3, None, one.path());
    trained(3, Some(1), two.path());
    let resumed = trained(3, None, two.path());
    assert_eq!(bytes(&whole), bytes(&resumed));
}

#[test]
fn every_tensor_learns() {
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (less, more) = (trained(1, None, one.path()), trained(2, None, two.path()));
    for ((name, less), (_, more)) in bytes(&less).into_iter().zip(bytes(&more)) {
        assert_ne!(less, more, "{name}");
    }
}

#[test]
fn other_settings_do_not_go_on_from_a_state() {
    let state = TempDir::new().unwrap();
    trained(1, None, state.path());
    let other = Recipe { seed: 6, ..recipe(1) };
    let error = train(&config(), &tokenizer(), &HeldOut::project(), &other, None, state.path());
    assert!(error.unwrap_err().to_string().contains("other settings"));
}

#[test]
fn the_written_checkpoint_opens_as_the_trained_model() {
    let (state, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let model = trained(1, None, state.path());
    write_checkpoint(&model, &tokenizer(), &wordpiece(), out.path()).unwrap();
    let mut checkpoint = Checkpoint::open(out.path()).unwrap();
    let opened = checkpoint.load_model(&Device::flex()).unwrap();
    assert_eq!(bytes(&opened), bytes(&model));
    let text = "Robert helped Lucy with [MASK] project.";
    assert_eq!(checkpoint.tokenizer.encode(text).unwrap(), tokenizer().encode(text).unwrap());
}
