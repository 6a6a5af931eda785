//! The direct effect of a neuron on a logit. In the last layer it equals the effect of zeroing the
//! neuron; in lower layers it equals an independent `f64` computation of the frozen path.

mod common;

use std::{
    collections::{BTreeMap, HashMap},
    f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI},
    fs,
};

use bert_model::{BertModelError, LanguageModel, MlpHook, NoHook, Site, TokenBatch, TokenSet};
use burn::tensor::Tensor;
use common::{fixture_folders::families, values};
use serde::Deserialize;

/// Largest absolute differences.
const EXACT_TOLERANCE: f32 = 1e-5;
const FROZEN_TOLERANCE: f64 = 1e-4;

/// Tokens whose logits are compared: special ones, a letter, words.
const TOKENS: [u32; 5] = [0, 4, 20, 60, 66];

fn open(family: &str) -> (LanguageModel, Vec<Vec<u32>>) {
    let ids = common::sentences(family).into_iter().map(|sentence| sentence.ids);
    (common::open(family).1, ids.collect())
}

fn batch(ids: &[u32]) -> TokenBatch {
    TokenBatch::new(vec![ids.to_vec()]).unwrap()
}

/// Input of each layer, and output of the last.
fn clean_pass(model: &LanguageModel, ids: &[u32]) -> Vec<Tensor<3>> {
    let mut entering = vec![model.embed(&batch(ids)).unwrap()];
    for layer in 0..model.config().num_hidden_layers {
        let hidden = entering[layer].clone();
        entering.push(model.run_layers(layer..layer + 1, hidden, &mut NoHook).unwrap());
    }
    entering
}

/// `[TOKENS][neuron]`.
fn effects(
    model: &LanguageModel,
    entering: &[Tensor<3>],
    layer: usize,
    position: usize,
) -> Vec<Vec<f32>> {
    let effects = model.direct_effects(entering, layer, position, &TOKENS).unwrap();
    let neurons = model.config().intermediate_size;
    assert_eq!(effects.dims(), [TOKENS.len(), neurons]);
    values(effects).chunks(neurons).map(<[f32]>::to_vec).collect()
}

/// Zeroes one neuron at one position.
struct Zero {
    layer: usize,
    position: usize,
    neuron: usize,
}

impl MlpHook for Zero {
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
        let zero = Tensor::zeros([1, 1, 1], &activations.device());
        let &mut Self { position, neuron, .. } = self;
        activations.slice_assign([0..1, position..position + 1, neuron..neuron + 1], zero)
    }
}

#[test]
fn in_the_last_layer_it_is_the_effect_of_zeroing_the_neuron() {
    let mut worst = 0_f32;
    let mut largest = 0_f32;
    let models: Vec<_> = families().map(open).collect();
    for (model, ids) in models.iter().flat_map(|(m, all)| all.iter().map(move |i| (m, i))) {
        let layer = model.config().num_hidden_layers - 1;
        let entering = clean_pass(model, ids);
        for position in [0, ids.len() / 2, ids.len() - 1] {
            let logits = |hook: &mut dyn MlpHook| {
                let hidden = model.forward(&batch(ids), hook).unwrap();
                values(model.logits_at(hidden, &[(0, position)]).unwrap())
            };
            let plain = logits(&mut NoHook);
            let effects = effects(model, &entering, layer, position);
            for neuron in [0, 3, 17, 31] {
                let without = logits(&mut Zero { layer, position, neuron });
                for (&token, effects) in TOKENS.iter().zip(&effects) {
                    let expected = plain[token as usize] - without[token as usize];
                    worst = worst.max((effects[neuron] - expected).abs());
                    largest = largest.max(expected.abs());
                }
            }
        }
    }
    println!("last layer: differs by {worst:e}, largest effect {largest}");
    assert!(largest > 0.1, "no effect to compare");
    assert!(worst <= EXACT_TOLERANCE, "differs by {worst:e}");
}

