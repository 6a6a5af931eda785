//! Prints how often a study's verdicts are wrong, and how often a real effect is found, by
//! simulation. `cargo xtask calibrate` builds and runs it.

use std::{path::PathBuf, time::Instant};

use anyhow::Result;
use calibrate::{Scale, Simulation};
use clap::{Parser, ValueEnum};

/// Measure by simulation how often a study's verdicts are wrong, and how often a real effect is found.
#[derive(Parser)]
#[command(name = "calibrate")]
struct Args {
    /// Number of models, or of sets, for each rate. The power takes a quarter as many models per point.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(10..))]
    models: u32,
    /// Run this simulation only; may be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<Simulation>,
    /// Random seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON object per table.
    #[arg(long)]
    json: bool,
    /// Folder of the bundled model, stimuli and prompts.
    #[arg(long, default_value = "assets")]
    assets: PathBuf,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let scale = Scale { models: args.models as usize, seed: args.seed, assets: args.assets };
    for &simulation in Simulation::value_variants() {
        if !args.only.is_empty() && !args.only.contains(&simulation) {
            continue;
        }
        let started = Instant::now();
        let tables = simulation.run(&scale)?;
        eprintln!("{simulation:?}: {:.0} s", started.elapsed().as_secs_f64());
        for table in tables {
            if args.json {
                println!("{}", table.to_json());
            } else {
                println!("{}", table.to_markdown());
            }
        }
    }
    Ok(())
}
