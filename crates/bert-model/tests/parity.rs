//! The model computes what `transformers` computes. The reference, a random-weight BERT of three
//! layers, was made by `tests/fixtures/parity/make_parity_fixtures.py`.

use std::path::PathBuf;

use bert_model::{BertForMaskedLm, Checkpoint, MlpHook, NoHook, Site, TokenBatch, TokenSet};
use burn::tensor::{Device, Tensor};
use safetensors::SafeTensors;
use serde::Deserialize;

/// Largest absolute differences.
const ACTIVATION_TOLERANCE: f32 = 1e-5;
const LOGIT_TOLERANCE: f32 = 1e-4;

#[derive(Deserialize)]
struct Sentence {
    text: String,
    ids: Vec<u32>,
    tokens: Vec<String>,
}

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/parity")
}

fn sentences() -> Vec<Sentence> {
    serde_json::from_slice(&std::fs::read(fixtures().join("sentences.json")).unwrap()).unwrap()
}

struct Expected(Vec<u8>);

impl Expected {
    fn open() -> Self {
        Self(std::fs::read(fixtures().join("expected.safetensors")).unwrap())
    }

    fn values(&self, name: &str) -> Vec<f32> {
        let tensors = SafeTensors::deserialize(&self.0).unwrap();
        let bytes = tensors.tensor(name).unwrap().data();
        bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
    }
}

fn open() -> (Checkpoint, BertForMaskedLm) {
    let mut checkpoint = Checkpoint::open(fixtures().join("model")).unwrap();
    let model = checkpoint.load_model(&Device::flex()).unwrap();
    (checkpoint, model)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

fn assert_close(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= tolerance, "{what}: differs by {worst:e}");
}

/// Keeps every activation of every layer, layer after layer.
#[derive(Default)]
struct KeepAll {
    pre: Vec<f32>,
    post: Vec<f32>,
}

impl MlpHook for KeepAll {
    fn visit(
        &mut self,
        _layer: usize,
        site: Site,
        _tokens: TokenSet<'_>,
        activations: Tensor<3>,
    ) -> Tensor<3> {
        let kept = match site {
            Site::Pre => &mut self.pre,
            Site::Post => &mut self.post,
        };
        kept.extend(values(activations.clone()));
        activations
    }
}

fn all_logits(model: &BertForMaskedLm, hidden: Tensor<3>) -> Vec<f32> {
    let [rows, length, _] = hidden.dims();
    let places: Vec<_> = (0..rows).flat_map(|r| (0..length).map(move |p| (r, p))).collect();
    values(model.logits_at(hidden, &places).unwrap())
}

#[test]
fn text_becomes_the_same_tokens() {
    let (checkpoint, _) = open();
    for sentence in sentences() {
        let encoded = checkpoint.tokenizer.encode(&sentence.text).unwrap();
        assert_eq!(encoded.ids, sentence.ids, "{}", sentence.text);
        assert_eq!(encoded.tokens, sentence.tokens, "{}", sentence.text);
    }
}

#[test]
fn activations_hidden_states_and_logits_agree() {
    let (_, model) = open();
    let expected = Expected::open();
    for (i, sentence) in sentences().into_iter().enumerate() {
        let batch = TokenBatch::new(vec![sentence.ids]).unwrap();
        let mut kept = KeepAll::default();
        let mut hidden = model.embed(&batch).unwrap();
        let mut stream = values(hidden.clone());
        for layer in 0..model.config().num_hidden_layers {
            hidden = model.run_layers(layer..layer + 1, hidden, &mut kept).unwrap();
            stream.extend(values(hidden.clone()));
        }
        for (name, found) in
            [("pre_gelu", &kept.pre), ("post_gelu", &kept.post), ("hidden", &stream)]
        {
            let name = format!("{name}.{i}");
            assert_close(&name, found, &expected.values(&name), ACTIVATION_TOLERANCE);
        }
        let name = format!("logits.{i}");
        assert_close(&name, &all_logits(&model, hidden), &expected.values(&name), LOGIT_TOLERANCE);
    }
}

#[test]
fn a_sentence_alone_and_in_a_batch_give_the_same_logits() {
    let (_, model) = open();
    let rows: Vec<_> =
        sentences().into_iter().map(|s| s.ids).filter(|ids| ids.len() == 8).collect();
    assert!(rows.len() >= 2);
    let logits = |rows: &[Vec<u32>]| {
        let batch = TokenBatch::new(rows.to_vec()).unwrap();
        all_logits(&model, model.forward(&batch, &mut NoHook).unwrap())
    };
    let alone: Vec<f32> = rows.iter().flat_map(|row| logits(std::slice::from_ref(row))).collect();
    assert_close("batch", &logits(&rows), &alone, 1e-5);
}

#[test]
fn the_pass_can_start_at_any_layer() {
    let (_, model) = open();
    let batch = TokenBatch::new(vec![sentences().remove(3).ids]).unwrap();
    let plain = values(model.forward(&batch, &mut NoHook).unwrap());
    let layers = model.config().num_hidden_layers;
    for start in 0..=layers {
        let entering = model.embed(&batch).unwrap();
        let entering = model.run_layers(0..start, entering, &mut NoHook).unwrap();
        let resumed = model.run_layers(start..layers, entering, &mut NoHook).unwrap();
        assert_close("resumed", &values(resumed), &plain, 0.0);
    }
    let hidden = model.embed(&batch).unwrap();
    assert!(model.run_layers(0..layers + 1, hidden, &mut NoHook).is_err());
}

#[test]
fn impossible_input_is_an_error_not_a_panic() {
    let (_, model) = open();
    let config = model.config();
    let too_long = TokenBatch::new(vec![vec![1; config.max_position_embeddings + 1]]).unwrap();
    assert!(model.embed(&too_long).is_err());
    let outside = TokenBatch::new(vec![vec![u32::try_from(config.vocab_size).unwrap()]]).unwrap();
    assert!(model.embed(&outside).is_err());
    let hidden = model.embed(&TokenBatch::new(vec![vec![2, 3]]).unwrap()).unwrap();
    assert!(model.logits_at(hidden.clone(), &[(0, 2)]).is_err());
    assert!(model.logits_at(hidden.clone(), &[(1, 0)]).is_err());
    assert!(model.logits_at(hidden, &[]).is_err());
}
