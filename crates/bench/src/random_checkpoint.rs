//! Random checkpoints of the shapes of known models, and sentences for them: the same every time.

use std::{collections::HashSet, fs, path::Path};

use anyhow::{Context, Result};
use bert_model::{BertConfig, LanguageModel, UntrainedWeights};
use burn::tensor::Device;
use clap::ValueEnum;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// The shape of a known model.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Shape {
    /// BERT-base's.
    Bert,
    /// ModernBERT-base's.
    #[value(name = "modernbert")]
    ModernBert,
    /// That of the smallest GPT-2.
    Gpt2,
}

impl Shape {
    fn config(self) -> Value {
        match self {
            Self::Bert => json!({
                "architectures": ["BertForMaskedLM"], "model_type": "bert", "hidden_size": 768,
                "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12,
                "vocab_size": 30522, "max_position_embeddings": 512, "type_vocab_size": 2,
                "hidden_act": "gelu", "layer_norm_eps": 1e-12, "pad_token_id": 0,
                "initializer_range": STANDARD_DEVIATION
            }),
            Self::ModernBert => json!({
                "architectures": ["ModernBertForMaskedLM"], "model_type": "modernbert",
                "hidden_size": 768, "intermediate_size": 1152, "num_attention_heads": 12,
                "num_hidden_layers": 22, "vocab_size": 50368, "max_position_embeddings": 8192,
                "hidden_activation": "gelu", "norm_eps": 1e-5, "local_attention": 128,
                "global_attn_every_n_layers": 3, "pad_token_id": 0,
                "initializer_range": STANDARD_DEVIATION
            }),
            Self::Gpt2 => json!({
                "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 768,
                "n_layer": 12, "n_head": 12, "n_positions": 1024, "vocab_size": 50257,
                "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
                "initializer_range": STANDARD_DEVIATION
            }),
        }
    }

    /// The files of a tokenizer whose tokens are the words of `vocabulary`.
    fn tokenizer_files(self, vocabulary: &[String]) -> Result<Vec<(&'static str, Vec<u8>)>> {
        if matches!(self, Self::Bert) {
            let lines = vocabulary.join("\n") + "\n";
            return Ok(vec![("vocab.txt", lines.into_bytes())]);
        }
        let id = |token: &str| vocabulary.iter().position(|word| word == token);
        let ids: serde_json::Map<String, Value> =
            vocabulary.iter().enumerate().map(|(id, word)| (word.clone(), id.into())).collect();
        let special: Vec<Value> = SPECIAL_TOKENS
            .iter()
            .map(|token| {
                json!({"id": id(token), "content": token, "single_word": false, "lstrip": false,
                    "rstrip": false, "normalized": false, "special": true})
            })
            .collect();
        let frame = match self {
            Self::Gpt2 => Value::Null,
            _ => json!({
                "type": "TemplateProcessing",
                "single": [
                    {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                    {"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": "[SEP]", "type_id": 0}}
                ],
                "pair": [],
                "special_tokens": {
                    "[CLS]": {"id": "[CLS]", "ids": [id("[CLS]")], "tokens": ["[CLS]"]},
                    "[SEP]": {"id": "[SEP]", "ids": [id("[SEP]")], "tokens": ["[SEP]"]}
                }
            }),
        };
        let tokenizer = json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": special,
            "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"},
            "post_processor": frame, "decoder": null,
            "model": {"type": "WordLevel", "vocab": ids, "unk_token": "[UNK]"}
        });
        let options = json!({
            "tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]",
            "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
            "mask_token": "[MASK]"
        });
        Ok(vec![
            ("tokenizer.json", serde_json::to_vec(&tokenizer)?),
            ("tokenizer_config.json", serde_json::to_vec(&options)?),
        ])
    }
}

/// Three times that of BERT's initial weights, so that activations are not all near 0.
const STANDARD_DEVIATION: f32 = 0.06;

/// The first words of every vocabulary. GPT-2 uses only some of them.
const SPECIAL_TOKENS: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// File of the prompts of cases a and b.
pub(crate) const PROMPTS: &str = "prompts.txt";
const PROMPT_COUNT: usize = 108;
/// Tokens that are read of each prompt, with those around it and the mask.
const LENGTHS: [usize; 5] = [12, 13, 14, 15, 16];

/// File of the paper's prompt.
pub(crate) const PAPER: &str = "paper.txt";
const PAPER_PROMPT: &str =
    "robert helped lucy with {her|him|his} project and she thanked {him|her} for his hard work.\n";

/// The sentence of case g: the paper's, with its first word masked.
pub(crate) const EACH_SENTENCE: &str =
    "robert helped lucy with [MASK] project and she thanked him for his hard work.";

/// Makes a checkpoint of this shape and its sentences in `dir`, unless they exist.
pub(crate) fn make_checkpoint(shape: Shape, dir: &Path) -> Result<()> {
    // Written last: if it exists, the other files do.
    let config_path = dir.join("config.json");
    if config_path.exists() {
        return Ok(());
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let json = serde_json::to_vec(&shape.config())?;
    let config = BertConfig::from_json(&json)?;
    let mut files = shape.tokenizer_files(&make_vocabulary(config.vocab_size))?;
    let mut source = UntrainedWeights::with_deviation(0, STANDARD_DEVIATION);
    let model = LanguageModel::load(&config, &mut source, &Device::flex())?;
    files.extend([
        (PAPER, PAPER_PROMPT.as_bytes().to_vec()),
        (PROMPTS, draw_prompts(shape).into_bytes()),
        ("model.safetensors", model.to_safetensors()?),
        ("config.json", json),
    ]);
    for (name, bytes) in files {
        let path = dir.join(name);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The words of the paper's prompt, filled up to `size` words.
fn make_vocabulary(size: usize) -> Vec<String> {
    let paper = PAPER_PROMPT.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let mut words: Vec<String> =
        SPECIAL_TOKENS.into_iter().chain(["."]).chain(paper).map(str::to_owned).collect();
    let mut seen = HashSet::new();
    words.retain(|word| seen.insert(word.clone()));
    let missing = size - words.len();
    words.extend((0..missing).map(|index| format!("word{index}")));
    words
}

/// Draws prompts with one brace each: in every second one the first word is "him". A decoder reads nothing
/// after the brace, so there it is the last word.
fn draw_prompts(shape: Shape) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut lines = String::new();
    for index in 0..PROMPT_COUNT {
        let length = LENGTHS[index % LENGTHS.len()];
        let brace = if index.is_multiple_of(2) { "{him|her}" } else { "{her|him}" };
        let (word_count, brace_position) = match shape {
            Shape::Gpt2 => (length + 1, length),
            // Without [CLS] and [SEP].
            Shape::Bert | Shape::ModernBert => (length - 2, rng.random_range(1..length - 3)),
        };
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
