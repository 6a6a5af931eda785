//! A checkpoint with planted neurons for *him* and *her*, and its logits from the formulas.
//!
//! Attention writes nothing, so every token goes through the layers by itself. *him* and *her*
//! differ in two coordinates, which have opposite signs. The planted neurons of the last layer read
//! these, and each writes to a coordinate that the decoder reads as its word. They also read a
//! coordinate that depends on the position, so that they differ from mask to mask. All embeddings are
//! multiples of 1/8, so that values that are equal in theory have equal bits.

use std::{collections::BTreeMap, fs, path::Path};

use safetensors::{Dtype, tensor::TensorView};
use statrs::function::erf::erf;

use crate::support::Run;

const HIDDEN: usize = 16;
pub(crate) const NEURONS: usize = 96;
const LAYERS: usize = 2;
const POSITIONS: usize = 24;
const EPSILON: f64 = 1e-12;
/// The coordinates in which the words differ.
const CONTRAST: [usize; 2] = [0, 1];
/// The coordinates that the decoder reads as him and her.
const WORDS: [usize; 2] = [2, 3];

const WORD_ROWS: &str = "bert.embeddings.word_embeddings.weight";
const POSITION_ROWS: &str = "bert.embeddings.position_embeddings.weight";

/// The planted neurons of the last layer for him.
pub(crate) const HIM: [usize; 7] = [2, 13, 29, 42, 57, 70, 83];
/// The planted neurons of the last layer for her.
pub(crate) const HER: [usize; 8] = [14, 21, 39, 50, 65, 77, 91, 94];

const VOCABULARY: [&str; 22] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "him", "her", "the", "dog", "saw", "we",
    "met", "they", "thanked", "a", "letter", "reached", "today", "and", "nobody", "knew",
];

pub(crate) const STIMULI: &str = "We saw {him|her}.\nThe dog saw {him|her} today.\n\
    They thanked {him|her}.\nNobody knew {him|her} and we met.\nA letter reached {him|her} today.\n\
    We met {him|her} and the dog.\n";
pub(crate) const PROMPTS: &str = "The dog met {him|her}.\nThey saw {her|him} today.\n\
    Nobody knew and they thanked {him|her}.\n";
/// The positions of the masks in [`PROMPTS`], with the right word.
pub(crate) const MASKS: [(&str, usize); 3] = [("him", 4), ("her", 3), ("him", 6)];

/// Both words of each stimulus, with their positions.
pub(crate) fn targets() -> Vec<(&'static str, usize)> {
    let targets = STIMULI.lines().flat_map(|line| {
        let (before, _) = line.split_once('{').unwrap();
        let position = 1 + before.split_whitespace().count(); // [CLS] is 0
        ["him", "her"].map(|word| (word, position))
    });
    targets.collect()
}

/// The weights of the checkpoint by name, each with its shape.
pub(crate) struct Planted(BTreeMap<String, (Vec<usize>, Vec<f32>)>);

