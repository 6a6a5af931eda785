//! The random checkpoint that all planted worlds share, and a way to plant neurons in it.
//!
//! A pair of coordinates with opposite values stands for a fact, so that the fact does not change the
//! mean that LayerNorm subtracts. There are three: the cue of a noun with a gender, the gender at any
//! token, and the content that planted neurons write. One head of the first layer attends to all
//! tokens alike and copies the cue into the gender of each. The head of the model reads gender and
//! content, and writes to pairs in which the embeddings of him and her are opposite. Everything else
//! is random, in coordinates of its own: embeddings, the other heads of attention, and neurons with
//! unequal gains, which also write a little gender.

use std::{collections::BTreeMap, fs, path::Path};

use safetensors::{Dtype, tensor::TensorView};

use super::{
    LABELS,
    seeded_numbers::SeededNumbers,
    world_texts::{CUES, vocabulary},
};

pub(crate) const LAYERS: usize = 4;
/// Neurons of each layer.
pub(crate) const NEURONS: usize = 256;
const HIDDEN: usize = 48;
const HEADS: usize = 2;
const HEAD_SIZE: usize = HIDDEN / HEADS;
const POSITIONS: usize = 16;

/// Two coordinates with opposite values.
type Pair = [usize; 2];
/// Pairs in which the embeddings of him and her differ. The head of the model writes to them the
/// content, the part of it beyond saturation, and the gender.
const CONTENT_READ: Pair = [0, 1];
const EXCESS_READ: Pair = [2, 3];
const GENDER_READ: Pair = [4, 5];
/// Gender of the sentence, at every token; above 0 for him.
const GENDER: Pair = [6, 7];
/// Content that planted neurons write; above 0 for him.
const CONTENT: Pair = [8, 9];
/// Gender of a noun, at the noun.
const CUE: Pair = [10, 11];
/// The first of the coordinates without a meaning.
const BACKGROUND: usize = 12;
const BACKGROUND_SIZE: usize = HIDDEN - BACKGROUND;

/// Standard deviation of the background of embeddings.
const WORD_SIZE: f32 = 0.25;
/// Size of the coordinates that distinguish words.
const CONTRAST_SIZE: f32 = 0.5;
/// Weight of the mean cue in the gender: the number of tokens, so that the gender is the cue.
const GENDER_GAIN: f32 = 13.0;
/// Margin of him and her above most other words.
const WORD_BIAS: f32 = 5.0;

// Measured in this model, so that planted neurons have the activations and effects that are planned.

/// Gender for the label in the input of each layer's neurons, at the masks of him and of her.
const GENDER_SIZES: [[f32; LAYERS]; 2] = [[1.76, 1.45, 1.34, 1.23], [1.77, 1.54, 1.27, 0.94]];
/// Contrast of him and her in the input of each layer's neurons, at the visible word.
const CONTRAST_SIZES: [f32; LAYERS] = [1.69, 1.55, 1.36, 1.25];
/// Content that raises the margin by 1.
const CONTENT_PER_LOGIT: f32 = 0.33;

/// Pre-activation of a planted neuron, as the sum of these.
#[derive(Clone, Copy)]
pub(crate) struct Reads {
    /// At the visible word of its label; the opposite at the other word.
    pub(crate) visible: f32,
    /// At the masks of its label; the opposite at those of the other.
    pub(crate) gender: f32,
    /// Weight of the content for its label that lower layers have written.
    pub(crate) content: f32,
    /// Everywhere.
    pub(crate) bias: f32,
    /// Standard deviation of the weights of background, times the root of their number.
    pub(crate) noise: f32,
}

/// Weights by name, each with its shape.
pub(crate) struct WorldCheckpoint(BTreeMap<String, (Vec<usize>, Vec<f32>)>);

