//! Errors in one line, with the options that they are about.

use clap::{
    CommandFactory as _,
    error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion},
};
use lesion::LesionError;
use lesion_eval::StudyError;
use study_record::{Section as _, Study, shown};

use crate::args::{Args, Command};

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

/// The lines of an error: one, except that every invalid line of a study's texts has its own, or the
/// first ones and their number.
pub(crate) fn error_lines(error: &anyhow::Error, command: &Command) -> Vec<String> {
    if let Some(LesionError::Study(StudyError::Lines(invalid))) = innermost(error) {
        let mut lines = shown(invalid.lines());
        for line in lines.iter_mut().take(invalid.lines().len()) {
            line.insert_str(0, "error: ");
        }
        return lines;
    }
    vec![format!("error: {error:#}{}", advise(error, command))]
}

/// The error of the library: that of a task, if it happened in one.
fn innermost(error: &anyhow::Error) -> Option<&LesionError> {
    error.downcast_ref().map(LesionError::innermost)
}

/// The option that an error of the library is about, to be appended to its message.
fn advise(error: &anyhow::Error, command: &Command) -> String {
    match innermost(error) {
        Some(LesionError::Layer { setting, .. }) => name_options(setting),
        Some(LesionError::NoLabelledPrompt { .. }) => name_options("prompts"),
        Some(LesionError::Question { field, .. }) => format!(" (option --{field})"),
        Some(LesionError::NoPatch) => " (option --patch)".to_owned(),
        Some(LesionError::NoneLabelled) => " (option --each)".to_owned(),
        Some(LesionError::Warnings { .. }) => " (option --strict)".to_owned(),
        Some(LesionError::NoFileName(_)) => " (option --out)".to_owned(),
        Some(LesionError::NoSuchDevice { .. }) => "; `lesion devices` lists them".to_owned(),
        Some(LesionError::AnotherStudy(_)) => {
            "; specify another --out, or --force to replace it".to_owned()
        }
        Some(LesionError::FilesExist { .. }) if matches!(command, Command::Import(_)) => {
            " with --out, or --force to replace them".to_owned()
        }
        Some(LesionError::NoColumn { .. }) => " (options --good and --bad)".to_owned(),
        Some(LesionError::AnotherRun(_)) => match command {
            Command::Report { .. } | Command::Paper { .. } => {
                "; try again when it has ended".to_owned()
            }
            _ => "; wait until it has ended, or specify another --out".to_owned(),
        },
        _ => String::new(),
    }
}

/// A line about a command that a signal or the time limit stopped, with this error.
pub(crate) fn stopped(error: &anyhow::Error, command: &Command) -> String {
    let line = match (error.downcast_ref(), command) {
        (Some(LesionError::DownloadStopped), _) => {
            "Stopped. What was downloaded is kept; the same command resumes."
        }
        (Some(LesionError::Stopped { finished, planned }), _) => {
            // Later batches may not be planned yet.
            let known = if finished < planned { format!(" of {planned}") } else { String::new() };
            return format!("Stopped after {finished}{known} batches; the same command resumes.");
        }
        (Some(LesionError::SweepStopped { task, tasks, batches }), _) => {
            let within = match batches {
                Some((finished, planned)) if finished < planned => {
                    format!(", after {finished} of its {planned} batches")
                }
                Some((finished, _)) => format!(", after {finished} of its batches"),
                None => String::new(),
            };
            return format!("Stopped in task {task} of {tasks}{within}; the same command resumes.");
        }
        (_, Command::Reproduce(_) | Command::Run { .. }) => {
            "Stopped before the first batch; the same command starts again."
        }
        _ => "Stopped.",
    };
    line.to_owned()
}

/// Names the options of a setting: ` (option --layer)`.
fn name_options(key: &str) -> String {
    let mut names = String::new();
    for setting in Study::settings() {
        if setting.key() == key {
            names.extend(setting.options().map(|option| format!(" (option --{})", option.name)));
        }
    }
    names
}
