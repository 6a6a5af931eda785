//! The parity fixtures: a tiny random model of each family, and the results of `transformers` with it.
//! `tests/fixtures/parity/make_parity_fixtures.py` made them.
#![allow(dead_code, reason = "each test binary uses its own part")]

#[path = "../../../../tests/support/fixture_folders.rs"]
pub(crate) mod fixture_folders;

use std::{collections::BTreeMap, fs, path::PathBuf};

use bert_model::{BertConfig, Checkpoint, LanguageModel, ModelFolder, NoHook, TokenBatch, Weights};
use burn::tensor::{Device, Tensor};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::Deserialize;

/// The folders in `variants`, whose models have other options.
pub(crate) const VARIANTS: [&str; 13] = [
    "bert-gelu-new",
    "roberta-relu",
    "distilbert-relu",
    "electra-silu",
    "modernbert-biased",
    "gpt2-relu",
    "gpt2-scores",
    "esm-absolute",
    "gpt_neox-sequential",
    "llama-scaled",
    "llama-yarn",
    "qwen2-windowed",
    "qwen3-windowed",
];

#[derive(Deserialize)]
pub(crate) struct Sentence {
    pub(crate) text: String,
    pub(crate) ids: Vec<u32>,
    pub(crate) tokens: Vec<String>,
}

pub(crate) fn folder(family: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/parity").join(family)
}

pub(crate) fn sentences(family: &str) -> Vec<Sentence> {
    serde_json::from_slice(&fs::read(folder(family).join("sentences.json")).unwrap()).unwrap()
}

pub(crate) fn open(family: &str) -> (Checkpoint, LanguageModel) {
    let mut checkpoint = Checkpoint::open(folder(family).join("model")).unwrap();
    let model = checkpoint.load_model(&Device::flex()).unwrap();
    (checkpoint, model)
}

/// The folder of the family that a variant is of.
pub(crate) fn family_of(variant: &str) -> &str {
    match variant.split('-').next().unwrap() {
        "bert" => "",
        family => family,
    }
}

/// The model of a folder in `variants`, which has no tokenizer.
pub(crate) fn load_variant(variant: &str) -> LanguageModel {
    let folder = folder("variants").join(variant);
    let config = BertConfig::from_json(&fs::read(folder.join("config.json")).unwrap()).unwrap();
    let mut weights = Weights::open(&ModelFolder::from(&folder)).unwrap();
    LanguageModel::load(&config, &mut weights, &Device::flex()).unwrap()
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

/// The logits of every token of every row.
pub(crate) fn logits(model: &LanguageModel, rows: &[Vec<u32>]) -> Vec<f32> {
    let batch = TokenBatch::new(rows.to_vec()).unwrap();
    all_logits(model, model.forward(&batch, &mut NoHook).unwrap())
}

pub(crate) fn all_logits(model: &LanguageModel, hidden: Tensor<3>) -> Vec<f32> {
    let [rows, length, _] = hidden.dims();
    let places: Vec<_> = (0..rows).flat_map(|r| (0..length).map(move |p| (r, p))).collect();
    values(model.logits_at(hidden, &places).unwrap())
}

#[track_caller]
pub(crate) fn assert_close(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= tolerance, "{what}: differs by {worst:e}");
}

/// A checkpoint's tensors that a test can take apart.
pub(crate) type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

/// The tensors of a safetensors file.
pub(crate) fn stored(bytes: &[u8]) -> Tensors {
    let file = SafeTensors::deserialize(bytes).unwrap();
    file.iter()
        .map(|(name, view)| {
            (name.to_owned(), (view.dtype(), view.shape().to_vec(), view.data().to_vec()))
        })
        .collect()
}

/// The tensors of a model.
pub(crate) fn tensors_of(model: &LanguageModel) -> Tensors {
    stored(&model.to_safetensors().unwrap())
}

pub(crate) fn safetensors(tensors: &Tensors) -> Vec<u8> {
    let views = tensors.iter().map(|(name, (dtype, shape, data))| {
        (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}
