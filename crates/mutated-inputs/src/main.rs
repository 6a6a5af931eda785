//! Runs the program on files that were changed at random: `cargo xtask mutants`. However a file is
//! changed, the program must end within its limits, with exit code 0 or with 2 and one line of error.

mod limited_process;
mod mutation;
mod reader;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Mutex,
};

use anyhow::{Context, Result};
use clap::Parser;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use limited_process::{Fault, LimitedProcess};
use mutation::mutate;
use reader::{READERS, Reader};

/// Change the files that `lesion` reads at random, and check that it never panics, hangs or obeys them.
///
/// Each mutant is one file with one to four changes, read by a process of its own with limits of 2 s of
/// CPU time and 1 GiB of memory. First the files of `crates/mutated-inputs/corpus`, which once failed, are read
/// again.
#[derive(Parser)]
#[command(version, args_override_self = true)]
struct Args {
    /// The program `lesion`.
    #[arg(long, default_value = "target/release/lesion")]
    program: PathBuf,
    /// Root of the repository.
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// Number of mutants.
    #[arg(long, default_value_t = 10_000)]
    count: usize,
    /// Random seed of the mutants.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Read mutants of this reader only.
    #[arg(long)]
    only: Option<String>,
    /// Folder for the files of the mutants that fail.
    #[arg(long, default_value = "target/mutants")]
    failed: PathBuf,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let program = fs::canonicalize(&args.program)
        .with_context(|| format!("cannot find {}", args.program.display()))?;
    let only = args.only.as_deref();
    let readers: Vec<&Reader> =
        READERS.iter().filter(|reader| only.is_none_or(|only| reader.name == only)).collect();
    anyhow::ensure!(!readers.is_empty(), "no reader has this name");
    let inputs = readers
        .iter()
        .map(|reader| reader.original(&args.root, &program))
        .collect::<Result<Vec<Vec<u8>>>>()?;
    let bench = Bench { args: &args, program: &program, counts: Mutex::default() };

    let mut failures = Vec::new();
    for (reader, original) in readers.iter().zip(&inputs) {
        bench.check_original(reader, original)?;
        failures.extend(bench.replay(reader)?);
    }
    let found = (0..args.count).into_par_iter().map(|number| {
        let place = number % readers.len();
        let mut random = ChaCha8Rng::seed_from_u64(args.seed);
        random.set_stream(number as u64);
        let mutant = mutate(&inputs[place], &mut random);
        bench.try_mutant(readers[place], &format!("{}-{number}", args.seed), &mutant)
    });
    failures.extend(found.collect::<Result<Vec<_>>>()?.into_iter().flatten());
    bench.print_counts();
    for failure in &failures {
        println!("{failure}");
    }
    println!("{} failures of {} mutants", failures.len(), args.count);
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The mutants of one run.
struct Bench<'a> {
    args: &'a Args,
    program: &'a Path,
    /// For each reader, the mutants that the program read, and those that it refused.
    counts: Mutex<BTreeMap<&'static str, [usize; 2]>>,
}

impl Bench<'_> {
    /// Checks that the program reads a file that was not changed.
    fn check_original(&self, reader: &Reader, original: &[u8]) -> Result<()> {
        let folder = reader.prepare(&self.args.root, original)?;
        let process = LimitedProcess::run(self.program, &reader.arguments(), folder.path())?;
        let is_read = process.fault().is_none() && !process.is_refusal();
        anyhow::ensure!(is_read, "{} is not read unchanged: {}", reader.name, process.stderr());
        Ok(())
    }

    /// Reads the files of the corpus again.
    fn replay(&self, reader: &Reader) -> Result<Vec<String>> {
        let folder = self.args.root.join("crates/mutated-inputs/corpus").join(reader.name);
        let mut failures = Vec::new();
        if folder.is_dir() {
            let entries = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
            for entry in entries {
                let name = entry.file_name().to_string_lossy().into_owned();
                failures.extend(self.try_mutant(reader, &name, &fs::read(entry.path())?)?);
            }
        }
        Ok(failures)
    }

    /// Lets the program read a mutant. A failure is described, and its file kept.
    fn try_mutant(&self, reader: &Reader, name: &str, mutant: &[u8]) -> Result<Option<String>> {
        let folder = reader.prepare(&self.args.root, mutant)?;
        let process = LimitedProcess::run(self.program, &reader.arguments(), folder.path())?;
        let Some(fault) = process.fault() else {
            if let Ok(mut counts) = self.counts.lock() {
                counts.entry(reader.name).or_default()[usize::from(process.is_refusal())] += 1;
            }
            return Ok(None);
        };
        let kept = self.args.failed.join(reader.name);
        fs::create_dir_all(&kept)?;
        let file = kept.join(name);
        fs::write(&file, mutant)?;
        let Fault { what, stderr } = fault;
        Ok(Some(format!("{}: {what}: {stderr}", file.display())))
    }

    fn print_counts(&self) {
        println!("{:24} {:>8} {:>8}", "file", "read", "refused");
        for (name, [read, refused]) in self.counts.lock().iter().flat_map(|counts| counts.iter()) {
            println!("{name:24} {read:8} {refused:8}");
        }
    }
}