impl Planted {
    /// If `causal`, the planted neurons write to their words; otherwise they write nothing.
    pub(crate) fn new(causal: bool) -> Self {
        let mut weights = BTreeMap::new();
        let mut fill = |name: String, shape: &[usize], value: f32| {
            weights.insert(name, (shape.to_vec(), vec![value; shape.iter().product()]));
        };
        for (name, rows) in [("word", VOCABULARY.len()), ("position", POSITIONS), ("token_type", 2)]
        {
            fill(format!("bert.embeddings.{name}_embeddings.weight"), &[rows, HIDDEN], 0.0);
        }
        let mut dense = vec![("cls.predictions.transform.dense".to_owned(), HIDDEN, HIDDEN)];
        let mut norms = vec!["bert.embeddings.LayerNorm".to_owned()];
        norms.push("cls.predictions.transform.LayerNorm".to_owned());
        for layer in 0..LAYERS {
            let part = |part: &str| format!("bert.encoder.layer.{layer}.{part}");
            for projection in ["self.query", "self.key", "self.value", "output.dense"] {
                dense.push((part(&format!("attention.{projection}")), HIDDEN, HIDDEN));
            }
            dense.push((part("intermediate.dense"), NEURONS, HIDDEN));
            dense.push((part("output.dense"), HIDDEN, NEURONS));
            norms.extend([part("attention.output.LayerNorm"), part("output.LayerNorm")]);
        }
        for (name, out, into) in dense {
            fill(format!("{name}.weight"), &[out, into], 0.0);
            fill(format!("{name}.bias"), &[out], 0.0);
        }
        for name in norms {
            fill(format!("{name}.weight"), &[HIDDEN], 1.0);
            fill(format!("{name}.bias"), &[HIDDEN], 0.0);
        }
        fill("cls.predictions.bias".into(), &[VOCABULARY.len()], 0.0);
        let mut planted = Self(weights);
        planted.plant(causal);
        planted
    }

    /// The causal model with other neurons of the last layer that write about as much as the planted
    /// ones, but to a coordinate that no word is read from.
    pub(crate) fn with_loud_neurons() -> Self {
        let mut planted = Self::new(true);
        let last = LAYERS - 1;
        let mut sign = 1.0;
        let is_planted = |neuron: &usize| HIM.contains(neuron) || HER.contains(neuron);
        for neuron in (0..NEURONS).step_by(2).filter(|neuron| !is_planted(neuron)) {
            sign = -sign;
            planted.set_bias(&bias(&intermediate(last)), neuron, 1.0 + neuron as f32 / 256.0);
            for column in 0..HIDDEN {
                let weight = if column == HIDDEN - 1 { sign * 0.17 } else { 0.0 };
                planted.set(&intermediate(last), neuron, column, 0.0);
                planted.set(&output(last), column, neuron, weight);
            }
        }
        planted
    }

    fn plant(&mut self, causal: bool) {
        // Pseudo-random eighths, different for each token and position.
        let eighth = |seed: usize| ((seed * seed * 37 + seed * 11) % 251 % 17) as f32 / 8.0 - 1.0;
        for (table, rows) in [("word", VOCABULARY.len()), ("position", POSITIONS)] {
            let name = format!("bert.embeddings.{table}_embeddings.weight");
            for row in 0..rows {
                for column in 4..HIDDEN {
                    self.set(&name, row, column, eighth(3 + row * HIDDEN + column));
                }
            }
        }
        // The words differ only in the contrast and in the coordinate that is read as the word.
        let words = WORD_ROWS;
        let [him, her] = ["him", "her"].map(id);
        for column in 4..HIDDEN {
            self.set(words, her, column, self.get(words, him, column));
        }
        for (word, sign, coordinate) in [(him, 2.0, WORDS[0]), (her, -2.0, WORDS[1])] {
            self.set(words, word, CONTRAST[0], sign);
            self.set(words, word, CONTRAST[1], -sign);
            self.set(words, word, coordinate, 1.0);
        }
        // Neurons that respond to other things, in every layer.
        for layer in 0..LAYERS {
            for neuron in 0..NEURONS {
                for column in 4..HIDDEN {
                    let weight = eighth(5 + neuron * 31 + column * 7 + layer) / 4.0;
                    self.set(&intermediate(layer), neuron, column, weight);
                    self.set(&output(layer), column, neuron, weight / 16.0);
                }
            }
        }
        let last = LAYERS - 1;
        for (neurons, sign, word) in [(&HIM[..], 1.0, WORDS[0]), (&HER[..], -1.0, WORDS[1])] {
            for (i, &neuron) in neurons.iter().enumerate() {
                self.set(&intermediate(last), neuron, CONTRAST[0], sign);
                self.set(&intermediate(last), neuron, CONTRAST[1], -sign);
                // Active at the mask too, where there is no contrast.
                self.set_bias(&bias(&intermediate(last)), neuron, 1.0 + i as f32 / 16.0);
                for column in 4..HIDDEN {
                    let weight = if column == 4 + i { 0.25 } else { 0.0 };
                    self.set(&intermediate(last), neuron, column, weight);
                }
                for column in 0..HIDDEN {
                    self.set(&output(last), column, neuron, 0.0);
                }
                if causal {
                    self.set(&output(last), word, neuron, 0.1875 - i as f32 / 128.0);
                }
            }
        }
        for column in 0..HIDDEN {
            self.set("cls.predictions.transform.dense.weight", column, column, 1.0);
        }
    }

