use std::path::{Path, PathBuf};

use burn::tensor::Device;

use crate::{
    config::bert_config::BertConfig,
    error::BertModelError,
    model::bert_for_masked_lm::BertForMaskedLm,
    text::{
        tokenizer::{BertTokenizer, SpecialTokens},
        tokenizer_error::TokenizerError,
        tokenizer_files::open_tokenizer,
    },
    weights::{read_file::read_file, untrained_weights::UntrainedWeights, weight_files::Weights},
};

/// A Hugging Face checkpoint: configuration, tokenizer and, not yet read, the weights.
pub struct Checkpoint {
    /// The configuration.
    pub config: BertConfig,
    /// The tokenizer.
    pub tokenizer: BertTokenizer,
    weights: Weights,
    files: Vec<PathBuf>,
}

/// The files of a checkpoint in memory, such as one that is compiled into a program.
#[derive(Clone, Copy, Debug)]
pub struct CheckpointBytes<'a> {
    /// The bytes of `config.json`.
    pub config: &'a [u8],
    /// The bytes of `tokenizer.json`.
    pub tokenizer: &'a [u8],
    /// The bytes of `model.safetensors`.
    pub weights: &'a [u8],
}

impl Checkpoint {
    /// Opens a checkpoint directory: `config.json`, `tokenizer.json` (or a WordPiece `vocab.txt`)
    /// with the options of `tokenizer_config.json` and `special_tokens_map.json`, and the weights as
    /// [`Weights::open`] finds them.
    ///
    /// # Errors
    /// If a file is missing or cannot be read, or specifies a model that this crate does not compute.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, BertModelError> {
        let dir = dir.as_ref();
        Self::open_with_tokenizer(dir, dir)
    }

    /// As [`Checkpoint::open`], with the files of the tokenizer in a directory of their own.
    ///
    /// # Errors
    /// If [`Checkpoint::open`] would fail.
    pub fn open_with_tokenizer(dir: &Path, tokenizer_dir: &Path) -> Result<Self, BertModelError> {
        let config_file = dir.join("config.json");
        let config = BertConfig::from_json(&read_file(&config_file)?)?;
        let mut files = vec![config_file];
        let tokenizer = open_tokenizer(tokenizer_dir, config.model_type, &mut files)?;
        let weights = Weights::open(dir)?;
        files.extend_from_slice(weights.files());
        check_embeddings(&config, &tokenizer)?;
        Ok(Self { config, tokenizer, weights, files })
    }

    /// Opens a checkpoint in memory.
    ///
    /// # Errors
    /// If a file cannot be read, or specifies a model that this crate does not compute.
    pub fn from_bytes(files: CheckpointBytes<'_>) -> Result<Self, BertModelError> {
        let config = BertConfig::from_json(files.config)?;
        let special = SpecialTokens::of(config.model_type);
        let tokenizer = BertTokenizer::from_json(files.tokenizer, &special)?;
        let weights = Weights::from_bytes(files.weights.to_vec());
        check_embeddings(&config, &tokenizer)?;
        Ok(Self { config, tokenizer, weights, files: Vec::new() })
    }

    /// All files of the directory that the model depends on.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Reads the weights onto `device`.
    ///
    /// # Errors
    /// If a tensor is missing, has another shape or another dtype; the error names it.
    pub fn load_model(&mut self, device: &Device) -> Result<BertForMaskedLm, BertModelError> {
        BertForMaskedLm::load(&self.config, &mut self.weights, device)
    }

    /// A model of this shape with weights that were drawn at random, instead of the checkpoint's.
    ///
    /// # Errors
    /// If the model does not fit the device.
    pub fn untrained_model(
        &self,
        seed: u64,
        device: &Device,
    ) -> Result<BertForMaskedLm, BertModelError> {
        BertForMaskedLm::load(&self.config, &mut UntrainedWeights::new(seed), device)
    }
}

/// Checks that the model has an embedding for every token.
fn check_embeddings(config: &BertConfig, tokenizer: &BertTokenizer) -> Result<(), BertModelError> {
    let highest = tokenizer.highest_id();
    let embeddings = config.vocab_size;
    if highest as usize >= embeddings {
        let error = TokenizerError::NoEmbedding { highest, embeddings };
        return Err(BertModelError::Tokenizer(error));
    }
    Ok(())
}
