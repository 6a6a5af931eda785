use std::path::{Path, PathBuf};

use burn::tensor::Device;

use crate::{
    checkpoint_note::CheckpointNote,
    config::{bert_config::BertConfig, config_error::ConfigError, family::Family},
    error::BertModelError,
    model::language_model::LanguageModel,
    model_folder::ModelFolder,
    text::{
        reconciled::{
            tokenizer_class::TokenizerClass,
            tokenizer_folder::{class_of_vocabulary, open_tokenizer},
        },
        tokenizer::BertTokenizer,
    },
    weights::{untrained_weights::UntrainedWeights, weight_files::Weights},
};

/// A Hugging Face checkpoint: configuration, tokenizer and, not yet read, the weights.
pub struct Checkpoint {
    /// The configuration.
    pub config: BertConfig,
    /// The tokenizer.
    pub tokenizer: BertTokenizer,
    weights: Weights,
    files: Vec<PathBuf>,
    notes: Vec<CheckpointNote>,
}

/// The file of a checkpoint's configuration.
const CONFIG: &str = "config.json";

impl Checkpoint {
    /// Opens the folder of a checkpoint: `config.json`, the tokenizer as `transformers` 5.23 reads it, and
    /// the weights as [`Weights::open`] finds them.
    ///
    /// # Errors
    /// If a file is missing or cannot be read, or specifies a model that this crate does not compute.
    pub fn open(folder: impl Into<ModelFolder>) -> Result<Self, BertModelError> {
        let folder = folder.into();
        Self::open_with_tokenizer(&folder, &folder)
    }

    /// As [`Checkpoint::open`], with the files of the tokenizer in a folder of their own.
    ///
    /// # Errors
    /// If [`Checkpoint::open`] would fail.
    pub fn open_with_tokenizer(
        folder: &ModelFolder,
        tokenizer_folder: &ModelFolder,
    ) -> Result<Self, BertModelError> {
        let json = folder.read(CONFIG)?;
        let mut weights = None;
        let (config, mut notes) = BertConfig::from_json_and_tensors(&json, || {
            family_of_weights(folder, weights.insert(Weights::open(folder)?))
        })?;
        let mut opened = open_tokenizer(tokenizer_folder, config.model_type)?;
        notes.append(&mut opened.notes);
        let weights = match weights {
            Some(weights) => weights,
            None => Weights::open(folder)?,
        };
        let mut files = vec![folder.path().join(CONFIG)];
        files.append(&mut opened.files);
        files.extend_from_slice(weights.files());
        let mut tokenizer = opened.tokenizer;
        notes.extend(limit_tokens(&config, &mut tokenizer)?);
        Ok(Self { config, tokenizer, weights, files, notes })
    }

    /// True if only the weights tell the family of the checkpoint in this directory.
    ///
    /// # Errors
    /// If `config.json` is missing or cannot be read, or names another architecture.
    pub fn is_family_of_tensors(dir: impl AsRef<Path>) -> Result<bool, BertModelError> {
        let json = ModelFolder::from(dir).read(CONFIG)?.into_owned();
        Ok(BertConfig::family_in(&json)?.is_none())
    }

    /// Checks everything in a checkpoint directory that can be checked before its weights are there:
    /// `config.json` and the tokenizer. If only the weights tell the family, `tensors` are their names,
    /// if these are known; otherwise the directory must suit at least one family.
    ///
    /// # Errors
    /// If a file is missing or cannot be read, or specifies a model that this crate does not compute.
    pub fn check_without_weights(
        dir: impl AsRef<Path>,
        tensors: Option<&[String]>,
    ) -> Result<(), BertModelError> {
        let folder = &ModelFolder::from(dir);
        let json = folder.read(CONFIG)?;
        if let Some(family) = BertConfig::family_in(&json)? {
            return check_family(folder, &json, family);
        }
        if let Some(names) = tensors {
            let family = Family::of_tensors(|name| {
                Ok::<_, BertModelError>(names.iter().any(|known| known == name))
            })?;
            return check_family(folder, &json, by_vocabulary(known_family(family)?, folder));
        }
        let likely = likely_family(folder, &json)?;
        let checked = check_family(folder, &json, likely);
        // Those that ignore the class of the tokenizer are newer than files that name no family.
        let others = Family::ALL
            .into_iter()
            .filter(|family| *family != likely && !family.traits().fixes_tokenizer);
        let suits_another = |family| check_family(folder, &json, family).is_ok();
        if checked.is_err() && others.into_iter().any(suits_another) {
            return Ok(());
        }
        checked
    }

