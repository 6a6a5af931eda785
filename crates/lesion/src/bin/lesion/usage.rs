//! Errors in the arguments, in one line.

use clap::{
    CommandFactory as _,
    error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion},
};

use crate::args::Args;

/// Whether an "error" of clap is its help or version text.
pub(crate) fn is_help(error: &clap::Error) -> bool {
    matches!(error.kind(), DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand)
}

/// Clap's message and tip in one line, without the usage. It names the help of the command.
pub(crate) fn one_line(error: &clap::Error) -> String {
    let message = error.to_string();
    let parser = Args::command();
    let command = std::env::args_os().skip(1).find(|arg| parser.find_subcommand(arg).is_some());
    let command = command.map_or_else(String::new, |name| format!(" {}", name.display()));
    let is_problem =
        |paragraph: &&str| !paragraph.starts_with("Usage") && !paragraph.starts_with("For more");
    let words: Vec<&str> =
        message.split("\n\n").filter(is_problem).flat_map(str::split_whitespace).collect();
    format!("{}; see `lesion{command} --help`", words.join(" "))
}
