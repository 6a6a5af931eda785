//! Loading is strict: a tensor that the model needs is in the file, or an error names it.

mod common;

use std::fs;

use bert_model::{BertConfig, BertModelError, LanguageModel, UntrainedWeights, Weights};
use burn::tensor::Device;
use common::{
    Tensors, VARIANTS,
    fixture_folders::{decoders, families},
    folder, load_variant, open, safetensors, stored, tensors_of,
};
use safetensors::Dtype;

fn config() -> BertConfig {
    BertConfig::from_json(&fs::read(folder("").join("model/config.json")).unwrap()).unwrap()
}

fn tensors() -> Tensors {
    stored(&fs::read(folder("").join("model/model.safetensors")).unwrap())
}

fn load(config: &BertConfig, tensors: &Tensors) -> Result<LanguageModel, BertModelError> {
    let mut source = Weights::from_bytes(safetensors(tensors));
    LanguageModel::load(config, &mut source, &Device::flex())
}

fn logits(model: &LanguageModel) -> Vec<f32> {
    common::logits(model, &[vec![2, 30, 4, 40, 3]])
}

/// A size of a configuration.
type Size = fn(&mut BertConfig) -> &mut usize;

/// Changes each tensor of each family's model in turn and looks at the error of loading it.
fn change_each(
    change: impl Fn(&mut Tensors, &str),
    names_it: impl Fn(&BertModelError, &str) -> bool,
) {
    let families = families().map(|family| (family, open(family).1));
    let variants = VARIANTS.into_iter().map(|variant| (variant, load_variant(variant)));
    for (folder, model) in families.chain(variants) {
        let all = tensors_of(&model);
        assert!(load(model.config(), &all).is_ok());
        for name in all.keys() {
            let mut changed = all.clone();
            change(&mut changed, name);
            let error = load(model.config(), &changed).map(drop).unwrap_err();
            assert!(names_it(&error, name), "{folder}: {error}");
        }
    }
}

/// Gives a tensor another shape, with as many values as it has.
fn reshape(tensors: &mut Tensors, name: &str, change: impl Fn(&mut Vec<usize>)) {
    let (_, shape, data) = tensors.get_mut(name).unwrap();
    change(shape);
    data.resize(shape.iter().product::<usize>() * 4, 0);
}

fn names_shape(error: &BertModelError, name: &str) -> bool {
    matches!(error, BertModelError::TensorShape { name: n, .. } if n == name)
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
    change_each(
        |tensors, name| drop(tensors.remove(name)),
        |error, name| matches!(error, BertModelError::MissingTensor { name: n, .. } if n == name),
    );
}

#[test]
fn a_wrong_shape_is_named() {
    let longer = |shape: &mut Vec<usize>| shape[0] += 1;
    let wider = |shape: &mut Vec<usize>| *shape.last_mut().unwrap() += 1;
    let shorter = |shape: &mut Vec<usize>| shape[0] -= 1;
    let nested = |shape: &mut Vec<usize>| shape.insert(0, 1);
    let flat = |shape: &mut Vec<usize>| *shape = vec![shape.iter().product(), 1];
    for change in [longer, wider, shorter, nested, flat] {
        change_each(|tensors, name| reshape(tensors, name, change), names_shape);
    }
}

#[test]
fn the_parameters_of_a_configuration_are_those_of_its_model() {
    for family in families() {
        let (checkpoint, _) = open(family);
        let model = checkpoint.untrained_model(0, &Device::flex()).unwrap();
        let sizes =
            model.tensors().into_iter().map(|(_, data)| data.shape().num_elements() as u128);
        assert_eq!(checkpoint.config.parameter_count(), sizes.sum(), "{family}");
    }
}

#[test]
fn sizes_that_no_machine_can_hold_are_refused_before_memory_is_asked_for() {
    let all = tensors();
    let sizes: [(&str, Size); 6] = [
        ("hidden_size", |config| &mut config.hidden_size),
        ("intermediate_size", |config| &mut config.intermediate_size),
        ("num_hidden_layers", |config| &mut config.num_hidden_layers),
        ("vocab_size", |config| &mut config.vocab_size),
        ("max_position_embeddings", |config| &mut config.max_position_embeddings),
        ("type_vocab_size", |config| &mut config.type_vocab_size),
    ];
    for (key, size) in sizes {
        for value in [1_000_000_000_000, usize::MAX / 8 * 2] {
            let mut config = config();
            *size(&mut config) = value;
            let error = load(&config, &all).unwrap_err();
            let is_named = matches!(
                error,
                BertModelError::TensorShape { .. } | BertModelError::MissingTensor { .. }
            );
            assert!(is_named, "{key}: {error}");
            let error = UntrainedWeights::check_size(&config).unwrap_err().to_string();
            assert!(error.contains("GB"), "{key}: {error}");
        }
    }
    assert!(UntrainedWeights::check_size(&config()).is_ok());
}