    /// Notes on the checkpoint for its user.
    #[must_use]
    pub fn notes(&self) -> &[CheckpointNote] {
        &self.notes
    }

    /// All files of the folder that the model depends on.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Reads the weights onto `device`.
    ///
    /// # Errors
    /// If a tensor is missing, has another shape or another dtype; the error names it.
    pub fn load_model(&mut self, device: &Device) -> Result<LanguageModel, BertModelError> {
        LanguageModel::load(&self.config, &mut self.weights, device)
    }

    /// A model of this shape with weights that were drawn at random, instead of the checkpoint's.
    ///
    /// # Errors
    /// If the model does not fit into memory.
    pub fn untrained_model(
        &self,
        seed: u64,
        device: &Device,
    ) -> Result<LanguageModel, BertModelError> {
        UntrainedWeights::check_size(&self.config)?;
        LanguageModel::load(&self.config, &mut UntrainedWeights::new(seed), device)
    }
}

/// Checks that the directory has the configuration and the tokenizer of a model of this family.
fn check_family(folder: &ModelFolder, config: &[u8], family: Family) -> Result<(), BertModelError> {
    let config = BertConfig::from_json_of(config, family)?;
    let mut tokenizer = open_tokenizer(folder, family)?.tokenizer;
    limit_tokens(&config, &mut tokenizer)?;
    Ok(())
}

/// The family that a configuration and a vocabulary look like.
fn likely_family(folder: &ModelFolder, config: &[u8]) -> Result<Family, BertModelError> {
    if let Some(family) = BertConfig::family_of_keys(config)? {
        return Ok(family);
    }
    let class = class_of_vocabulary(folder);
    let family = Family::ALL.into_iter().find(|family| family.traits().tokenizer == class);
    Ok(family.unwrap_or(Family::Bert))
}

/// The family whose tensors the weights have.
fn family_of_weights(
    folder: &ModelFolder,
    weights: &mut Weights,
) -> Result<Family, BertModelError> {
    Ok(by_vocabulary(known_family(weights.family()?)?, folder))
}

/// The family, but for the tensors of RoBERTa, which XLM-RoBERTa and CamemBERT share, the one whose vocabulary
/// is there.
fn by_vocabulary(family: Family, folder: &ModelFolder) -> Family {
    if family != Family::Roberta {
        return family;
    }
    match class_of_vocabulary(folder) {
        TokenizerClass::XlmRoberta => Family::XlmRoberta,
        TokenizerClass::Camembert => Family::Camembert,
        _ => family,
    }
}

fn known_family(family: Option<Family>) -> Result<Family, BertModelError> {
    family.ok_or_else(|| {
        let supported = Family::ALL.map(|family| family.to_string()).join(", ");
        BertModelError::Config(ConfigError::UnknownFamily { supported })
    })
}

/// Lets a text be an error if the model has no embedding for one of its tokens.
fn limit_tokens(
    config: &BertConfig,
    tokenizer: &mut BertTokenizer,
) -> Result<Option<CheckpointNote>, BertModelError> {
    let (highest, embeddings) = (tokenizer.highest_id(), config.vocab_size);
    if (highest as usize) < embeddings {
        return Ok(None);
    }
    tokenizer.limit_ids(embeddings)?;
    Ok(Some(CheckpointNote::TokensWithoutEmbedding { highest, embeddings }))
}
