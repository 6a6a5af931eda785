//! The yardstick: the expensive computations of a study, at the sizes of known models.
//!
//! `cargo xtask bench` runs each case in turn with its Python equivalent in `pytorch_reference.py`
//! or `scipy_reference.py`, and prints the ratios.

mod model_cases;
mod random_checkpoint;
mod statistics_cases;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::model_cases::ModelCase;
use crate::random_checkpoint::{Shape, make_checkpoint};
use crate::statistics_cases::StatisticsCase;

/// Time the expensive computations of a study.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a checkpoint and the sentences of the model's cases, unless they exist.
    Make {
        /// Shape of the model.
        shape: Shape,
        /// Folder for them.
        dir: PathBuf,
    },
    /// Run a case of the model. Prints its seconds and the peak memory of the process in MiB.
    Model {
        /// Case to run.
        case: ModelCase,
        /// Folder of the checkpoint and the sentences.
        dir: PathBuf,
        /// Number of threads; by default, the number of cores.
        #[arg(long)]
        threads: Option<usize>,
        /// Amount of work, to see how time grows: prompts in cases a and b, sets in case c.
        #[arg(long)]
        part: Option<usize>,
        /// Compute everything in every pass, without shortcuts.
        #[arg(long)]
        plain: bool,
    },
    /// Run a case of the statistics. Prints its milliseconds and the peak memory of the process in
    /// MiB.
    Stats {
        /// Case to run.
        case: StatisticsCase,
    },
}

fn main() -> Result<()> {
    let time = match Args::parse().command {
        Command::Make { shape, dir } => return make_checkpoint(shape, &dir),
        Command::Model { case, dir, threads, part, plain } => {
            if let Some(threads) = threads {
                rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
            }
            case.run(&dir, part, plain)?
        }
        Command::Stats { case } => case.run()?,
    };
    println!("{time} {}", peak_mebibytes().unwrap_or(f64::NAN));
    Ok(())
}

/// Peak resident memory of this process, if the system reports it.
fn peak_mebibytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes / 1024.0)
}
