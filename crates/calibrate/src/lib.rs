//! Simulations of whole studies, whose truth is known: how often a verdict is wrong, and how often a
//! real effect is found.
//!
//! Everything is computed through the libraries that a study uses, and is the same for the same
//! random seed, whatever the number of threads. [`Simulation`] lists the simulations;
//! docs/validity.md explains them and has their results.

mod model_study;
mod random_model;
mod random_texts;
mod rates;
mod simulation_table;
mod simulations;

pub use rates::{Rate, kolmogorov_smirnov_p};
pub use simulation_table::{SimulationTable, TableCell};
pub use simulations::{Simulation, simulation_scale::Scale};
