//! The gradients at neurons are those of PyTorch's autograd, and their integral along a path is the
//! difference of the logits at its ends.

mod common;

use std::{collections::BTreeMap, fs};

use bert_model::{
    BertModelError, LanguageModel, LogitDifference, MlpHook, NeuronGradients, NoHook, Site,
    TokenBatch, TokenSet,
};
use burn::tensor::Tensor;
use common::{assert_close, fixture_folders::families, values};
use serde::Deserialize;

/// Largest absolute difference from PyTorch's gradients.
const TOLERANCE: f32 = 1e-4;

/// A case of `tests/fixtures/parity/make_gradient_fixtures.py`.
#[derive(Deserialize)]
struct Expected {
    sentence: usize,
    position: usize,
    words: [u32; 2],
    pre: Vec<Vec<f32>>,
    post: Vec<Vec<f32>>,
}

fn embed(model: &LanguageModel, rows: Vec<Vec<u32>>) -> Tensor<3> {
    model.embed(&TokenBatch::new(rows).unwrap()).unwrap()
}

#[test]
fn they_are_those_of_autograd() {
    let file = fs::read(common::folder("gradients.json")).unwrap();
    let expected: BTreeMap<String, Vec<Expected>> = serde_json::from_slice(&file).unwrap();
    assert!(families().all(|family| expected.contains_key(family)));
    for (name, cases) in &expected {
        let (family, model) = match name.strip_prefix("variants/") {
            Some(variant) => (common::family_of(variant), common::load_variant(variant)),
            None => (name.as_str(), common::open(name).1),
        };
        let sentences = common::sentences(family);
        for case in cases {
            let hidden = embed(&model, vec![sentences[case.sentence].ids.clone()]);
            let difference = LogitDifference { positions: &[case.position], words: &[case.words] };
            let found = model.neuron_gradients(0, hidden, difference, &mut NoHook).unwrap();
            assert_eq!(found.len(), case.pre.len());
            let mut largest = 0.0_f32;
            for (layer, NeuronGradients { pre, post }) in found.into_iter().enumerate() {
                let what = format!("{name}, sentence {}, layer {layer}", case.sentence);
                assert_close(&what, &values(pre), &case.pre[layer], TOLERANCE);
                assert_close(&what, &values(post), &case.post[layer], TOLERANCE);
                largest = case.post[layer].iter().fold(largest, |most, &at| most.max(at.abs()));
            }
            assert!(largest > 100.0 * TOLERANCE, "{name}: no gradient to compare");
        }
    }
}

#[test]
fn rows_of_a_batch_and_later_layers_do_not_depend_on_each_other() {
    let (_, model) = common::open("");
    let rows: Vec<Vec<u32>> =
        common::sentences("")[..2].iter().map(|sentence| sentence.ids.clone()).collect();
    let words = [[20, 31], [25, 11]];
    let difference = LogitDifference { positions: &[4, 2], words: &words };
    let hidden = embed(&model, rows.clone());
    let together = model.neuron_gradients(0, hidden.clone(), difference, &mut NoHook).unwrap();
    let entering = model.run_layers(0..1, hidden, &mut NoHook).unwrap();
    let later = model.neuron_gradients(1, entering, difference, &mut NoHook).unwrap();
    assert_close("later", &values(later[0].pre.clone()), &values(together[1].pre.clone()), 1e-6);
    for (row, ids) in rows.into_iter().enumerate() {
        let alone = LogitDifference {
            positions: &difference.positions[row..=row],
            words: &words[row..=row],
        };
        let hidden = embed(&model, vec![ids]);
        let alone = model.neuron_gradients(0, hidden, alone, &mut NoHook).unwrap();
        for (alone, together) in alone.into_iter().zip(&together) {
            let row = together.post.clone().narrow(0, row, 1);
            assert_close("row", &values(alone.post), &values(row), 1e-6);
        }
    }
}

/// Multiplies the activations of one layer at one token by a factor for each row.
struct Damped<'a> {
    layer: usize,
    position: usize,
    factors: &'a [f32],
}

