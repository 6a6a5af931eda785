//! The simulations.

mod detection_power;
mod false_positives;
mod interval_coverage;
mod many_models;
mod margin_equivalence;
pub(crate) mod simulation_scale;
mod uniform_p;

use anyhow::Result;
use clap::ValueEnum;

use crate::{simulation_table::SimulationTable, simulations::simulation_scale::Scale};

/// A simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Simulation {
    /// Whole studies of models that know nothing: how often something is found.
    FalsePositives,
    /// Random sets in place of the matched one, in the bundled model: whether p is uniform.
    UniformP,
    /// Effects as large as the margin of equivalence: how often they are called no effect.
    Equivalence,
    /// Intervals over templates: how often they cover the mean of all templates.
    Coverage,
    /// Planted effects: how often they are found.
    Power,
    /// Effects over many models: how often intervals cover the truth.
    ManyModels,
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
            Self::ManyModels => Ok(vec![many_models::simulate(scale)?]),
        }
    }
}
