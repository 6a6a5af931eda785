//! The checkpoint and the sentences: random, and the same every time.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use bert_model::{BertConfig, BertForMaskedLm, BertModelError, TensorSource};
use burn::tensor::{Device, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// BERT-base's shape. The weights are spread more widely than BERT's initial ones, so that
/// activations are not all near 0.
const CONFIG: &str = r#"{"architectures": ["BertForMaskedLM"], "model_type": "bert",
"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12,
"vocab_size": 30522, "max_position_embeddings": 512, "type_vocab_size": 2, "hidden_act": "gelu",
"layer_norm_eps": 1e-12, "pad_token_id": 0, "initializer_range": 0.06}"#;
const STANDARD_DEVIATION: f32 = 0.06;

/// Prompts of the cases; masked, they are the sentences of case a.
pub(crate) const PROMPTS: &str = "prompts.txt";
const COUNT: usize = 108;
/// Tokens of a sentence, `[CLS]` and `[SEP]` included.
const TOKENS: [usize; 5] = [12, 13, 14, 15, 16];

pub(crate) const PAPER: &str = "paper.txt";
const PAPER_PROMPT: &str =
    "robert helped lucy with {her|him|his} project and she thanked {him|her} for his hard work.\n";

pub(crate) fn make(dir: &Path) -> Result<()> {
    // Written last, so that where it is everything is.
    let last = dir.join("config.json");
    if last.exists() {
        return Ok(());
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let write = |name: &str, bytes: &[u8]| {
        let path = dir.join(name);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    };
    let config = BertConfig::from_json(CONFIG.as_bytes())?;
    let vocabulary = vocabulary(config.vocab_size);
    write("vocab.txt", (vocabulary.join("\n") + "\n").as_bytes())?;
    write(PAPER, PAPER_PROMPT.as_bytes())?;
    write(PROMPTS, prompts().as_bytes())?;
    let mut source = Random(ChaCha8Rng::seed_from_u64(0));
    let model = BertForMaskedLm::load(&config, &mut source, &Device::flex())?;
    write("model.safetensors", &model.to_safetensors()?)?;
    write("config.json", CONFIG.as_bytes())
}

/// The words of the paper's prompt, and enough others.
fn vocabulary(size: usize) -> Vec<String> {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "."];
    let paper = PAPER_PROMPT.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let mut words: Vec<String> = special.into_iter().chain(paper).map(str::to_owned).collect();
    let mut seen = std::collections::HashSet::new();
    words.retain(|word| seen.insert(word.clone()));
    let others = size - words.len();
    words.extend((0..others).map(|index| format!("word{index}")));
    words
}

/// One brace a line, half of them for him; the other words are drawn.
fn prompts() -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let line = |index: usize| {
        let words = TOKENS[index % TOKENS.len()] - 2; // without [CLS] and [SEP]
        let place = rng.random_range(1..words - 1);
        let brace = if index.is_multiple_of(2) { "{him|her}" } else { "{her|him}" };
        let word = |at| match at {
            at if at == place => brace.to_owned(),
            _ => format!("word{}", rng.random_range(0..20_000)),
        };
        (0..words).map(word).collect::<Vec<_>>().join(" ") + "\n"
    };
    (0..COUNT).map(line).collect()
}

/// Matrices from a normal distribution, LayerNorm scales 1, everything else 0.
struct Random(ChaCha8Rng);

impl TensorSource for Random {
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, BertModelError> {
        let size = shape.iter().product();
        let mut normal = || {
            let radius = (-2.0 * (1.0 - self.0.random::<f32>()).ln()).sqrt();
            radius * (std::f32::consts::TAU * self.0.random::<f32>()).cos()
        };
        let values: Vec<f32> = match shape.len() {
            2 => (0..size).map(|_| STANDARD_DEVIATION * normal()).collect(),
            _ if name.ends_with("LayerNorm.weight") => vec![1.0; size],
            _ => vec![0.0; size],
        };
        Ok(TensorData::new(values, shape))
    }

    fn contains(&mut self, _name: &str) -> Result<bool, BertModelError> {
        Ok(false)
    }
}
