//! The project's tasks: `cargo xtask`. It builds what a task needs, with the cargo features that
//! the task needs, and runs it; everything else is in the crates.

mod bench;
mod figures;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus, Stdio},
};

use anyhow::{Context, Result};
use bench::Programs;
use clap::{Parser, Subcommand};

/// Tasks of this project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Args {
    #[command(flatten)]
    Task(Task),
}

#[derive(Subcommand)]
enum Task {
    /// Run the study. Arguments go to `lesion reproduce`; `--help` lists them.
    #[command(disable_help_flag = true)]
    Reproduce(Rest),
    /// Run a study file. Arguments go to `lesion run`.
    #[command(disable_help_flag = true)]
    Run(Rest),
    /// Say what a study file would do. Arguments go to `lesion check`.
    #[command(disable_help_flag = true)]
    Check(Rest),
    /// Say what a model predicts in one sentence. Arguments go to `lesion predict`.
    #[command(disable_help_flag = true)]
    Predict(Rest),
    /// Say how often a model chooses the right pronoun. Arguments go to `lesion evaluate`.
    #[command(disable_help_flag = true)]
    Evaluate(Rest),
    /// List what can compute. `--backend` builds a backend in first.
    #[command(disable_help_flag = true)]
    Devices(Rest),
    /// Make a finished study's report again. Arguments go to `lesion report`.
    #[command(disable_help_flag = true)]
    Report(Rest),
    /// Put two finished studies beside each other. Arguments go to `lesion compare`.
    #[command(disable_help_flag = true)]
    Compare(Rest),
    /// Train the bundled model again, into assets/models/bundled. An interrupted training goes on
    /// where it was. Arguments go to the trainer.
    #[command(disable_help_flag = true)]
    Pretrain(Rest),
    /// Make the pictures of the guide again, in docs/figures, from real runs.
    Figures,
    /// Measure the speed, beside what Python does where a Python (`$PYTHON`, or `python3`) has it.
    Bench {
        /// Of what.
        #[arg(default_value = "model")]
        what: Bench,
        /// How often each case runs; medians are printed.
        #[arg(long, default_value_t = 3)]
        runs: usize,
        /// One JSON object a case.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Bench {
    /// Captures and lesions on a model of BERT-base's shape, beside PyTorch.
    Model,
    /// How time and memory of these grow with the work, and with threads.
    Scaling,
    /// The statistics, beside SciPy.
    Stats,
}

#[derive(clap::Args)]
struct Rest {
    /// Passed on as they are.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Backends whose cargo feature of `lesion` has their name. `flex` is always built in.
const BACKEND_FEATURES: [&str; 3] = ["ndarray", "wgpu", "cuda"];

fn main() -> Result<ExitCode> {
    let Args::Task(task) = Args::parse();
    match task {
        Task::Reproduce(rest) => lesion("reproduce", &rest.args),
        Task::Run(rest) => lesion("run", &rest.args),
        Task::Check(rest) => lesion("check", &rest.args),
        Task::Predict(rest) => lesion("predict", &rest.args),
        Task::Evaluate(rest) => lesion("evaluate", &rest.args),
        Task::Devices(rest) => lesion("devices", &rest.args),
        Task::Report(rest) => lesion("report", &rest.args),
        Task::Compare(rest) => lesion("compare", &rest.args),
        Task::Pretrain(rest) => {
            // Training takes more of flex than studies do, which have it compiled fast instead.
            let fast = ["--config", "profile.release.package.burn-flex.opt-level=3"];
            build("pretrain", &["train"], &fast)?;
            let out = root().join("assets/models/bundled");
            let state = root().join("target/pretrain");
            let places = ["--out".into(), out.into(), "--state".into(), state.into()];
            run("pretrain", places.into_iter().chain(rest.args).collect())
        }
        Task::Figures => figures::draw(),
        Task::Bench { what: Bench::Stats, .. } => bench_stats(),
        Task::Bench { what, runs, json } => {
            build("yardstick", &[], &[])?;
            let programs =
                Programs::new(target().join("release/yardstick"), bench::script(&root()))?;
            match what {
                Bench::Scaling => programs.scale()?,
                _ => programs.compare(runs.max(1), json)?,
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn lesion(command: &str, args: &[OsString]) -> Result<ExitCode> {
    build("lesion", &backend_feature(args), &[])?;
    run("lesion", [command.into()].into_iter().chain(args.iter().cloned()).collect())
}

fn bench_stats() -> Result<ExitCode> {
    cargo(&["bench", "-p", "bench", "--bench", "stats"])?;
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let has = Command::new(&python)
        .args(["-c", "import scipy, statsmodels"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !has {
        println!("No Python with SciPy and statsmodels is at hand, so there is nothing beside it.");
        return Ok(ExitCode::SUCCESS);
    }
    let script = root().join("crates/bench/benches/scipy_reference.py");
    let status = Command::new(&python)
        .arg(script)
        .arg(target().join("criterion"))
        .status()
        .context("cannot run Python")?;
    Ok(exit_code(status))
}

/// The feature that `--backend NAME` or `--backend=NAME` needs, or else the study. A name that is
/// none is left to `lesion`, which lists those that are.
fn backend_feature(args: &[OsString]) -> Vec<&'static str> {
    let study = || args.iter().find_map(|arg| study_backend(Path::new(arg)));
    let words: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let apart = words.windows(2).filter(|pair| pair[0] == "--backend").map(|pair| pair[1].as_ref());
    let joined = words.iter().filter_map(|arg| arg.strip_prefix("--backend="));
    let mut chosen: Vec<String> = apart.chain(joined).map(str::to_owned).collect();
    if chosen.is_empty() {
        chosen.extend(study());
    }
    let asked = |feature: &&str| chosen.iter().any(|name| name == feature);
    BACKEND_FEATURES.into_iter().filter(asked).collect()
}

/// The backend that a study file names. What is wrong with a file is left to `lesion` to say.
fn study_backend(path: &Path) -> Option<String> {
    let study: toml::Table = std::fs::read_to_string(path).ok()?.parse().ok()?;
    study.get("backend")?.as_str().map(str::to_owned)
}

/// Builds one binary in release mode. No package is named, so that cargo chooses the dependencies'
/// features as it does for `cargo test`, and both use one build of them.
fn build(bin: &str, features: &[&str], options: &[&str]) -> Result<()> {
    let features: Vec<String> = features.iter().map(|feature| format!("{bin}/{feature}")).collect();
    let build = ["build", "--release", "--bin", bin, "--features", &features.join(",")];
    cargo(&[&build, options].concat())
}

fn cargo(args: &[&str]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(args).current_dir(root()).status();
    let status = status.context("cannot run cargo")?;
    anyhow::ensure!(status.success(), "`cargo {}` failed", args.join(" "));
    Ok(())
}

/// Runs a binary that was built, in the caller's folder, so that paths mean what they say there.
fn run(bin: &str, args: Vec<OsString>) -> Result<ExitCode> {
    let path = target().join("release").join(bin);
    let status = Command::new(&path).args(args).status();
    Ok(exit_code(status.with_context(|| format!("cannot run {}", path.display()))?))
}

fn exit_code(status: ExitStatus) -> ExitCode {
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn target() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feature(args: &[&str]) -> Vec<&'static str> {
        backend_feature(&args.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_backend_decides_the_feature() {
        assert_eq!(feature(&["--layer", "3", "--backend", "wgpu"]), ["wgpu"]);
        assert_eq!(feature(&["--backend=ndarray"]), ["ndarray"]);
        assert!(feature(&["--backend", "flex"]).is_empty());
        assert!(feature(&["--model", "wgpu"]).is_empty());
    }

    #[test]
    fn a_study_decides_the_feature_unless_the_command_line_does() {
        let dir = std::env::temp_dir().join(format!("xtask-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("study.toml");
        std::fs::write(&path, "seed = 1\nbackend = \"wgpu\"\n[lesion]\nlayer = 2\n").unwrap();
        let study = path.to_str().unwrap();
        assert_eq!(feature(&["--nulls", "9", study]), ["wgpu"]);
        assert_eq!(feature(&[study, "--backend", "ndarray"]), ["ndarray"]);
        assert!(feature(&[study, "--backend=flex"]).is_empty());
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