    fn get(&self, name: &str, row: usize, column: usize) -> f32 {
        let (shape, values) = &self.0[name];
        values[row * shape[1] + column]
    }

    fn set(&mut self, name: &str, row: usize, column: usize, value: f32) {
        let (shape, values) = self.0.get_mut(name).unwrap();
        values[row * shape[1] + column] = value;
    }

    fn set_bias(&mut self, name: &str, index: usize, value: f32) {
        self.0.get_mut(name).unwrap().1[index] = value;
    }

    /// Writes the checkpoint in Hugging Face format.
    pub(crate) fn write(&self, dir: &Path) {
        let bytes: Vec<(&String, &Vec<usize>, Vec<u8>)> = self
            .0
            .iter()
            .map(|(name, (shape, v))| {
                (name, shape, v.iter().flat_map(|v| v.to_le_bytes()).collect())
            })
            .collect();
        let views = bytes.iter().map(|(name, shape, bytes)| {
            (*name, TensorView::new(Dtype::F32, (*shape).clone(), bytes).unwrap())
        });
        fs::create_dir_all(dir).unwrap();
        fs::write(dir.join("model.safetensors"), safetensors::serialize(views, None).unwrap())
            .unwrap();
        fs::write(dir.join("vocab.txt"), VOCABULARY.join("\n")).unwrap();
        let config = serde_json::json!({
            "architectures": ["BertForMaskedLM"], "model_type": "bert", "hidden_size": HIDDEN,
            "intermediate_size": NEURONS, "num_attention_heads": 2, "num_hidden_layers": LAYERS,
            "vocab_size": VOCABULARY.len(), "max_position_embeddings": POSITIONS,
            "layer_norm_eps": EPSILON,
        });
        fs::write(dir.join("config.json"), config.to_string()).unwrap();
    }

    /// The logits of him and her for `token` at `position`, with `silenced` neurons of the last layer
    /// set to 0. In f64, from the formulas.
    pub(crate) fn logits(&self, token: &str, position: usize, silenced: &[usize]) -> [f64; 2] {
        self.logits_with(token, position, |activations| {
            for &neuron in silenced {
                activations[neuron] = 0.0;
            }
        })
    }

    /// The same, with a change of the last layer's activations after GELU.
    pub(crate) fn logits_with(
        &self,
        token: &str,
        position: usize,
        change: impl FnOnce(&mut [f64]),
    ) -> [f64; 2] {
        let logits = self.all_logits(token, position, change);
        ["him", "her"].map(|word| logits[id(word)])
    }

    /// The logits of the whole vocabulary.
    pub(crate) fn all_logits(
        &self,
        token: &str,
        position: usize,
        change: impl FnOnce(&mut [f64]),
    ) -> Vec<f64> {
        let (x, mut activations) = self.last_layer(token, position);
        change(&mut activations);
        let x = self.layer_output(LAYERS - 1, &x, &activations);
        let head: Vec<f64> = x.into_iter().map(gelu).collect(); // the transform is the identity
        let head = norm(&head);
        let words = (0..VOCABULARY.len()).map(|word| self.row(WORD_ROWS, word));
        words.map(|row| row.iter().zip(&head).map(|(a, b)| a * b).sum()).collect()
    }

