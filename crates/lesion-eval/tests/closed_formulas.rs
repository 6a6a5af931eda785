//! A study through the library, of a model whose neurons for *him* and *her* are planted, so that
//! the results have closed formulas.
//!
//! Attention writes nothing, so each token passes through the layers by itself. A token's vector is
//! `(w, -w, w, -w, c, -c, 0, 0)` before normalisation: `w` is 1 for *him*, -1 for *her* and 0 for all
//! other tokens, and `c` depends on the position. The planted neurons of the last layer read the
//! first two coordinates and write to the next two, which the decoder reads. Biases keep every GELU
//! where it is the identity.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf, sync::Arc};

use bert_model::{BertTokenizer, Checkpoint, LanguageModel};
use burn::tensor::Device;
use lesion_eval::{
    Batching, Drops, EncodedStimuli, Laboratory, LesionMethod, MaskedPrompt, NeuronSets, NoJournal,
    Observations, Outcome, Prompts, Read, Stimuli, Subject, Trial, lesion, measure, predict,
    select, unwatched,
};
use study_record::{ScoreUnit, SetRule, SharedLayers, Site, Strength, Study};

const HIDDEN: usize = 8;
const NEURONS: usize = 12;
const LAYERS: usize = 2;
const POSITIONS: usize = 16;
/// The planted neurons of the last layer.
const HIM: [usize; 2] = [2, 7];
const HER: [usize; 3] = [4, 9, 11];
/// GELU is the identity in f32 from here on.
const LINEAR: f32 = 16.0;

const VOCABULARY: [&str; 22] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "him", "her", "the", "dog", "saw", "we",
    "met", "they", "thanked", "a", "letter", "reached", "today", "and", "nobody", "knew",
];
const STIMULI: &str = "We saw {him|her}.\nThe dog saw {him|her} today.\nThey thanked {him|her}.\n\
    Nobody knew {him|her} and we met.\nA letter reached {him|her} today.\n";
const PROMPTS: &str = "The dog met {him|her}.\nThey saw {her|him} today.\n";

/// The margin of the right word if `right` of its neurons and `other` of the other word's are active.
/// Each adds 1 to, or takes 1 from, the difference that the decoder reads.
fn margin(right: usize, other: usize) -> f64 {
    let difference = right as f64 - other as f64;
    // At the mask the vector is (0, 0, d, -d, 2, -2, 0, 0) before the last normalisation.
    let scale = ((2.0 * difference.powi(2) + 8.0) / HIDDEN as f64).sqrt();
    4.0 * difference / scale
}

/// Tensors by name, each with its shape.
struct Weights(BTreeMap<String, (Vec<usize>, Vec<f32>)>);

impl Weights {
    fn add(&mut self, name: &str, shape: &[usize], value: f32) -> &mut Vec<f32> {
        let values = vec![value; shape.iter().product()];
        &mut self.0.entry(name.to_owned()).or_insert((shape.to_vec(), values)).1
    }

    fn add_dense(&mut self, name: &str, out: usize, into: usize, bias: f32) -> &mut Vec<f32> {
        self.add(&format!("{name}.bias"), &[out], bias);
        self.add(&format!("{name}.weight"), &[out, into], 0.0)
    }

    fn add_norm(&mut self, name: &str) {
        self.add(&format!("{name}.weight"), &[HIDDEN], 1.0);
        self.add(&format!("{name}.bias"), &[HIDDEN], 0.0);
    }