#[test]
fn in_lower_layers_it_is_the_effect_along_the_frozen_path() {
    let (model, sentences) = open("");
    let reference = Reference::new(&model);
    let layers = model.config().num_hidden_layers;
    let mut worst = 0_f64;
    let mut largest = 0_f64;
    for ids in &sentences {
        let entering = clean_pass(&model, ids);
        let clean = reference.run(ids);
        for position in 0..ids.len() {
            // The reference is a BERT: it gives the model's logits.
            let hidden = entering[layers].clone();
            let logits = values(model.logits_at(hidden, &[(0, position)]).unwrap());
            for (found, expected) in logits.iter().zip(reference.logits(&clean, position)) {
                assert!((f64::from(*found) - expected).abs() <= FROZEN_TOLERANCE);
            }
            for layer in 0..layers - 1 {
                let found = effects(&model, &entering, layer, position);
                for neuron in 0..model.config().intermediate_size {
                    let carried = reference.carried(&clean, layer, position, neuron);
                    for (&token, found) in TOKENS.iter().zip(&found) {
                        let expected = reference.along(token, &carried);
                        worst = worst.max((f64::from(found[neuron]) - expected).abs());
                        largest = largest.max(expected.abs());
                    }
                }
            }
        }
    }
    println!("below: differs by {worst:e}, largest effect {largest}");
    assert!(largest > 0.1, "no effect to compare");
    assert!(worst <= FROZEN_TOLERANCE, "differs by {worst:e}");
}

/// A case of `tests/fixtures/parity/make_direct_fixtures.py`.
#[derive(Deserialize)]
struct Expected {
    sentence: usize,
    position: usize,
    words: Vec<u32>,
    /// `[layers - 1][words][neurons]`.
    effects: Vec<Vec<Vec<f32>>>,
}

#[test]
fn with_norms_before_it_is_what_passes_a_frozen_head() {
    let file = fs::read(common::folder("direct_effects.json")).unwrap();
    let expected: BTreeMap<String, Vec<Expected>> = serde_json::from_slice(&file).unwrap();
    for (family, cases) in expected {
        let (model, sentences) = open(&family);
        for case in cases {
            let entering = clean_pass(&model, &sentences[case.sentence]);
            for (layer, expected) in case.effects.iter().enumerate() {
                let found =
                    model.direct_effects(&entering, layer, case.position, &case.words).unwrap();
                let what = format!("{family}, sentence {}, layer {layer}", case.sentence);
                let expected: Vec<f32> = expected.iter().flatten().copied().collect();
                common::assert_close(&what, &values(found), &expected, 1e-4);
                let largest = expected.iter().fold(0.0_f32, |most, effect| most.max(effect.abs()));
                assert!(largest > 0.1, "{what}: no effect to compare");
            }
        }
    }
}

#[test]
fn the_words_that_a_neuron_writes_are_its_direct_effects_on_all_words() {
    let neurons = [0, 3, 31];
    let mut worst = 0_f32;
    for (model, sentences) in families().map(open) {
        let config = model.config();
        let vocabulary: Vec<u32> = (0..u32::try_from(config.vocab_size).unwrap()).collect();
        let ids = &sentences[0];
        let entering = clean_pass(&model, ids);
        for layer in 0..config.num_hidden_layers {
            let position = ids.len() / 2;
            let all = model.direct_effects(&entering, layer, position, &vocabulary).unwrap();
            let all = values(all);
            let written = model.words_written(&entering, layer, position, &neurons).unwrap();
            assert_eq!(written.dims(), [neurons.len(), vocabulary.len()]);
            for (row, &neuron) in values(written).chunks(vocabulary.len()).zip(&neurons) {
                for (word, found) in row.iter().enumerate() {
                    let expected = all[word * config.intermediate_size + neuron];
                    worst = worst.max((found - expected).abs());
                }
            }
        }
    }
    assert!(worst <= EXACT_TOLERANCE, "differs by {worst:e}");
}

