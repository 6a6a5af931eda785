use std::{
    fs, io,
    path::{Path, PathBuf},
};

use bert_model::BertForMaskedLm;
use burn::{module::Module, optim::ModuleOptimizer, store::ModuleRecord};
use serde::{Deserialize, Serialize};

use super::TrainError;

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
    ) -> Result<Self, TrainError> {
        let Some(newest) = newest(dir).map_err(file(dir))? else {
            return Ok(Self { model, optimizer, round: 0, steps: 0, fingerprint });
        };
        let (progress, weights, moments) =
            (newest.join(PROGRESS), newest.join(MODEL), newest.join(OPTIMIZER));
        let json = fs::read(&progress).map_err(file(&progress))?;
        let kept: Progress = serde_json::from_slice(&json).map_err(|e| state(&progress, &e))?;
        if kept.fingerprint != fingerprint {
            return Err(TrainError::OtherTraining { path: newest });
        }
        let record = ModuleRecord::load(&weights).map_err(|e| state(&weights, &e))?;
        let model = model.try_load_record(record).map_err(|e| state(&weights, &e))?;
        let optimizer = optimizer.load(&moments).map_err(|e| state(&moments, &e))?;
        Ok(Self { model, optimizer, round: kept.round, steps: kept.steps, fingerprint })
    }

    /// Writes this state and removes the older one. A folder appears under its name only when it
    /// is whole.
    pub(super) fn save(&self, dir: &Path) -> Result<(), TrainError> {
        let before = newest(dir).map_err(file(dir))?;
        let partial = dir.join("partial");
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(file(&partial))?;
        }
        fs::create_dir_all(&partial).map_err(file(&partial))?;
        let record = self.model.clone().into_record();
        record.save(partial.join(MODEL)).map_err(|e| state(&partial, &e))?;
        self.optimizer.save(partial.join(OPTIMIZER)).map_err(|e| state(&partial, &e))?;
        let Self { round, steps, .. } = *self;
        let progress = Progress { round, steps, fingerprint: self.fingerprint.clone() };
        let json = serde_json::to_vec_pretty(&progress).map_err(|e| state(&partial, &e))?;
        fs::write(partial.join(PROGRESS), json).map_err(file(&partial))?;
        fs::rename(&partial, dir.join(format!("round-{round:06}"))).map_err(file(&partial))?;
        if let Some(before) = before {
            fs::remove_dir_all(&before).map_err(file(&before))?;
        }
        Ok(())
    }
}

/// The folder of the last whole round.
fn newest(dir: &Path) -> io::Result<Option<PathBuf>> {
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

pub(super) fn file(path: &Path) -> impl Fn(io::Error) -> TrainError {
    move |source| TrainError::File { path: path.to_owned(), source }
}

fn state(path: &Path, error: &dyn std::fmt::Display) -> TrainError {
    TrainError::State { path: path.to_owned(), reason: error.to_string() }
}
