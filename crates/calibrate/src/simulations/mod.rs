//! The simulations.

mod detection_power;
mod false_positives;
mod interval_coverage;
mod margin_equivalence;
mod uniform_p;

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use study_record::Study;

use crate::simulation_table::SimulationTable;

/// A simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Simulation {
    /// Whole studies of models that know nothing: how often something is found.
    FalsePositives,
    /// Random sets in place of the matched one, in the bundled model: whether p is uniform.
    UniformP,
    /// Effects as large as the margin of equivalence: how often they are called no effect.
    Equivalence,
    /// How often an interval over templates covers the mean of all templates.
    Coverage,
    /// How often a planted effect is found.
    Power,
}

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

impl Simulation {
    /// Runs the simulation.
    ///
    /// # Errors
    /// If a study fails.
    pub fn run(self, scale: &Scale) -> Result<Vec<SimulationTable>> {
        match self {
            Self::FalsePositives => Ok(vec![false_positives::simulate(scale)?]),
            Self::UniformP => Ok(vec![uniform_p::simulate(scale)?]),
            Self::Equivalence => margin_equivalence::simulate(scale),
            Self::Coverage => Ok(vec![interval_coverage::simulate(scale)?]),
            Self::Power => detection_power::simulate(scale),
        }
    }
}

/// The results for each of `count` random seeds, which no other purpose has. Runs in parallel.
fn for_each_seed<T: Send>(
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
fn quick_study(seed: u64) -> Result<Study> {
    let mut study = Study { seed, ..Study::default() };
    study.selection.permutations = 1.try_into()?;
    study.bootstrap.draws = 1_000.try_into()?;
    Ok(study)
}
