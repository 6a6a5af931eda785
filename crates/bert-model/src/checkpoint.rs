use std::path::{Path, PathBuf};

use burn::tensor::Device;
use serde::Deserialize;

use crate::{
    BertConfig, BertForMaskedLm, BertModelError, BertTokenizer, SafetensorsSource, WordPieceOptions,
};

/// A Hugging Face checkpoint: configuration, tokenizer and, not yet read, the weights.
pub struct Checkpoint {
    /// What the model computes.
    pub config: BertConfig,
    /// How text becomes tokens.
    pub tokenizer: BertTokenizer,
    weights: SafetensorsSource,
}

/// The files of a checkpoint that is compiled into a program.
#[derive(Clone, Copy, Debug)]
pub struct CheckpointFiles {
    /// The bytes of `config.json`.
    pub config: &'static [u8],
    /// The bytes of `tokenizer.json`.
    pub tokenizer: &'static [u8],
    /// The bytes of `model.safetensors`.
    pub weights: &'static [u8],
}

impl Checkpoint {
    /// Opens a checkpoint directory: `config.json`, `tokenizer.json` (or `vocab.txt`, with
    /// its options from `tokenizer_config.json`) and `model.safetensors`.
    ///
    /// # Errors
    /// Where a file is missing or says what this crate does not compute.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, BertModelError> {
        let dir = dir.as_ref();
        let config = BertConfig::from_json(&read(dir.join("config.json"))?)?;
        let tokenizer = open_tokenizer(dir)?;
        let weights = SafetensorsSource::from_file(&dir.join("model.safetensors"))?;
        Self::new(config, tokenizer, weights)
    }

    /// Opens a checkpoint that is compiled into the program.
    ///
    /// # Errors
    /// As [`Checkpoint::open`].
    pub fn embedded(files: CheckpointFiles) -> Result<Self, BertModelError> {
        let config = BertConfig::from_json(files.config)?;
        let tokenizer = BertTokenizer::from_json(files.tokenizer)?;
        Self::new(config, tokenizer, SafetensorsSource::from_bytes(files.weights.to_vec()))
    }

    fn new(
        config: BertConfig,
        tokenizer: BertTokenizer,
        weights: SafetensorsSource,
    ) -> Result<Self, BertModelError> {
        let (highest, embeddings) = (tokenizer.highest_id(), config.vocab_size);
        if highest as usize >= embeddings {
            let reason =
                format!("it has an id {highest}, but config.json has `vocab_size` {embeddings}");
            return Err(BertModelError::Tokenizer { reason });
        }
        Ok(Self { config, tokenizer, weights })
    }

    /// Reads the weights onto `device`.
    ///
    /// # Errors
    /// Where a tensor is missing, has another shape or another dtype; the error names it.
    pub fn load_model(&mut self, device: &Device) -> Result<BertForMaskedLm, BertModelError> {
        BertForMaskedLm::load(&self.config, &mut self.weights, device)
    }
}

fn read(path: PathBuf) -> Result<Vec<u8>, BertModelError> {
    std::fs::read(&path).map_err(|source| BertModelError::Read { path, source })
}

fn open_tokenizer(dir: &Path) -> Result<BertTokenizer, BertModelError> {
    let (json, vocab) = (dir.join("tokenizer.json"), dir.join("vocab.txt"));
    if json.exists() {
        return BertTokenizer::from_json(&read(json)?);
    }
    if !vocab.exists() {
        return Err(BertModelError::NoTokenizer { dir: dir.to_owned() });
    }
    BertTokenizer::from_vocab(&read(vocab)?, word_piece_options(dir)?)
}

/// What `tokenizer_config.json` says, if it is there.
fn word_piece_options(dir: &Path) -> Result<WordPieceOptions, BertModelError> {
    #[derive(Deserialize)]
    struct TokenizerConfig {
        do_lower_case: Option<bool>,
        strip_accents: Option<bool>,
        tokenize_chinese_chars: Option<bool>,
    }
    let path = dir.join("tokenizer_config.json");
    let default = WordPieceOptions::default();
    if !path.exists() {
        return Ok(default);
    }
    let config: TokenizerConfig = serde_json::from_slice(&read(path)?).map_err(|error| {
        BertModelError::Tokenizer { reason: format!("tokenizer_config.json: {error}") }
    })?;
    Ok(WordPieceOptions {
        lower_case: config.do_lower_case.unwrap_or(default.lower_case),
        strip_accents: config.strip_accents,
        split_chinese: config.tokenize_chinese_chars.unwrap_or(default.split_chinese),
    })
}