impl MlpHook for Damped<'_> {
    fn visit(
        &mut self,
        layer: usize,
        site: Site,
        _tokens: TokenSet<'_>,
        activations: Tensor<3>,
    ) -> Tensor<3> {
        if (layer, site) != (self.layer, Site::Post) {
            return activations;
        }
        let [rows, _, neurons] = activations.dims();
        let place = [0..rows, self.position..self.position + 1, 0..neurons];
        let factors = Tensor::<1>::from_data(self.factors, &activations.device());
        let damped = activations.clone().slice(place.clone()) * factors.reshape([rows, 1, 1]);
        activations.slice_assign(place, damped)
    }
}

#[test]
fn their_integral_is_the_effect_of_silencing_the_whole_layer() {
    const STEPS: usize = 64;
    let (_, model) = common::open("");
    let ids = common::sentences("")[1].ids.clone();
    let (position, words) = (3, [20, 31]);
    let midpoints: Vec<f32> = (0..STEPS).map(|step| (step as f32 + 0.5) / STEPS as f32).collect();
    for layer in 0..model.config().num_hidden_layers {
        let mut hook = Damped { layer, position, factors: &midpoints };
        let difference = LogitDifference { positions: &[position; STEPS], words: &[words; STEPS] };
        let hidden = embed(&model, vec![ids.clone(); STEPS]);
        let gradients = model.neuron_gradients(0, hidden, difference, &mut hook).unwrap();
        let mean = values(gradients[layer].post.clone().mean_dim(0));

        let logits = |factor: f32| {
            let mut hook = Damped { layer, position, factors: &[factor] };
            let batch = TokenBatch::new(vec![ids.clone()]).unwrap();
            let hidden = model.forward(&batch, &mut hook).unwrap();
            let logits = values(model.logits_at(hidden, &[(0, position)]).unwrap());
            logits[words[0] as usize] - logits[words[1] as usize]
        };
        let post = post_activations(&model, &ids, layer, position);
        let integral: f32 = mean.iter().zip(&post).map(|(mean, post)| mean * post).sum();
        let effect = logits(1.0) - logits(0.0);
        assert!((integral - effect).abs() < 2e-3, "layer {layer}: {integral}, {effect}");
        assert!(effect.abs() > 0.02, "layer {layer}: no effect to compare");
    }
}

/// Keeps the activations of one layer.
struct Watch {
    layer: usize,
    post: Option<Tensor<3>>,
}

impl MlpHook for Watch {
    fn visit(
        &mut self,
        layer: usize,
        site: Site,
        _tokens: TokenSet<'_>,
        activations: Tensor<3>,
    ) -> Tensor<3> {
        if (layer, site) == (self.layer, Site::Post) {
            self.post = Some(activations.clone());
        }
        activations
    }
}

fn post_activations(model: &LanguageModel, ids: &[u32], layer: usize, position: usize) -> Vec<f32> {
    let mut watch = Watch { layer, post: None };
    model.forward(&TokenBatch::new(vec![ids.to_vec()]).unwrap(), &mut watch).unwrap();
    values(watch.post.unwrap().narrow(1, position, 1))
}

#[test]
fn impossible_input_is_an_error() {
    let (_, model) = common::open("");
    let hidden = embed(&model, vec![vec![2, 64, 88, 3]]);
    let gradients = |first, positions: &[usize], words: &[[u32; 2]]| {
        let difference = LogitDifference { positions, words };
        model.neuron_gradients(first, hidden.clone(), difference, &mut NoHook).map(|_| ())
    };
    assert!(gradients(0, &[1], &[[5, 6]]).is_ok());
    let layers = model.config().num_hidden_layers;
    let error = gradients(layers, &[1], &[[5, 6]]);
    assert!(matches!(error, Err(BertModelError::NoSuchLayer { .. })), "{error:?}");
    let error = gradients(0, &[4], &[[5, 6]]);
    assert!(matches!(error, Err(BertModelError::NoSuchPosition { .. })), "{error:?}");
    let error = gradients(0, &[1], &[]);
    assert!(matches!(error, Err(BertModelError::WordPairs { .. })), "{error:?}");
    let error = gradients(0, &[1], &[[5, 120]]);
    assert!(matches!(error, Err(BertModelError::TokenId { .. })), "{error:?}");
}