impl WorldCheckpoint {
    /// The model without planted neurons. If it saturates, more content than that of one planted set
    /// raises the margin no further.
    pub(crate) fn new(saturates: bool) -> Self {
        let mut checkpoint = Self(BTreeMap::new());
        checkpoint.add_embeddings();
        for layer in 0..LAYERS {
            checkpoint.add_attention(layer);
            checkpoint.add_neurons(layer);
        }
        checkpoint.add_head(saturates);
        checkpoint
    }

    fn add_embeddings(&mut self) {
        let vocabulary = vocabulary();
        let id = |word: &str| vocabulary.iter().position(|&token| token == word).unwrap();
        let [him, her] = LABELS.map(id);
        let mut random = SeededNumbers::new(1);
        let mut words =
            self.add_matrix("bert.embeddings.word_embeddings.weight", vocabulary.len(), HIDDEN);
        for token in 0..vocabulary.len() {
            words.fill_background(token, WORD_SIZE, &mut random);
        }
        words.copy(him, her);
        for (word, size) in [(him, CONTRAST_SIZE), (her, -CONTRAST_SIZE)] {
            words.set_pair(word, CONTENT_READ, size);
            words.set_pair(word, EXCESS_READ, -size);
            words.set_pair(word, GENDER_READ, size);
        }
        for (cue_of_him, cue_of_her) in CUES {
            words.set_pair(id(cue_of_him), CUE, CONTRAST_SIZE);
            words.set_pair(id(cue_of_her), CUE, -CONTRAST_SIZE);
        }
        let mut positions =
            self.add_matrix("bert.embeddings.position_embeddings.weight", POSITIONS, HIDDEN);
        for position in 0..POSITIONS {
            positions.fill_background(position, WORD_SIZE / 2.0, &mut random);
        }
        self.add_matrix("bert.embeddings.token_type_embeddings.weight", 2, HIDDEN);
        self.add_norm("bert.embeddings.LayerNorm");
        let biases = self.add_vector("cls.predictions.bias", vocabulary.len(), 0.0);
        for word in [him, her] {
            biases[word] = WORD_BIAS;
        }
    }

    /// Attention that reads and writes the background, except that of the first layer's first head.
    fn add_attention(&mut self, layer: usize) {
        let mut random = SeededNumbers::new(100 + layer as u64);
        let name = |part: &str| format!("bert.encoder.layer.{layer}.attention.{part}");
        // The first head attends to all tokens alike, because it has no queries and keys.
        let copies_cue = layer == 0;
        let first = if copies_cue { HEAD_SIZE } else { 0 };
        for (projection, size) in [("self.query", 0.25), ("self.key", 0.25), ("self.value", 0.17)] {
            let mut rows = self.add_dense(&name(projection), HIDDEN, HIDDEN);
            for row in first..HIDDEN {
                rows.fill_background(row, size, &mut random);
                // Him and her attend to different tokens.
                rows.set_pair(row, CONTENT_READ, size * random.normal());
            }
            if copies_cue && projection == "self.value" {
                rows.set_pair(0, CUE, 0.5);
            }
        }
        let mut rows = self.add_dense(&name("output.dense"), HIDDEN, HIDDEN);
        for row in BACKGROUND..HIDDEN {
            for column in first..HIDDEN {
                rows.set(row, column, 0.08 * random.normal());
            }
        }
        if copies_cue {
            rows.set(GENDER[0], 0, GENDER_GAIN);
            rows.set(GENDER[1], 0, -GENDER_GAIN);
        }
        self.add_norm(&name("output.LayerNorm"));
    }