#[test]
fn the_word_weights_of_a_neuron_are_a_product_of_stored_matrices() {
    let (model, _) = open("");
    let reference = Reference::new(&model);
    let (hidden, intermediate) = (reference.hidden, model.config().intermediate_size);
    let (layer, neuron) = (1, 5);
    let output = &reference.tensors[&format!("{}.weight", part(layer, "output.dense"))];
    let column: Vec<f64> = (0..hidden).map(|row| output[row * intermediate + neuron]).collect();
    let transform = &reference.tensors[&format!("{TRANSFORM}.weight")];
    let carried: Vec<f64> = transform.chunks(hidden).map(|row| dot(row, &column)).collect();
    let found = values(model.word_weights(layer, &[neuron]).unwrap());
    for (row, found) in reference.tensors[WORDS].chunks(hidden).zip(found) {
        assert!((dot(row, &carried) - f64::from(found)).abs() < FROZEN_TOLERANCE);
    }
}

#[test]
fn impossible_input_is_an_error_not_a_panic() {
    let (model, sentences) = open("");
    let config = model.config();
    let layers = config.num_hidden_layers;
    let length = sentences[0].len();
    let entering = clean_pass(&model, &sentences[0]);
    let error = |entering: &[_], layer, position, tokens: &[_]| {
        model.direct_effects(entering, layer, position, tokens).unwrap_err()
    };

    for layer in [layers, usize::MAX] {
        let error = error(&entering, layer, 0, &TOKENS);
        assert!(matches!(error, BertModelError::NoSuchLayer { .. }), "{error}");
    }
    for position in [length, usize::MAX] {
        let error = error(&entering, 0, position, &TOKENS);
        assert!(matches!(error, BertModelError::NoSuchPosition { .. }), "{error}");
    }
    for id in [u32::try_from(config.vocab_size).unwrap(), u32::MAX] {
        let error = error(&entering, 0, 0, &[0, id]);
        assert!(matches!(error, BertModelError::TokenId { id: found, .. } if found == id));
    }
    assert!(matches!(error(&entering, 0, 0, &[]), BertModelError::EmptyBatch));

    let neurons = config.intermediate_size;
    let error_of = |neurons: &[usize]| model.words_written(&entering, 0, 0, neurons).unwrap_err();
    assert!(
        matches!(error_of(&[0, neurons]), BertModelError::NoSuchNeuron { neuron, .. } if neuron == neurons)
    );
    assert!(matches!(error_of(&[]), BertModelError::EmptyBatch));
    assert!(matches!(model.word_weights(layers, &[0]), Err(BertModelError::NoSuchLayer { .. })));

    let mut longer = entering.clone();
    longer.push(entering[0].clone());
    let mut unequal = entering.clone();
    unequal[1] = unequal[1].clone().narrow(1, 0, length - 1);
    let two_rows: Vec<_> =
        entering.iter().map(|hidden| hidden.clone().repeat(&[2, 1, 1])).collect();
    let narrow: Vec<_> = entering.iter().map(|hidden| hidden.clone().narrow(2, 0, 8)).collect();
    for entering in [&[], &entering[..layers], &longer, &unequal, &two_rows, &narrow] {
        let error = error(entering, 0, 0, &TOKENS);
        assert!(matches!(error, BertModelError::CleanPass { .. }), "{error}");
    }
}

/// BERT once more, in `f64`, one vector at a time, forwards, from the tensors as they are stored.
struct Reference {
    tensors: HashMap<String, Vec<f64>>,
    hidden: usize,
    heads: usize,
    layers: usize,
    epsilon: f64,
}

