use std::path::{Path, PathBuf};

use burn::tensor::Device;

use crate::{
    config::bert_config::BertConfig,
    error::BertModelError,
    model::bert_for_masked_lm::BertForMaskedLm,
    text::{
        tokenizer::{BertTokenizer, SpecialTokens},
        tokenizer_files::open_tokenizer,
    },
    weights::{read_file::read_file, weight_files::Weights},
};

/// A Hugging Face checkpoint: configuration, tokenizer and, not yet read, the weights.
pub struct Checkpoint {
    /// What the model computes.
    pub config: BertConfig,
    /// How text becomes tokens.
    pub tokenizer: BertTokenizer,
    weights: Weights,
    files: Vec<PathBuf>,
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
    /// Opens a checkpoint directory: `config.json`, `tokenizer.json` (or a WordPiece `vocab.txt`)
    /// with what `tokenizer_config.json` and `special_tokens_map.json` say of it, and the weights
    /// as [`Weights::open`] finds them.
    ///
    /// # Errors
    /// Where a file is missing or says what this crate does not compute.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, BertModelError> {
        let dir = dir.as_ref();
        let config_file = dir.join("config.json");
        let config = BertConfig::from_json(&read_file(&config_file)?)?;
        let mut files = vec![config_file];
        let tokenizer = open_tokenizer(dir, config.model_type, &mut files)?;
        let weights = Weights::open(dir)?;
        files.extend_from_slice(weights.files());
        Self { config, tokenizer, weights, files }.checked()
    }

    /// Opens a checkpoint that is compiled into the program.
    ///
    /// # Errors
    /// As [`Checkpoint::open`].
    pub fn embedded(files: CheckpointFiles) -> Result<Self, BertModelError> {
        let config = BertConfig::from_json(files.config)?;
        let special = SpecialTokens::of(config.model_type);
        let tokenizer = BertTokenizer::from_json(files.tokenizer, &special)?;
        let weights = Weights::from_bytes(files.weights.to_vec());
        Self { config, tokenizer, weights, files: Vec::new() }.checked()
    }

    /// Every file of the directory that decides what the model computes.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    fn checked(self) -> Result<Self, BertModelError> {
        let Self { config, tokenizer, .. } = &self;
        let (highest, embeddings) = (tokenizer.highest_id(), config.vocab_size);
        if highest as usize >= embeddings {
            let reason =
                format!("it has an id {highest}, but config.json has `vocab_size` {embeddings}");
            return Err(BertModelError::Tokenizer { reason });
        }
        Ok(self)
    }

    /// Reads the weights onto `device`.
    ///
    /// # Errors
    /// Where a tensor is missing, has another shape or another dtype; the error names it.
    pub fn load_model(&mut self, device: &Device) -> Result<BertForMaskedLm, BertModelError> {
        BertForMaskedLm::load(&self.config, &mut self.weights, device)
    }
}
