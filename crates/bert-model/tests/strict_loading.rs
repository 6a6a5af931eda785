//! Loading is strict: what the model needs is in the file, or the error names it.

use std::{collections::BTreeMap, path::PathBuf};

use bert_model::{
    BertConfig, BertForMaskedLm, BertModelError, NoHook, SafetensorsSource, TokenBatch,
};
use burn::tensor::Device;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

/// A checkpoint's tensors that a test can take apart.
type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

fn model_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/parity/model")
}

fn config() -> BertConfig {
    BertConfig::from_json(&std::fs::read(model_dir().join("config.json")).unwrap()).unwrap()
}

fn tensors() -> Tensors {
    let bytes = std::fs::read(model_dir().join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    file.iter()
        .map(|(name, view)| {
            (name.to_owned(), (view.dtype(), view.shape().to_vec(), view.data().to_vec()))
        })
        .collect()
}

fn load(config: &BertConfig, tensors: &Tensors) -> Result<BertForMaskedLm, BertModelError> {
    let views = tensors.iter().map(|(name, (dtype, shape, data))| {
        (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    BertForMaskedLm::load(config, &mut SafetensorsSource::from_bytes(bytes), &Device::flex())
}

fn logits(model: &BertForMaskedLm) -> Vec<f32> {
    let batch = TokenBatch::new(vec![vec![2, 30, 4, 40, 3]]).unwrap();
    let hidden = model.forward(&batch, &mut NoHook).unwrap();
    model.logits_at(hidden, &[(0, 2)]).unwrap().into_data().try_into_vec().unwrap()
}

fn renamed(rename: impl Fn(&str) -> String) -> Tensors {
    tensors().into_iter().map(|(name, tensor)| (rename(&name), tensor)).collect()
}

/// The upper half of an f32 is a bf16.
fn as_bf16(data: &[u8]) -> Vec<u8> {
    data.chunks_exact(4).flat_map(|b| [b[2], b[3]]).collect()
}

fn from_bf16(data: &[u8]) -> Vec<u8> {
    data.chunks_exact(2).flat_map(|b| [0, 0, b[0], b[1]]).collect()
}

#[test]
fn every_tensor_is_needed_and_named_when_it_is_missing() {
    let all = tensors();
    assert!(load(&config(), &all).is_ok());
    for name in all.keys() {
        let mut without = all.clone();
        without.remove(name);
        let error = load(&config(), &without).unwrap_err();
        assert!(matches!(&error, BertModelError::MissingTensor { name: n, .. } if n == name));
    }
}

#[test]
fn a_wrong_shape_is_named() {
    for name in tensors().keys() {
        let mut wrong = tensors();
        let (_, shape, data) = wrong.get_mut(name).unwrap();
        shape[0] += 1;
        data.resize(shape.iter().product::<usize>() * 4, 0);
        let error = load(&config(), &wrong).unwrap_err();
        assert!(matches!(&error, BertModelError::TensorShape { name: n, .. } if n == name));
    }
}

#[test]
fn a_dtype_that_is_no_float_is_named() {
    for name in tensors().keys() {
        let mut wrong = tensors();
        wrong.get_mut(name).unwrap().0 = Dtype::I32;
        let error = load(&config(), &wrong).unwrap_err();
        assert!(matches!(&error, BertModelError::TensorDtype { name: n, .. } if n == name));
    }
}

#[test]
fn old_layer_norm_names_and_an_absent_prefix_give_the_same_model() {
    let plain = logits(&load(&config(), &tensors()).unwrap());
    let old = renamed(|name| {
        name.replace("LayerNorm.weight", "LayerNorm.gamma")
            .replace("LayerNorm.bias", "LayerNorm.beta")
    });
    let bare = renamed(|name| name.strip_prefix("bert.").unwrap_or(name).to_owned());
    let bias = renamed(|name| name.replace("predictions.bias", "predictions.decoder.bias"));
    for variant in [old, bare, bias] {
        assert_eq!(logits(&load(&config(), &variant).unwrap()), plain);
    }
}

#[test]
fn tensors_that_the_study_does_not_need_may_be_there() {
    let mut more = tensors();
    let f32s = |n: usize| vec![0; n * 4];
    more.insert("bert.pooler.dense.weight".into(), (Dtype::F32, vec![32, 32], f32s(1024)));
    more.insert("cls.seq_relationship.bias".into(), (Dtype::F32, vec![2], f32s(2)));
    more.insert("bert.embeddings.position_ids".into(), (Dtype::I64, vec![1, 4], vec![0; 32]));
    let plain = logits(&load(&config(), &tensors()).unwrap());
    assert_eq!(logits(&load(&config(), &more).unwrap()), plain);
}

#[test]
fn a_decoder_in_the_file_is_used_and_an_untied_one_is_needed() {
    const DECODER: &str = "cls.predictions.decoder.weight";
    let plain = logits(&load(&config(), &tensors()).unwrap());
    let embeddings = tensors().remove("bert.embeddings.word_embeddings.weight").unwrap();

    let mut same = tensors();
    same.insert(DECODER.into(), embeddings.clone());
    assert_eq!(logits(&load(&config(), &same).unwrap()), plain);

    let mut zero = tensors();
    let (dtype, shape, data) = embeddings;
    zero.insert(DECODER.into(), (dtype, shape, vec![0; data.len()]));
    assert_ne!(logits(&load(&config(), &zero).unwrap()), plain);

    let untied = BertConfig { tie_word_embeddings: false, ..config() };
    let error = load(&untied, &tensors()).unwrap_err().to_string();
    assert!(error.contains(DECODER), "{error}");
}

#[test]
fn half_precision_is_cast_to_f32_once() {
    let halves: Tensors = tensors()
        .into_iter()
        .map(|(name, (_, shape, data))| (name, (Dtype::BF16, shape, as_bf16(&data))))
        .collect();
    let widened: Tensors = halves
        .iter()
        .map(|(name, (_, shape, data))| {
            (name.clone(), (Dtype::F32, shape.clone(), from_bf16(data)))
        })
        .collect();
    let from_halves = logits(&load(&config(), &halves).unwrap());
    assert_eq!(from_halves, logits(&load(&config(), &widened).unwrap()));
}

#[test]
fn the_model_gives_back_the_tensors_it_was_built_from() {
    let stored = tensors();
    let given: BTreeMap<_, _> = load(&config(), &stored).unwrap().tensors().into_iter().collect();
    assert!(given.keys().eq(stored.keys()));
    for (name, (_, shape, data)) in &stored {
        assert_eq!(given[name].shape().as_slice(), shape.as_slice(), "{name}");
        assert_eq!(given[name].as_bytes(), data.as_slice(), "{name}");
    }
}

#[test]
fn f16_is_read_too() {
    const NAME: &str = "cls.predictions.bias";
    let (mut half, mut full) = (tensors(), tensors());
    let shape = half[NAME].1.clone();
    let pattern = |i: usize| i.is_multiple_of(2);
    // 0.5 and -2 are exact in f16: 0x3800 and 0xC000.
    let f16 = |i| if pattern(i) { [0x00, 0x38] } else { [0x00, 0xC0] };
    let f32 = |i| if pattern(i) { 0.5_f32 } else { -2.0 }.to_le_bytes();
    half.insert(NAME.into(), (Dtype::F16, shape.clone(), (0..shape[0]).flat_map(f16).collect()));
    full.insert(NAME.into(), (Dtype::F32, shape.clone(), (0..shape[0]).flat_map(f32).collect()));
    assert_eq!(logits(&load(&config(), &half).unwrap()), logits(&load(&config(), &full).unwrap()));
}

#[test]
fn a_file_with_more_layers_than_the_configuration_is_refused() {
    let shallow = BertConfig { num_hidden_layers: 2, ..config() };
    let error = load(&shallow, &tensors()).unwrap_err().to_string();
    assert!(error.contains("num_hidden_layers") && error.contains("layer.2"), "{error}");
}

#[test]
fn a_file_that_is_no_safetensors_is_one_line() {
    let mut source = SafetensorsSource::from_bytes(b"not a safetensors file".to_vec());
    let error = BertForMaskedLm::load(&config(), &mut source, &Device::flex()).unwrap_err();
    assert!(matches!(error, BertModelError::Container { .. }));
    assert!(!error.to_string().contains('\n'));
}
