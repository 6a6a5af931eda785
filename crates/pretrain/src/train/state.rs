use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use bert_model::{BertForMaskedLm, BertTokenizer};
use burn::{module::Module, optim::ModuleOptimizer, store::ModuleRecord};
use safetensors::{Dtype, tensor::TensorView};
use serde::{Deserialize, Serialize};

/// Where a training stands after a whole number of rounds.
pub(super) struct TrainingState {
    pub(super) model: BertForMaskedLm,
    pub(super) optimizer: ModuleOptimizer,
    pub(super) round: u64,
    pub(super) steps: u64,
    fingerprint: String,
}

/// What is written beside the weights; a training goes on only as what it began as.
#[derive(Serialize, Deserialize)]
struct Progress {
    round: u64,
    steps: u64,
    fingerprint: String,
}

const MODEL: &str = "model.bpk";
const OPTIMIZER: &str = "optimizer.bpk";
const PROGRESS: &str = "progress.json";

impl TrainingState {
    /// The newest state in `dir`, or a fresh one where there is none.
    pub(super) fn resume(
        dir: &Path,
        model: BertForMaskedLm,
        optimizer: ModuleOptimizer,
        fingerprint: String,
    ) -> Result<Self> {
        let Some(newest) = newest(dir)? else {
            return Ok(Self { model, optimizer, round: 0, steps: 0, fingerprint });
        };
        let context = || format!("cannot go on from {}", newest.display());
        let progress: Progress =
            serde_json::from_slice(&fs::read(newest.join(PROGRESS)).with_context(context)?)?;
        ensure!(
            progress.fingerprint == fingerprint,
            "{} was made with other settings; give them again or another --state folder",
            newest.display()
        );
        let model = model
            .try_load_record(ModuleRecord::load(newest.join(MODEL)).with_context(context)?)
            .with_context(context)?;
        let optimizer = optimizer.load(newest.join(OPTIMIZER)).with_context(context)?;
        let Progress { round, steps, .. } = progress;
        Ok(Self { model, optimizer, round, steps, fingerprint })
    }

    /// Writes this state and removes the older ones. A folder appears under its name only when it
    /// is whole.
    pub(super) fn save(&self, dir: &Path) -> Result<()> {
        let before = newest(dir)?;
        let partial = dir.join("partial");
        if partial.exists() {
            fs::remove_dir_all(&partial)?;
        }
        fs::create_dir_all(&partial)?;
        self.model.clone().into_record().save(partial.join(MODEL))?;
        self.optimizer.save(partial.join(OPTIMIZER))?;
        let Self { round, steps, .. } = *self;
        let progress = Progress { round, steps, fingerprint: self.fingerprint.clone() };
        fs::write(partial.join(PROGRESS), serde_json::to_vec_pretty(&progress)?)?;
        fs::rename(&partial, dir.join(format!("round-{:06}", self.round)))?;
        if let Some(before) = before {
            fs::remove_dir_all(before)?;
        }
        Ok(())
    }
}

/// The folder of the last whole round.
fn newest(dir: &Path) -> Result<Option<PathBuf>> {
    if !dir.exists() {
        return Ok(None);
    }
    let mut rounds = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("round-")) {
            rounds.push(path);
        }
    }
    Ok(rounds.into_iter().max())
}

/// Writes a Hugging Face checkpoint folder that `transformers` loads unchanged.
///
/// # Errors
/// Where a file cannot be written.
pub fn write_checkpoint(
    model: &BertForMaskedLm,
    tokenizer: &BertTokenizer,
    vocabulary: &[String],
    dir: &Path,
) -> Result<()> {
    fs::create_dir_all(dir)?;
    let tensors = model.tensors();
    let views = tensors
        .iter()
        .map(|(name, data)| {
            Ok((name, TensorView::new(Dtype::F32, data.shape().to_vec(), data.as_bytes())?))
        })
        .collect::<Result<Vec<_>>>()?;
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    let partial = dir.join("model.safetensors.partial");
    fs::write(&partial, safetensors::serialize(views, Some(metadata))?)?;
    fs::rename(partial, dir.join("model.safetensors"))?;

    fs::write(dir.join("config.json"), serde_json::to_string_pretty(model.config())? + "\n")?;
    fs::write(dir.join("tokenizer.json"), tokenizer.to_json()? + "\n")?;
    fs::write(dir.join("vocab.txt"), vocabulary.join("\n") + "\n")?;
    let tokenizer_config = serde_json::json!({
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": true,
        "model_max_length": model.config().max_position_embeddings,
        "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]",
        "cls_token": "[CLS]", "mask_token": "[MASK]",
    });
    fs::write(
        dir.join("tokenizer_config.json"),
        serde_json::to_string_pretty(&tokenizer_config)? + "\n",
    )?;
    Ok(())
}
