//! The yardstick: what people do in notebooks, at the size of BERT-base, by this project's
//! libraries. `cargo xtask bench` runs each case in turn with `pytorch_reference.py`, which does the
//! same as the original notebook does, and prints the ratios.

mod cases;
mod make;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the checkpoint and the sentences, unless they are there.
    Make {
        /// Where.
        dir: PathBuf,
    },
    /// Run a case and print its seconds and the peak memory of the process in MiB.
    Run {
        /// The case.
        case: Case,
        /// Where the checkpoint and the sentences are.
        dir: PathBuf,
        /// Threads; all cores where none is given.
        #[arg(long)]
        threads: Option<usize>,
        /// Use only so much of the work: prompts in cases a and b, sets in case c.
        #[arg(long)]
        part: Option<usize>,
        /// Compute everything in every pass, without shortcuts.
        #[arg(long)]
        plain: bool,
    },
}

/// What is timed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Case {
    /// Capture every layer at the masked token of 108 sentences, and the logits there.
    A,
    /// Lesion each of 12 layers with three sets in 108 prompts.
    B,
    /// Lesion layer 9 with 1,000 random sets of 200 neurons in the paper's two prompts.
    C,
    /// Predict the paper's two prompts, from the start of the process.
    E,
    /// A matrix product, to know what the machine can do: GFLOP/s in place of seconds.
    Ceiling,
}

fn main() -> Result<()> {
    match Args::parse().command {
        Command::Make { dir } => make::make(&dir),
        Command::Run { case, dir, threads, part, plain } => {
            if let Some(threads) = threads {
                rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
            }
            let seconds = cases::run(case, &dir, part, plain)?;
            let peak = peak_mib();
            println!("{seconds} {}", peak.unwrap_or(f64::NAN));
            Ok(())
        }
    }
}

/// The most memory that this process had resident, where the system tells.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}
