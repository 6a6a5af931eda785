//! A random checkpoint of BERT-base's shape, and sentences for it: the same every time.

use std::{collections::HashSet, fs, path::Path};

use anyhow::{Context, Result};
use bert_model::{BertConfig, LanguageModel, UntrainedWeights};
use burn::tensor::Device;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// BERT-base's shape.
const CONFIG: &str = r#"{"architectures": ["BertForMaskedLM"], "model_type": "bert",
"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12,
"vocab_size": 30522, "max_position_embeddings": 512, "type_vocab_size": 2, "hidden_act": "gelu",
"layer_norm_eps": 1e-12, "pad_token_id": 0, "initializer_range": 0.06}"#;
/// Three times that of BERT's initial weights, so that activations are not all near 0.
const STANDARD_DEVIATION: f32 = 0.06;

/// File of the prompts of cases a and b.
pub(crate) const PROMPTS: &str = "prompts.txt";
const PROMPT_COUNT: usize = 108;
/// Tokens per prompt, including `[CLS]` and `[SEP]`.
const LENGTHS: [usize; 5] = [12, 13, 14, 15, 16];

/// File of the paper's prompt.
pub(crate) const PAPER: &str = "paper.txt";
const PAPER_PROMPT: &str =
    "robert helped lucy with {her|him|his} project and she thanked {him|her} for his hard work.\n";

/// The sentence of case g: the paper's, with its first word masked.
pub(crate) const EACH_SENTENCE: &str =
    "robert helped lucy with [MASK] project and she thanked him for his hard work.";

/// Makes the checkpoint and the sentences in `dir`, unless they exist.
pub(crate) fn make_checkpoint(dir: &Path) -> Result<()> {
    // Written last: if it exists, the other files do.
    let config_path = dir.join("config.json");
    if config_path.exists() {
        return Ok(());
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let config = BertConfig::from_json(CONFIG.as_bytes())?;
    let vocabulary = make_vocabulary(config.vocab_size).join("\n") + "\n";
    let mut source = UntrainedWeights::with_deviation(0, STANDARD_DEVIATION);
    let model = LanguageModel::load(&config, &mut source, &Device::flex())?;
    for (name, bytes) in [
        ("vocab.txt", vocabulary.into_bytes()),
        (PAPER, PAPER_PROMPT.as_bytes().to_vec()),
        (PROMPTS, draw_prompts().into_bytes()),
        ("model.safetensors", model.to_safetensors()?),
        ("config.json", CONFIG.as_bytes().to_vec()),
    ] {
        let path = dir.join(name);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The words of the paper's prompt, filled up to `size` words.
fn make_vocabulary(size: usize) -> Vec<String> {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "."];
    let paper = PAPER_PROMPT.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let mut words: Vec<String> = special.into_iter().chain(paper).map(str::to_owned).collect();
    let mut seen = HashSet::new();
    words.retain(|word| seen.insert(word.clone()));
    let missing = size - words.len();
    words.extend((0..missing).map(|index| format!("word{index}")));
    words
}

/// Draws prompts with one brace each: in every second one the first word is "him".
fn draw_prompts() -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut lines = String::new();
    for index in 0..PROMPT_COUNT {
        let word_count = LENGTHS[index % LENGTHS.len()] - 2; // without [CLS] and [SEP]
        let brace = if index.is_multiple_of(2) { "{him|her}" } else { "{her|him}" };
        let brace_position = rng.random_range(1..word_count - 1);
        let mut words = Vec::new();
        for position in 0..word_count {
            if position == brace_position {
                words.push(brace.to_owned());
            } else {
                words.push(format!("word{}", rng.random_range(0..20_000)));
            }
        }
        lines += &words.join(" ");
        lines.push('\n');
    }
    lines
}
