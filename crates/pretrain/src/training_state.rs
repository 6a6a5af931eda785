//! The progress of a training, saved after every round.

use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
};

use bert_model::LanguageModel;
use burn::{module::Module, optim::ModuleOptimizer, store::ModuleRecord};
use serde::{Deserialize, Serialize};

use crate::train_error::{TrainError, file_error};

/// The state of a training after a number of complete rounds.
pub(crate) struct TrainingState {
    pub(crate) model: LanguageModel,
    pub(crate) optimizer: ModuleOptimizer,
    pub(crate) round: u64,
    pub(crate) steps: u64,
    fingerprint: String,
}

/// The part of a state that is saved beside the weights.
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
    /// Loads the newest state in `dir`, or starts a new one with `model` if there is none.
    pub(crate) fn resume(
        dir: &Path,
        model: LanguageModel,
        optimizer: ModuleOptimizer,
        fingerprint: String,
    ) -> Result<Self, TrainError> {
        let Some(newest) = find_newest(dir).map_err(file_error(dir))? else {
            return Ok(Self { model, optimizer, round: 0, steps: 0, fingerprint });
        };
        let path = newest.join(PROGRESS);
        let json = fs::read(&path).map_err(file_error(&path))?;
        let progress: Progress = serde_json::from_slice(&json).map_err(state_error(&path))?;
        if progress.fingerprint != fingerprint {
            return Err(TrainError::OtherTraining { path: newest });
        }
        let path = newest.join(MODEL);
        let record = ModuleRecord::load(&path).map_err(state_error(&path))?;
        let model = model.try_load_record(record).map_err(state_error(&path))?;
        let path = newest.join(OPTIMIZER);
        let optimizer = optimizer.load(&path).map_err(state_error(&path))?;
        let Progress { round, steps, .. } = progress;
        Ok(Self { model, optimizer, round, steps, fingerprint })
    }

    /// Saves this state and removes the older one. The folder gets its final name only when it is
    /// complete.
    pub(crate) fn save(&self, dir: &Path) -> Result<(), TrainError> {
        let older = find_newest(dir).map_err(file_error(dir))?;
        let partial = dir.join("partial");
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(file_error(&partial))?;
        }
        fs::create_dir_all(&partial).map_err(file_error(&partial))?;
        let record = self.model.clone().into_record();
        record.save(partial.join(MODEL)).map_err(state_error(&partial))?;
        self.optimizer.save(partial.join(OPTIMIZER)).map_err(state_error(&partial))?;
        let (round, steps) = (self.round, self.steps);
        let progress = Progress { round, steps, fingerprint: self.fingerprint.clone() };
        let json = serde_json::to_vec_pretty(&progress).map_err(state_error(&partial))?;
        fs::write(partial.join(PROGRESS), json).map_err(file_error(&partial))?;
        fs::rename(&partial, dir.join(format!("round-{round:06}")))
            .map_err(file_error(&partial))?;
        if let Some(older) = older {
            fs::remove_dir_all(&older).map_err(file_error(&older))?;
        }
        Ok(())
    }
}

/// The folder of the last complete round.
fn find_newest(dir: &Path) -> io::Result<Option<PathBuf>> {
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

fn state_error<E: Error + Send + Sync + 'static>(path: &Path) -> impl Fn(E) -> TrainError {
    move |source| TrainError::State { path: path.to_owned(), source: source.into() }
}