    /// The last layer's activations after GELU, for `token` at `position`.
    pub(crate) fn activations(&self, token: &str, position: usize) -> Vec<f64> {
        self.last_layer(token, position).1
    }

    /// The last layer's activations before GELU, for `token` at `position`.
    pub(crate) fn pre_activations(&self, token: &str, position: usize) -> Vec<f64> {
        self.dense(&intermediate(LAYERS - 1), &self.last_layer(token, position).0)
    }

    /// The norms of the output weights of the last layer's neurons.
    pub(crate) fn output_norms(&self) -> Vec<f64> {
        let mut squares = vec![0.0; NEURONS];
        for column in 0..HIDDEN {
            for (square, weight) in squares.iter_mut().zip(self.row(&output(LAYERS - 1), column)) {
                *square += weight.powi(2);
            }
        }
        squares.into_iter().map(f64::sqrt).collect()
    }

    /// Input of the last layer's MLP, and its activations after GELU.
    fn last_layer(&self, token: &str, position: usize) -> (Vec<f64>, Vec<f64>) {
        let embedded = add(&self.row(WORD_ROWS, id(token)), &self.row(POSITION_ROWS, position));
        let (mut x, mut activations) = self.mlp(0, &norm(&embedded));
        for layer in 1..LAYERS {
            (x, activations) = self.mlp(layer, &self.layer_output(layer - 1, &x, &activations));
        }
        (x, activations)
    }

    /// Input of a layer's MLP, after an attention that adds nothing, and its activations.
    fn mlp(&self, layer: usize, input: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let x = norm(input);
        let activations = self.dense(&intermediate(layer), &x).into_iter().map(gelu).collect();
        (x, activations)
    }

    /// Output of a layer.
    fn layer_output(&self, layer: usize, x: &[f64], activations: &[f64]) -> Vec<f64> {
        norm(&add(&self.dense(&output(layer), activations), x))
    }

    fn row(&self, name: &str, row: usize) -> Vec<f64> {
        let (shape, values) = &self.0[name];
        values[row * shape[1]..][..shape[1]].iter().map(|&v| f64::from(v)).collect()
    }

    fn dense(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let (shape, weight) = &self.0[name];
        let bias = &self.0[&bias(name)].1;
        let rows = weight.chunks_exact(shape[1]).zip(bias);
        rows.map(|(row, &b)| {
            f64::from(b) + row.iter().zip(x).map(|(&w, x)| f64::from(w) * x).sum::<f64>()
        })
        .collect()
    }
}

fn intermediate(layer: usize) -> String {
    format!("bert.encoder.layer.{layer}.intermediate.dense.weight")
}

fn output(layer: usize) -> String {
    format!("bert.encoder.layer.{layer}.output.dense.weight")
}

fn bias(weight: &str) -> String {
    weight.replace(".weight", ".bias")
}

fn id(token: &str) -> usize {
    VOCABULARY.iter().position(|&t| t == token).unwrap()
}

fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn norm(x: &[f64]) -> Vec<f64> {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    x.iter().map(|v| (v - mean) / (variance + EPSILON).sqrt()).collect()
}

pub(crate) fn gelu(x: f64) -> f64 {
    x * 0.5 * (1.0 + erf(x / std::f64::consts::SQRT_2))
}

/// Checks that a study selects the planted neurons of the last layer, and no others.
#[track_caller]
pub(crate) fn assert_planted_neurons_are_selected(run: &Run) {
    for row in run.rows("neurons.csv") {
        let neuron: usize = row["neuron"].parse().unwrap();
        let expected = match row["layer"].as_str() {
            "1" if HIM.contains(&neuron) => "him",
            "1" if HER.contains(&neuron) => "her",
            _ => "",
        };
        assert_eq!(row["label"], expected, "layer {}, neuron {neuron}", row["layer"]);
    }
}