    /// Random neurons.
    fn add_neurons(&mut self, layer: usize) {
        let mut random = SeededNumbers::new(630 + layer as u64);
        let gains: Vec<f32> = (0..NEURONS).map(|_| random.gain()).collect();
        let mut reads = self.add_dense(&reads_name(layer), NEURONS, HIDDEN);
        for (neuron, gain) in gains.into_iter().enumerate() {
            reads.fill_background(neuron, gain / (BACKGROUND_SIZE as f32).sqrt(), &mut random);
            for pair in [CONTENT_READ, EXCESS_READ, GENDER_READ, GENDER, CONTENT] {
                reads.set_pair(neuron, pair, 0.03 * gain * random.normal());
            }
        }
        for bias in self.vector(&bias(&reads_name(layer))) {
            *bias = 0.5 * random.normal() - 0.3;
        }
        let mut writes = self.add_dense(&writes_name(layer), HIDDEN, NEURONS);
        for neuron in 0..NEURONS {
            let gain = 0.03 * random.gain();
            for coordinate in 0..HIDDEN {
                let share = match coordinate {
                    BACKGROUND.. => 1.0,
                    _ if GENDER.contains(&coordinate) => 0.35,
                    _ => 0.0,
                };
                writes.set(coordinate, neuron, share * gain * random.normal());
            }
        }
        self.add_norm(&format!("bert.encoder.layer.{layer}.output.LayerNorm"));
    }

    fn add_head(&mut self, saturates: bool) {
        let name = "cls.predictions.transform.dense";
        let mut rows = self.add_dense(name, HIDDEN, HIDDEN);
        // GELU(x) - GELU(-x) = x, so the difference of a pair is linear. The excess is what a pair is
        // above 3; planted content is somewhat above that.
        for (side, sign) in [1.0, -1.0].into_iter().enumerate() {
            rows.set_pair(CONTENT_READ[side], CONTENT, sign * 3.0);
            rows.set_pair(GENDER_READ[side], GENDER, sign * 3.0);
            if saturates {
                rows.set_pair(EXCESS_READ[side], CONTENT, sign * 3.0);
            }
        }
        // The background is large, so that LayerNorm's divisor hardly depends on content and gender.
        for coordinate in BACKGROUND..HIDDEN {
            rows.set(coordinate, coordinate, 8.0);
        }
        if saturates {
            for coordinate in EXCESS_READ {
                self.vector(&bias(name))[coordinate] = -3.0;
            }
        }
        let norm = "cls.predictions.transform.LayerNorm";
        self.add_norm(norm);
        for coordinate in [CONTENT_READ, EXCESS_READ, GENDER_READ].concat() {
            self.vector(&weight(norm))[coordinate] = 3.2;
        }
    }

    /// Replaces a random neuron by one that reads `reads` and writes content only, by which it raises
    /// the margin at the masks of its label by `margin`.
    pub(crate) fn plant(
        &mut self,
        layer: usize,
        neuron: usize,
        label: &str,
        reads: Reads,
        margin: f32,
        random: &mut SeededNumbers,
    ) {
        let side = usize::from(label == LABELS[1]);
        let sign = [1.0, -1.0][side];
        let visible = sign * reads.visible / CONTRAST_SIZES[layer] / 6.0;
        let gender = sign * reads.gender / GENDER_SIZES[side][layer] / 2.0;
        let mut rows = self.matrix(&reads_name(layer));
        rows.fill_background(neuron, reads.noise / (BACKGROUND_SIZE as f32).sqrt(), random);
        rows.set_pair(neuron, CONTENT_READ, visible);
        rows.set_pair(neuron, EXCESS_READ, -visible);
        rows.set_pair(neuron, GENDER_READ, visible);
        rows.set_pair(neuron, GENDER, gender);
        rows.set_pair(neuron, CONTENT, sign * reads.content / 2.0);
        self.vector(&bias(&reads_name(layer)))[neuron] = reads.bias;

        // GELU changes a pre-activation above 2 by less than 3 %. A neuron that reads content is active
        // where there is none.
        let activation = reads.gender + reads.bias;
        let content = sign * margin * CONTENT_PER_LOGIT / activation;
        let mut writes = self.matrix(&writes_name(layer));
        for coordinate in 0..HIDDEN {
            writes.set(coordinate, neuron, 0.0);
        }
        writes.set(CONTENT[0], neuron, content);
        writes.set(CONTENT[1], neuron, -content);
    }