#[test]
fn a_value_that_is_not_finite_is_named() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        change_each(
            |tensors, name| {
                let (_, _, data) = tensors.get_mut(name).unwrap();
                let end = data.len() - 4;
                data[end..].copy_from_slice(&value.to_le_bytes());
            },
            |error, name| {
                matches!(error, BertModelError::TensorNotFinite { name: n, found, .. }
                    if n == name && found.to_bits() == value.to_bits())
            },
        );
    }
}

#[test]
fn a_tensor_of_integers_is_named() {
    change_each(
        |tensors, name| tensors.get_mut(name).unwrap().0 = Dtype::I32,
        |error, name| matches!(error, BertModelError::TensorDtype { name: n, .. } if n == name),
    );
}

#[test]
fn a_file_with_more_layers_than_the_configuration_is_refused() {
    for family in families().filter(|family| *family != "albert") {
        let (_, model) = open(family);
        let shallow = BertConfig { num_hidden_layers: 2, ..model.config().clone() };
        let error = load(&shallow, &tensors_of(&model)).unwrap_err().to_string();
        let key = match family {
            "distilbert" => "`n_layers`",
            "gpt2" => "`n_layer`",
            _ => "`num_hidden_layers`",
        };
        assert!(error.contains(key) && error.contains(".2."), "{error}");
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
fn gpt2_without_a_prefix_and_with_masks_among_its_tensors_is_the_same_model() {
    let (_, model) = open("gpt2");
    let mut bare: Tensors = tensors_of(&model)
        .into_iter()
        .map(|(name, tensor)| (name.trim_start_matches("transformer.").to_owned(), tensor))
        .collect();
    bare.insert("h.0.attn.bias".to_owned(), (Dtype::F32, vec![1, 1, 4, 4], vec![0; 64]));
    let rows = [vec![40, 50, 60]];
    let loaded = load(model.config(), &bare).unwrap();
    assert_eq!(common::logits(&loaded, &rows), common::logits(&model, &rows));
}

#[test]
fn tensors_that_the_model_does_not_need_are_ignored() {
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
    for family in
        ["", "roberta", "distilbert", "modernbert", "albert"].into_iter().chain(decoders())
    {
        let file = folder(family).join("model/model.safetensors");
        let (_, model) = open(family);
        assert!(tensors_of(&model) == stored(&fs::read(file).unwrap()), "{family}");
    }
}

/// As `transformers` does since version 5.
#[test]
fn a_bias_of_the_decoder_itself_is_used() {
    for (family, head) in [("", "cls.predictions"), ("roberta", "lm_head")] {
        let (_, model) = open(family);
        let plain = logits(&model);
        let mut tensors = tensors_of(&model);
        let (dtype, shape, bias) = tensors[&format!("{head}.bias")].clone();
        let zero = (dtype, shape, vec![0; bias.len()]);
        tensors.insert(format!("{head}.decoder.bias"), zero);
        let without = logits(&load(model.config(), &tensors).unwrap());
        let bias = bias.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
        for ((plain, without), bias) in plain.iter().zip(without).zip(bias.cycle()) {
            assert!((plain - without - bias).abs() < 1e-5);
        }
    }
}

#[test]
fn f16_is_read_too() {
    const NAME: &str = "cls.predictions.bias";
    let mut half = tensors();
    let mut full = tensors();
    let shape = half[NAME].1.clone();
    let mut f16_bytes = Vec::new();
    let mut f32_bytes = Vec::new();
    for i in 0..shape[0] {
        // 0.5 and -2 are exact in f16: 0x3800 and 0xC000.
        let (f16, f32) = if i % 2 == 0 { ([0x00, 0x38], 0.5_f32) } else { ([0x00, 0xC0], -2.0) };
        f16_bytes.extend(f16);
        f32_bytes.extend(f32.to_le_bytes());
    }
    half.insert(NAME.into(), (Dtype::F16, shape.clone(), f16_bytes));
    full.insert(NAME.into(), (Dtype::F32, shape, f32_bytes));
    assert_eq!(logits(&load(&config(), &half).unwrap()), logits(&load(&config(), &full).unwrap()));
}

#[test]
fn the_error_of_a_file_that_is_not_safetensors_is_one_line() {
    let mut source = Weights::from_bytes(b"not a safetensors file".to_vec());
    let error = LanguageModel::load(&config(), &mut source, &Device::flex()).unwrap_err();
    assert!(matches!(error, BertModelError::Container { .. }));
    assert!(!error.to_string().contains('\n'));
}
