//! The project's tasks: `cargo xtask`. A task builds a program with the features that it needs, and
//! runs it; everything else is in the crates.

mod bench;
mod book;
mod calibrate;
mod figures;
mod lab;
mod lesion;
mod mutants;
mod wheel;
mod workspace;

use std::{ffi::OsString, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};

use crate::bench::{MODEL, STATS, Suite};
use crate::book::build_book;
use crate::calibrate::run_simulations;
use crate::figures::draw_figures;
use crate::lab::build_lab;
use crate::lesion::run_lesion;
use crate::mutants::read_mutants;
use crate::wheel::build_wheel;
use crate::workspace::Workspace;

/// Tasks of this project.
///
/// Any other command is passed on to the program `lesion`, which is built first: `cargo xtask
/// reproduce` runs `lesion reproduce`. A backend that `--backend` or the study file names is built in.
/// `cargo xtask help` lists the commands of `lesion`.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Train the bundled model again, into assets/models/bundled. An interrupted training is
    /// resumed. Arguments are passed on to the trainer.
    #[command(disable_help_flag = true)]
    Pretrain {
        /// Arguments of the trainer.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Draw the figures of the guide again, in docs/figures, from real studies.
    Figures,
    /// Measure the speed, compared with Python if `$PYTHON` or `python3` has the packages.
    Bench {
        /// Benchmark to run.
        #[arg(default_value = "model")]
        benchmark: Benchmark,
        /// Runs per case. Medians are printed.
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
        runs: u64,
        /// Run this case alone, such as `b` or `a-gpt2`.
        #[arg(long)]
        case: Option<String>,
        /// Print one JSON object per case.
        #[arg(long)]
        json: bool,
    },
    /// Measure by simulation how often a study's verdicts are wrong, and how often a real effect is
    /// found. Arguments are passed on to the simulations.
    #[command(disable_help_flag = true)]
    Calibrate {
        /// Arguments of the simulations.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Change the files that `lesion` reads at random, and check that it never panics or hangs.
    /// Arguments are passed on.
    #[command(disable_help_flag = true)]
    Mutants {
        /// Arguments of the program `mutated-inputs`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Build the wheel of the Python package, with the program in it, into target/wheels. It needs
    /// maturin: `pip install maturin`.
    Wheel,
    /// Build the laboratory in a browser into target/lab. It needs Rust for WebAssembly and Node.js.
    Lab {
        /// Build only the engine: WebAssembly, its JavaScript and the model, for the page's own tools.
        #[arg(long)]
        engine: bool,
    },
    /// Build the guide into target/book with the laboratory in it. It needs mdbook.
    Book,
    #[command(external_subcommand)]
    Lesion(Vec<OsString>),
}

#[derive(Clone, Copy, ValueEnum)]
enum Benchmark {
    /// Captures and lesions of models of known shapes, compared with PyTorch.
    Model,
    /// Time and memory of the model's cases as the work and the number of threads grow.
    Scaling,
    /// The statistics, compared with SciPy.
    Stats,
}

fn main() -> Result<ExitCode> {
    let task = Args::parse().task;
    let workspace = Workspace::find()?;
    match task {
        Task::Pretrain { args } => pretrain(&workspace, args),
        Task::Figures => draw_figures(&workspace),
        Task::Bench { benchmark, runs, case, json } => {
            match benchmark {
                Benchmark::Model => {
                    Suite::prepare(&workspace, &MODEL)?.compare(case.as_deref(), runs, json)?;
                }
                Benchmark::Scaling => Suite::prepare(&workspace, &MODEL)?.scale()?,
                Benchmark::Stats => {
                    Suite::prepare(&workspace, &STATS)?.compare(case.as_deref(), runs, json)?;
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        Task::Calibrate { args } => run_simulations(&workspace, args),
        Task::Mutants { args } => read_mutants(&workspace, args),
        Task::Wheel => build_wheel(&workspace),
        Task::Lab { engine } => build_lab(&workspace, engine),
        Task::Book => build_book(&workspace),
        Task::Lesion(args) => run_lesion(&workspace, &args),
    }
}

fn pretrain(workspace: &Workspace, args: Vec<OsString>) -> Result<ExitCode> {
    // Training spends more time in flex than a study does, so flex is compiled with level 3.
    let optimised = "profile.release.package.burn-flex.opt-level=3";
    workspace.build(&["--package", "pretrain", "--bin", "pretrain", "--config", optimised])?;
    let mut all_args: Vec<OsString> = vec![
        "--out".into(),
        workspace.root().join("assets/models/bundled").into(),
        "--state".into(),
        workspace.root().join("target/pretrain").into(),
    ];
    all_args.extend(args);
    workspace.run("pretrain", &all_args)
}