    fn planted() -> Self {
        let mut weights = Self(BTreeMap::new());
        let words =
            weights.add("bert.embeddings.word_embeddings.weight", &[VOCABULARY.len(), HIDDEN], 0.0);
        for (word, sign) in [("him", 1.0), ("her", -1.0)] {
            let row = VOCABULARY.iter().position(|&token| token == word).unwrap() * HIDDEN;
            words[row..row + 4].copy_from_slice(&[sign, -sign, sign, -sign]);
        }
        let positions =
            weights.add("bert.embeddings.position_embeddings.weight", &[POSITIONS, HIDDEN], 0.0);
        for (position, row) in positions.chunks_exact_mut(HIDDEN).enumerate() {
            let value = 0.5 + position as f32 / 16.0;
            row[4..6].copy_from_slice(&[value, -value]);
        }
        weights.add("bert.embeddings.token_type_embeddings.weight", &[2, HIDDEN], 0.0);
        weights.add_norm("bert.embeddings.LayerNorm");
        for layer in 0..LAYERS {
            let layer_name = format!("bert.encoder.layer.{layer}");
            for part in ["self.query", "self.key", "self.value", "output.dense"] {
                weights.add_dense(&format!("{layer_name}.attention.{part}"), HIDDEN, HIDDEN, 0.0);
            }
            weights.add_norm(&format!("{layer_name}.attention.output.LayerNorm"));
            weights.add_norm(&format!("{layer_name}.output.LayerNorm"));
            let read = weights.add_dense(
                &format!("{layer_name}.intermediate.dense"),
                NEURONS,
                HIDDEN,
                LINEAR,
            );
            for (neuron, row) in read.chunks_exact_mut(HIDDEN).enumerate() {
                match sign(layer, neuron) {
                    Some(sign) => row[..2].copy_from_slice(&[sign, -sign]),
                    None => row[4] = neuron as f32 / 8.0,
                }
            }
            let write =
                weights.add_dense(&format!("{layer_name}.output.dense"), HIDDEN, NEURONS, 0.0);
            for neuron in 0..NEURONS {
                if let Some(sign) = sign(layer, neuron) {
                    write[2 * NEURONS + neuron] = sign / LINEAR;
                    write[3 * NEURONS + neuron] = -sign / LINEAR;
                }
            }
        }
        let head = weights.add_dense("cls.predictions.transform.dense", HIDDEN, HIDDEN, LINEAR);
        for i in 0..HIDDEN {
            head[i * HIDDEN + i] = 1.0;
        }
        weights.add_norm("cls.predictions.transform.LayerNorm");
        weights.add("cls.predictions.bias", &[VOCABULARY.len()], 0.0);
        weights
    }

    /// The tensors in the safetensors format.
    fn to_safetensors(&self) -> Vec<u8> {
        let mut header = String::from("{");
        let mut data = Vec::new();
        for (name, (shape, values)) in &self.0 {
            let start = data.len();
            data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            let separator = if start == 0 { "" } else { "," };
            let end = data.len();
            write!(
                header,
                r#"{separator}"{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{start},{end}]}}"#
            )
            .unwrap();
        }
        header.push('}');
        header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
    }
}

/// 1 for a planted *him* neuron, -1 for a planted *her* neuron.
fn sign(layer: usize, neuron: usize) -> Option<f32> {
    match layer {
        1 if HIM.contains(&neuron) => Some(1.0),
        1 if HER.contains(&neuron) => Some(-1.0),
        _ => None,
    }
}

fn open(test: &str) -> (LanguageModel, BertTokenizer) {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("planted-{test}"));
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("model.safetensors"), Weights::planted().to_safetensors()).unwrap();
    fs::write(dir.join("vocab.txt"), VOCABULARY.join("\n")).unwrap();
    let config = format!(
        r#"{{"architectures": ["BertForMaskedLM"], "model_type": "bert", "hidden_size": {HIDDEN},
            "intermediate_size": {NEURONS}, "num_attention_heads": 2,
            "num_hidden_layers": {LAYERS}, "vocab_size": {}, "layer_norm_eps": 1e-12,
            "max_position_embeddings": {POSITIONS}}}"#,
        VOCABULARY.len()
    );
    fs::write(dir.join("config.json"), config).unwrap();
    let mut checkpoint = Checkpoint::open(&dir).unwrap();
    let model = checkpoint.load_model(&Device::flex()).unwrap();
    (model, checkpoint.tokenizer)
}

