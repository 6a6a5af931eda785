//! Captures and lesions on a real forward pass agree with the results of `transformers`
//! (`tests/fixtures/parity/make_parity_fixtures.py`).

use std::path::PathBuf;

use activation_capture::{CaptureError, Edit, LayerCapture, Lesion, Target, TokenCapture};
use bert_model::{Checkpoint, LanguageModel, NoHook, Site, TokenBatch};
use burn::tensor::Device;
use safetensors::SafeTensors;
use serde_json::Value;

// The lesion of the fixture's script.
const LAYER: usize = 1;
const POSITION: usize = 2;
const NEURONS: [usize; 6] = [0, 3, 5, 17, 40, 63];

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/parity")
}

fn model() -> LanguageModel {
    Checkpoint::open(fixtures().join("model")).unwrap().load_model(&Device::flex()).unwrap()
}

fn sentences() -> Vec<Vec<u32>> {
    let json = std::fs::read(fixtures().join("sentences.json")).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    let sentences = json.as_array().unwrap().iter();
    sentences.map(|s| serde_json::from_value(s["ids"].clone()).unwrap()).collect()
}

fn expected(name: &str) -> Vec<f32> {
    let bytes = std::fs::read(fixtures().join("expected.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let data = tensors.tensor(name).unwrap().data();
    data.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

fn worst(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn zero(row: usize, position: usize, neurons: &[usize]) -> Target<'_> {
    Target { row, layer: LAYER, position, neurons, edit: Edit::Zero }
}

/// Logits at every position of every row.
fn logits(model: &LanguageModel, batch: &TokenBatch, lesion: &mut Lesion) -> Vec<f32> {
    let hidden = model.forward(batch, lesion).unwrap();
    let places: Vec<_> = (0..batch.rows().len())
        .flat_map(|row| (0..batch.length()).map(move |position| (row, position)))
        .collect();
    model.logits_at(hidden, &places).unwrap().into_data().try_into_vec().unwrap()
}

#[test]
fn a_capture_of_a_layer_keeps_every_token() {
    let model = model();
    let neurons = model.config().intermediate_size;
    let sentence = sentences().swap_remove(0);
    let length = sentence.len();
    let batch = TokenBatch::new(vec![sentence]).unwrap();
    let mut layer = LayerCapture::new(LAYER);
    model.forward(&batch, &mut layer).unwrap();
    for site in [Site::Pre, Site::Post] {
        let found = layer.values(site).unwrap();
        assert_eq!(found.len(), length * neurons);
        for (position, found) in found.chunks(neurons).enumerate() {
            let mut token = TokenCapture::new(&[site], &batch, &[position]).unwrap();
            model.forward(&batch, &mut token).unwrap();
            assert_eq!(found, token.layers(site).unwrap()[LAYER]);
        }
    }

    let mut missed = LayerCapture::new(model.config().num_hidden_layers - 1);
    model.forward_at(&batch, &[1], &mut missed).unwrap();
    assert!(matches!(missed.values(Site::Pre), Err(CaptureError::OtherTokens { .. })));
}

#[test]
fn a_capture_keeps_the_chosen_token_of_every_layer() {
    let model = model();
    let config = model.config();
    for (i, ids) in sentences().into_iter().enumerate() {
        let length = ids.len();
        let batch = TokenBatch::new(vec![ids]).unwrap();
        for position in [0, length / 2, length - 1] {
            let mut capture =
                TokenCapture::new(&[Site::Pre, Site::Post], &batch, &[position]).unwrap();
            model.forward(&batch, &mut capture).unwrap();
            for (site, name) in [(Site::Pre, "pre_gelu"), (Site::Post, "post_gelu")] {
                let all = expected(&format!("{name}.{i}"));
                let layers = capture.layers(site).unwrap();
                assert_eq!(layers.len(), config.num_hidden_layers);
                for (layer, found) in layers.iter().enumerate() {
                    let start = (layer * length + position) * config.intermediate_size;
                    let expected = &all[start..start + config.intermediate_size];
                    assert!(worst(found, expected) < 1e-5);
                }
            }
        }
    }
}

#[test]
fn a_lesion_does_what_the_hook_in_transformers_does() {
    let model = model();
    for (i, ids) in sentences().into_iter().enumerate() {
        let batch = TokenBatch::new(vec![ids]).unwrap();
        let target = zero(0, POSITION, &NEURONS);
        let mut lesion = Lesion::new(Site::Post, batch.shape(), model.config(), &[target]).unwrap();
        assert_eq!(lesion.size(), NEURONS.len());
        let found = logits(&model, &batch, &mut lesion);
        assert!(lesion.was_applied());
        assert!(worst(&found, &expected(&format!("lesion_logits.{i}"))) < 1e-4);
    }
}

#[test]
fn zeroing_before_gelu_is_zeroing_after_it() {
    let model = model();
    for ids in sentences() {
        let batch = TokenBatch::new(vec![ids]).unwrap();
        let target = zero(0, POSITION, &NEURONS);
        let [pre, post] = [Site::Pre, Site::Post].map(|site| {
            let mut lesion = Lesion::new(site, batch.shape(), model.config(), &[target]).unwrap();
            logits(&model, &batch, &mut lesion)
        });
        assert_eq!(pre, post);
    }
}

#[test]
fn a_row_without_a_target_is_unchanged_to_the_bit() {
    let model = model();
    let rows: Vec<_> = sentences().into_iter().filter(|ids| ids.len() == 8).collect();
    let batch = TokenBatch::new(rows).unwrap();
    let target = zero(0, POSITION, &NEURONS);
    let mut lesion = Lesion::new(Site::Post, batch.shape(), model.config(), &[target]).unwrap();
    let mut nothing = Lesion::new(Site::Post, batch.shape(), model.config(), &[]).unwrap();
    assert_eq!(nothing.size(), 0);
    let lesioned = logits(&model, &batch, &mut lesion);
    let clean = logits(&model, &batch, &mut nothing);
    let row = lesioned.len() / batch.rows().len();
    assert_ne!(lesioned[..row], clean[..row]);
    assert_eq!(lesioned[row..], clean[row..]);
}

#[test]
fn a_hook_leaves_nothing_behind() {
    let model = model();
    let batch = TokenBatch::new(vec![sentences().remove(0)]).unwrap();
    let plain = |model: &LanguageModel| {
        let hidden = model.forward(&batch, &mut NoHook).unwrap();
        hidden.into_data().try_into_vec::<f32>().unwrap()
    };
    let before = plain(&model);
    let target = zero(0, POSITION, &NEURONS);
    let mut lesion = Lesion::new(Site::Post, batch.shape(), model.config(), &[target]).unwrap();
    logits(&model, &batch, &mut lesion);
    assert_eq!(plain(&model), before);
}

#[test]
fn a_layer_token_or_neuron_that_does_not_exist_is_an_error() {
    let model = model();
    let config = model.config();
    let batch = TokenBatch::new(vec![vec![2, 30, 3]]).unwrap();
    let lesion = |layer, row, position, neuron: usize| {
        let neurons = [neuron];
        let target = Target { layer, ..zero(row, position, &neurons) };
        Lesion::new(Site::Post, batch.shape(), config, &[target])
    };
    assert!(lesion(2, 0, 2, 63).is_ok());
    assert!(matches!(lesion(3, 0, 0, 0), Err(CaptureError::NoSuchLayer { .. })));
    assert!(matches!(lesion(0, 1, 0, 0), Err(CaptureError::NoSuchToken { .. })));
    assert!(matches!(lesion(0, 0, 3, 0), Err(CaptureError::NoSuchToken { .. })));
    assert!(matches!(lesion(0, 0, 0, 64), Err(CaptureError::NoSuchNeuron { .. })));
    let positions = |positions: &[usize]| TokenCapture::new(&[Site::Pre], &batch, positions);
    assert!(matches!(positions(&[0, 1]), Err(CaptureError::PositionCount { .. })));
    assert!(matches!(positions(&[3]), Err(CaptureError::NoSuchToken { .. })));
}