/// A clean pass, each part `[layer][position]`.
#[derive(Default)]
struct Clean {
    attention_sums: Vec<Vec<Vec<f64>>>,
    post: Vec<Vec<Vec<f64>>>,
    output_sums: Vec<Vec<Vec<f64>>>,
    /// Output of the last layer, `[position]`.
    leaving: Vec<Vec<f64>>,
}

const TRANSFORM: &str = "cls.predictions.transform.dense";
const HEAD_NORM: &str = "cls.predictions.transform.LayerNorm";
/// The decoder too: the fixture ties them.
const WORDS: &str = "bert.embeddings.word_embeddings.weight";

fn part(layer: usize, name: &str) -> String {
    format!("bert.encoder.layer.{layer}.{name}")
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

/// The normal distribution function, by a series whose terms are all of one sign.
fn phi(z: f64) -> f64 {
    let x = z * FRAC_1_SQRT_2;
    let mut term = x;
    let mut sum = x;
    for n in 1..400 {
        term *= 2.0 * x * x / (2.0 * f64::from(n) + 1.0);
        sum += term;
    }
    0.5 * (1.0 + FRAC_2_SQRT_PI * (-x * x).exp() * sum)
}

fn gelu(z: &[f64]) -> Vec<f64> {
    z.iter().map(|&z| z * phi(z)).collect()
}

impl Reference {
    fn new(model: &LanguageModel) -> Self {
        let config = model.config();
        let tensors = model.tensors().into_iter();
        Self {
            tensors: tensors.map(|(name, data)| (name, data.iter::<f64>().collect())).collect(),
            hidden: config.hidden_size,
            heads: config.num_attention_heads,
            layers: config.num_hidden_layers,
            epsilon: config.layer_norm_eps,
        }
    }

    /// Row `index` of a matrix whose rows are as long as the hidden states.
    fn row(&self, name: &str, index: usize) -> &[f64] {
        &self.tensors[name][index * self.hidden..][..self.hidden]
    }

    /// The weight alone, stored `[out, in]`.
    fn matrix(&self, name: &str, x: &[f64]) -> Vec<f64> {
        self.tensors[&format!("{name}.weight")].chunks(x.len()).map(|row| dot(row, x)).collect()
    }

    fn linear(&self, name: &str, x: &[f64]) -> Vec<f64> {
        add(&self.matrix(name, x), &self.tensors[&format!("{name}.bias")])
    }

    /// LayerNorm of `x` without its bias, divided by the standard deviation of `read`.
    fn frozen_norm(&self, name: &str, read: &[f64], x: &[f64]) -> Vec<f64> {
        let centre = mean(read);
        let squares: Vec<_> = read.iter().map(|r| (r - centre).powi(2)).collect();
        let sigma = (mean(&squares) + self.epsilon).sqrt();
        let gamma = &self.tensors[&format!("{name}.weight")];
        x.iter().zip(gamma).map(|(v, gamma)| gamma * (v - mean(x)) / sigma).collect()
    }

    fn norm(&self, name: &str, x: &[f64]) -> Vec<f64> {
        add(&self.frozen_norm(name, x, x), &self.tensors[&format!("{name}.bias")])
    }

    fn run(&self, ids: &[u32]) -> Clean {
        let mut clean = Clean::default();
        let mut stream = self.embed(ids);
        for layer in 0..self.layers {
            let each = |name: &str, rows: &[Vec<f64>]| -> Vec<_> {
                rows.iter().map(|x| self.linear(&part(layer, name), x)).collect()
            };
            let sums = |a: &[Vec<f64>], b: &[Vec<f64>]| -> Vec<_> {
                a.iter().zip(b).map(|(a, b)| add(a, b)).collect()
            };
            let norms = |name: &str, rows: &[Vec<f64>]| -> Vec<_> {
                rows.iter().map(|x| self.norm(&part(layer, name), x)).collect()
            };
            let context = self.attend(
                &each("attention.self.query", &stream),
                &each("attention.self.key", &stream),
                &each("attention.self.value", &stream),
            );
            let attention_sums = sums(&each("attention.output.dense", &context), &stream);
            let between = norms("attention.output.LayerNorm", &attention_sums);
            let pre = each("intermediate.dense", &between);
            let post: Vec<_> = pre.iter().map(|pre| gelu(pre)).collect();
            let output_sums = sums(&each("output.dense", &post), &between);
            stream = norms("output.LayerNorm", &output_sums);
            clean.attention_sums.push(attention_sums);
            clean.post.push(post);
            clean.output_sums.push(output_sums);
        }
        clean.leaving = stream;
        clean
    }

    /// The input of layer 0.
    fn embed(&self, ids: &[u32]) -> Vec<Vec<f64>> {
        let segment = self.row("bert.embeddings.token_type_embeddings.weight", 0);
        let mut stream = Vec::new();
        for (position, &id) in ids.iter().enumerate() {
            let place = self.row("bert.embeddings.position_embeddings.weight", position);
            let sum = add(&add(self.row(WORDS, id as usize), place), segment);
            stream.push(self.norm("bert.embeddings.LayerNorm", &sum));
        }
        stream
    }

    fn attend(&self, query: &[Vec<f64>], key: &[Vec<f64>], value: &[Vec<f64>]) -> Vec<Vec<f64>> {
        query.iter().map(|query| self.attend_by_one(query, key, value)).collect()
    }

    fn attend_by_one(&self, query: &[f64], key: &[Vec<f64>], value: &[Vec<f64>]) -> Vec<f64> {
        let size = self.hidden / self.heads;
        let mut context = vec![0.0; self.hidden];
        for start in (0..self.hidden).step_by(size) {
            let head = start..start + size;
            let query = &query[head.clone()];
            let scores =
                key.iter().map(|key| dot(query, &key[head.clone()]) / (size as f64).sqrt());
            let weights: Vec<_> = scores.map(f64::exp).collect();
            let total: f64 = weights.iter().sum();
            for (weight, value) in weights.iter().zip(value) {
                for i in head.clone() {
                    context[i] += weight / total * value[i];
                }
            }
        }
        context
    }

    fn logits(&self, clean: &Clean, position: usize) -> Vec<f64> {
        let z = self.linear(TRANSFORM, &clean.leaving[position]);
        let read = self.norm(HEAD_NORM, &gelu(&z));
        let rows = self.tensors[WORDS].chunks(self.hidden);
        rows.zip(&self.tensors["cls.predictions.bias"])
            .map(|(row, b)| dot(row, &read) + b)
            .collect()
    }

    /// The contribution of a neuron, carried along the frozen path to the input of the decoder.
    fn carried(&self, clean: &Clean, layer: usize, position: usize, neuron: usize) -> Vec<f64> {
        let activations = &clean.post[layer][position];
        let mut alone = vec![0.0; activations.len()];
        alone[neuron] = activations[neuron];
        let norm = |layer, name, sums: &[Vec<Vec<f64>>], x: &[f64]| {
            self.frozen_norm(&part(layer, name), &sums[layer][position], x)
        };
        let written = self.matrix(&part(layer, "output.dense"), &alone);
        let mut x = norm(layer, "output.LayerNorm", &clean.output_sums, &written);
        for later in layer + 1..self.layers {
            x = norm(later, "attention.output.LayerNorm", &clean.attention_sums, &x);
            x = norm(later, "output.LayerNorm", &clean.output_sums, &x);
        }
        let z = self.linear(TRANSFORM, &clean.leaving[position]);
        let moved = self.matrix(TRANSFORM, &x);
        let moved: Vec<_> = moved.iter().zip(&z).map(|(moved, &z)| moved * phi(z)).collect();
        self.frozen_norm(HEAD_NORM, &gelu(&z), &moved)
    }

    fn along(&self, token: u32, carried: &[f64]) -> f64 {
        dot(self.row(WORDS, token as usize), carried)
    }
}