/// The significant neurons of the planted model, and its prompts.
fn prepare(subject: Subject<'_>) -> (NeuronSets, Vec<MaskedPrompt>) {
    let stimuli = Stimuli::parse("stimuli.txt", STIMULI).unwrap();
    let prompts = Prompts::parse("prompts.txt", PROMPTS).unwrap();
    let mut settings = Study::default().selection;
    settings.permutations = 10.try_into().unwrap();
    let encoded = EncodedStimuli::encode(subject, &stimuli, &settings, ScoreUnit::Word).unwrap();
    let prompts =
        MaskedPrompt::encode_all(subject, &prompts, encoded.contrast(), ScoreUnit::Word).unwrap();
    let activations = measure(subject, &encoded, &mut unwatched()).unwrap();
    let selection =
        select(&Observations::of(&activations, settings.site), &settings, 0, &mut unwatched())
            .unwrap();
    (NeuronSets::choose(&selection, SetRule::Significant, Strength::T), prompts)
}

#[track_caller]
fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-4, "{found} is not {expected}");
}

/// Checks the falls at a mask whose margin was `before` and is `after` the lesion. The words' logits
/// are opposite, so each is half the margin.
#[track_caller]
fn assert_drops(drops: Drops, before: f64, after: f64) {
    assert_close(drops.margin, before - after);
    assert_close(drops.logit, (before - after) / 2.0);
}

#[test]
fn exactly_the_planted_neurons_are_selected() {
    let (model, tokenizer) = open("selection");
    let batching = Batching::default();
    let subject = Subject { model: &model, tokenizer: &tokenizer, plain: false, batching };
    let (sets, _) = prepare(subject);
    assert_eq!((&*sets.set(1, "him"), &*sets.set(1, "her")), (&HIM[..], &HER[..]));
    assert!(sets.set(0, "him").is_empty() && sets.set(0, "her").is_empty());
}

#[test]
fn predictions_and_lesions_follow_the_formulas() {
    let (model, tokenizer) = open("lesions");
    for plain in [false, true] {
        let batching = Batching::default();
        let subject = Subject { model: &model, tokenizer: &tokenizer, plain, batching };
        let (sets, prompts) = prepare(subject);
        // The active neurons of each prompt's word, and of the other word.
        let counts = [(HIM.len(), HER.len()), (HER.len(), HIM.len())];
        let predictions = predict(subject, &prompts, &mut unwatched()).unwrap();
        for (prediction, (right, other)) in predictions.iter().zip(counts) {
            assert_close(f64::from(prediction.scores[0].logit), margin(right, other) / 2.0);
        }

        let outcomes =
            lesion(subject, &prompts, &sets, (1, SharedLayers::Here), Site::Post, &mut unwatched())
                .unwrap();
        for (outcome, (right, other)) in outcomes.iter().step_by(2).zip(counts) {
            assert_eq!(outcome.neurons, right);
            assert_drops(outcome.outcome.drops(), margin(right, other), margin(0, other));
        }

        let planted = [&HIM[..], &HER[..]];
        let others: Vec<usize> = (0..NEURONS).filter(|&n| sign(1, n).is_none()).collect();
        let mut trials = Vec::new();
        let mut expected = Vec::new();
        for (prompt, (right, other)) in counts.into_iter().enumerate() {
            let mut add = |layer: usize, neurons: &[usize], after: f64| {
                trials.push(Trial::single(prompt, layer, Arc::from(neurons)));
                expected.push((margin(right, other), after));
            };
            add(1, planted[prompt], margin(0, other));
            add(1, &planted[prompt][..1], margin(right - 1, other));
            add(1, planted[1 - prompt], margin(right, 0));
            add(1, &others, margin(right, other));
            add(0, &[0, 1, 2, 3], margin(right, other));
        }
        let method = LesionMethod::zero(Site::Post).prepare(None, &prompts, 0).unwrap();
        let mut journal = NoJournal;
        let mut laboratory = Laboratory::new(subject, &prompts, method, &mut journal);
        let outcomes =
            laboratory.run("planted", &trials, Read::Candidates, &mut unwatched()).unwrap();
        for (outcome, (before, after)) in outcomes.iter().map(Outcome::drops).zip(expected) {
            assert_drops(outcome, before, after);
        }
    }
}
