//! The size of a simulation, and its studies.

use std::path::PathBuf;

use anyhow::Result;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use study_record::Study;

/// The size of a simulation.
#[derive(Clone, Debug)]
pub struct Scale {
    /// Number of models, or of sets, for each rate. The power is computed from a quarter as many
    /// models per point.
    pub models: usize,
    /// Random seed.
    pub seed: u64,
    /// The repository's folder of the bundled model, stimuli and prompts.
    pub assets: PathBuf,
}

/// The results for each of `count` random seeds, which no other purpose has. Runs in parallel.
pub(crate) fn for_each_seed<T: Send>(
    scale: &Scale,
    purpose: u64,
    count: usize,
    run: impl Fn(u64) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let run_one = |number: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(scale.seed);
        rng.set_stream((purpose << 32) + number as u64);
        run(rng.random())
    };
    (0..count).into_par_iter().map(run_one).collect()
}

/// The default study, with as few relabellings and resamples as are allowed: these decide no verdict.
pub(crate) fn quick_study(seed: u64) -> Result<Study> {
    let mut study = Study { seed, ..Study::default() };
    study.selection.permutations = 1.try_into()?;
    study.bootstrap.draws = 1_000.try_into()?;
    Ok(study)
}
