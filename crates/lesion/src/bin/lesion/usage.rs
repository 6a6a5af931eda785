//! Errors in the arguments, in one line.

use clap::error::ErrorKind::{
    DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion,
};

/// Whether an "error" of clap is its help or version text.
pub(crate) fn is_help(error: &clap::Error) -> bool {
    matches!(error.kind(), DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand)
}

/// Clap's message and tip in one line, without the usage.
pub(crate) fn one_line(error: &clap::Error) -> String {
    let message = error.to_string();
    // The subcommand is in the usage: `Usage: lesion check [OPTIONS] <STUDY>`.
    let usage = message.split("Usage: ").nth(1).unwrap_or_default();
    let command: Vec<&str> = usage
        .split_whitespace()
        .skip(1)
        .take_while(|word| word.starts_with(|first: char| first.is_alphabetic()))
        .collect();
    let command = std::iter::once("lesion").chain(command).collect::<Vec<_>>().join(" ");
    let is_problem =
        |paragraph: &&str| !paragraph.starts_with("Usage") && !paragraph.starts_with("For more");
    let words: Vec<&str> =
        message.split("\n\n").filter(is_problem).flat_map(str::split_whitespace).collect();
    format!("{}; see `{command} --help`", words.join(" "))
}
