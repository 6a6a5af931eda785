//! The command line: `lesion reproduce` runs the paper's study, `lesion run` one of your own,
//! `lesion check` says what it would do, `lesion predict` what a model makes of one sentence,
//! `lesion evaluate` how well it knows its pronouns, and `lesion devices` what can compute.
//! `lesion report` makes a finished study's page again, and `lesion compare` one of two studies.
//! Everything is computed by the libraries; this crate reads the inputs, writes the outputs and
//! talks to the person.

mod answer;
mod args;
mod backend;
mod check;
mod console;
mod evaluate;
mod inputs;
mod journal;
mod layer_neurons;
mod manifest;
mod model;
mod output;
mod predict;
mod prepare;
mod progress;
mod report;
mod results;
mod run;
mod study;

use std::{ffi::OsStr, io, process::ExitCode};

use anyhow::Result;
use clap::{Arg, CommandFactory, FromArgMatches};

use answer::give;
use args::{Args, Command};
use backend::Devices;
use study::Study;

/// What is wrong with what the user gave, or with the machine: one line on stderr, and this.
const FAILURE: u8 = 2;

fn main() -> ExitCode {
    // So that `--layer -1` is told what is wrong with -1, and not that there is no option `-1`.
    let numbers = |arg: Arg| {
        let takes_values = arg.get_action().takes_values();
        arg.allow_negative_numbers(takes_values)
    };
    let parser = Args::command().mut_subcommands(|command| command.mut_args(numbers));
    let args = parser.try_get_matches().and_then(|found| Args::from_arg_matches(&found));
    let args = match args {
        Ok(args) => args,
        // Help that was asked for, or that answers a call without any command.
        Err(help) if is_help(&help) => help.exit(),
        Err(error) => return usage_error(&error),
    };
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(FAILURE)
        }
    }
}

fn run(Args { command, json }: &Args) -> Result<()> {
    match command {
        Command::Reproduce(args) => {
            give(&run::run(Study::default(), OsStr::new("reproduce"), args)?, *json)
        }
        Command::Run { study, args } => {
            let name = study.file_stem().unwrap_or(OsStr::new("study"));
            give(&run::run(Study::read(study)?, name, args)?, *json)
        }
        Command::Check { study, args } => give(&check::check(Study::read(study)?, args)?, *json),
        Command::Predict(args) => give(&predict::run(args)?, *json),
        Command::Evaluate(args) => give(&evaluate::run(args)?, *json),
        Command::Report { dir } => give(&report::run(dir)?, *json),
        Command::Compare(args) => give(&report::compare(args)?, *json),
        Command::Devices { backend } => give(&Devices::list(*backend), *json),
    }
}

fn is_help(error: &clap::Error) -> bool {
    use clap::error::ErrorKind::{
        DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion,
    };
    matches!(error.kind(), DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand)
}

/// One line, as every other mistake: what clap says is wrong, and its tip, without the usage.
fn usage_error(error: &clap::Error) -> ExitCode {
    let message = error.to_string();
    // The command that was meant: `Usage: lesion check [OPTIONS] <STUDY>`.
    let usage = message.split("Usage: ").nth(1).unwrap_or_default().split_whitespace().skip(1);
    let command = usage.take_while(|word| word.starts_with(|first: char| first.is_alphabetic()));
    let command: Vec<&str> = std::iter::once("lesion").chain(command).collect();
    let says =
        |paragraph: &&str| !paragraph.starts_with("Usage") && !paragraph.starts_with("For more");
    let words = message.split("\n\n").filter(says).flat_map(str::split_whitespace);
    let words: Vec<&str> = words.collect();
    eprintln!("{}; see `{} --help`", words.join(" "), command.join(" "));
    ExitCode::from(FAILURE)
}

/// Whether the reader of our output, such as `head`, has seen enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