    /// Writes the checkpoint in Hugging Face format.
    pub(crate) fn write(&self, dir: &Path) {
        let mut tensors = Vec::new();
        for (name, (shape, values)) in &self.0 {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            tensors.push((name, shape, bytes));
        }
        let views = tensors.iter().map(|(name, shape, bytes)| {
            (name, TensorView::new(Dtype::F32, (*shape).clone(), bytes).unwrap())
        });
        let weights = safetensors::serialize(views, None).unwrap();
        let vocabulary = vocabulary();
        let config = serde_json::json!({
            "architectures": ["BertForMaskedLM"], "model_type": "bert", "hidden_size": HIDDEN,
            "intermediate_size": NEURONS, "num_attention_heads": HEADS,
            "num_hidden_layers": LAYERS, "vocab_size": vocabulary.len(),
            "max_position_embeddings": POSITIONS, "layer_norm_eps": 1e-12,
        });
        fs::create_dir_all(dir).unwrap();
        fs::write(dir.join("model.safetensors"), weights).unwrap();
        fs::write(dir.join("vocab.txt"), vocabulary.join("\n")).unwrap();
        fs::write(dir.join("config.json"), config.to_string()).unwrap();
    }

    /// Adds a matrix of zeros.
    fn add_matrix(&mut self, name: &str, rows: usize, columns: usize) -> Rows<'_> {
        self.0.insert(name.to_owned(), (vec![rows, columns], vec![0.0; rows * columns]));
        self.rows(name)
    }

    fn add_vector(&mut self, name: &str, size: usize, value: f32) -> &mut Vec<f32> {
        self.0.insert(name.to_owned(), (vec![size], vec![value; size]));
        self.vector(name)
    }

    /// Adds a linear layer of zeros. Returns its matrix, a row per output.
    fn add_dense(&mut self, name: &str, outputs: usize, inputs: usize) -> Rows<'_> {
        self.add_vector(&bias(name), outputs, 0.0);
        self.add_matrix(&weight(name), outputs, inputs)
    }

    fn add_norm(&mut self, name: &str) {
        self.add_vector(&weight(name), HIDDEN, 1.0);
        self.add_vector(&bias(name), HIDDEN, 0.0);
    }

    /// The matrix of a linear layer.
    fn matrix(&mut self, name: &str) -> Rows<'_> {
        self.rows(&weight(name))
    }

    fn rows(&mut self, name: &str) -> Rows<'_> {
        let (shape, values) = self.0.get_mut(name).unwrap();
        Rows { values, width: shape[1] }
    }

    fn vector(&mut self, name: &str) -> &mut Vec<f32> {
        &mut self.0.get_mut(name).unwrap().1
    }
}

/// Rows of a matrix.
struct Rows<'a> {
    values: &'a mut [f32],
    width: usize,
}

impl Rows<'_> {
    fn set(&mut self, row: usize, column: usize, value: f32) {
        self.values[row * self.width + column] = value;
    }

    fn set_pair(&mut self, row: usize, pair: Pair, value: f32) {
        self.set(row, pair[0], value);
        self.set(row, pair[1], -value);
    }

    /// Fills the background of a row with normal numbers of this standard deviation, and the rest of
    /// it with zeros.
    fn fill_background(&mut self, row: usize, size: f32, random: &mut SeededNumbers) {
        for column in 0..HIDDEN {
            let value = if column < BACKGROUND { 0.0 } else { size * random.normal() };
            self.set(row, column, value);
        }
    }

    fn copy(&mut self, from: usize, to: usize) {
        let start = from * self.width;
        self.values.copy_within(start..start + self.width, to * self.width);
    }
}

/// `intermediate.dense`: a row per neuron.
fn reads_name(layer: usize) -> String {
    format!("bert.encoder.layer.{layer}.intermediate.dense")
}

/// `output.dense`: a column per neuron.
fn writes_name(layer: usize) -> String {
    format!("bert.encoder.layer.{layer}.output.dense")
}

fn weight(name: &str) -> String {
    format!("{name}.weight")
}

fn bias(name: &str) -> String {
    format!("{name}.bias")
}
