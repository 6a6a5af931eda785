//! The command to type after an answer, which people see below it.
//!
//! It is a line on stderr, and only if stderr is a terminal: stdout is the answer, and scripts need no
//! advice.

use std::{
    ffi::OsString,
    fs,
    io::{self, IsTerminal as _},
    path::Path,
};

use study_record::{
    FilePath, MANIFEST, Manifest, ScoreUnit,
    tables::{PromptRow, Row as _, decode},
};

use crate::terminal::tell;

/// Writes what to type next, if a person reads it.
pub(crate) fn suggest(step: Option<String>) {
    if let Some(step) = step
        && io::stderr().is_terminal()
    {
        tell(&format!("Next: {step}"));
    }
}

/// A command line of words that a shell reads as they are.
pub(crate) fn command_line(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

/// The command line that was typed, with another command.
pub(crate) fn typed_with(command: &str) -> String {
    let typed: Vec<OsString> = std::env::args_os().skip(1).collect();
    replace_command(&typed, command)
}

/// The command line `typed` with another command, which is the first word that is not an option.
fn replace_command(typed: &[OsString], command: &str) -> String {
    let mut words = vec!["lesion".to_owned()];
    words.extend(typed.iter().map(|word| word.to_string_lossy().into_owned()));
    if let Some(word) = words.iter_mut().skip(1).find(|word| !word.starts_with('-')) {
        command.clone_into(word);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    command_line(&words)
}

/// After a run: the first lesioned prompt, with all neurons of its label silenced.
pub(crate) fn after_run(dir: &Path) -> Option<String> {
    let manifest: Manifest = serde_json::from_slice(&fs::read(dir.join(MANIFEST)).ok()?).ok()?;
    // `predict` compares words.
    if manifest.study.untrained.is_some() || manifest.study.score == ScoreUnit::Sentence {
        return None;
    }
    let table = fs::read(dir.join(PromptRow::TABLE.file)).ok()?;
    let mut prompts = decode::<PromptRow>(table.as_slice()).ok()?.flatten();
    let (prompt, label) = prompts.find_map(|prompt| {
        let label = prompt.label.clone()?;
        Some((prompt, label))
    })?;
    let lesion = format!("all:{label}");
    let sets = dir.join("neuron_sets.json").display().to_string();
    let mut words =
        vec!["lesion", "predict", &prompt.sentence, "--lesion", &lesion, "--neurons", &sets];
    let model = manifest.study.model.map(|FilePath(model)| model.display().to_string());
    if let Some(model) = &model {
        words.extend(["--model", model]);
    }
    Some(command_line(&words))
}

/// The study of a model, by the name that results give it.
pub(crate) fn reproduce(model: &str) -> String {
    match model {
        study_record::BUNDLED => command_line(&["lesion", "reproduce"]),
        model => command_line(&["lesion", "reproduce", "--model", model]),
    }
}

/// The word as a shell reads it: in single quotes, if it contains a character with a meaning.
fn quoted(word: &str) -> String {
    let is_plain =
        |character: char| character.is_alphanumeric() || "-_./:=,@%+".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_if_a_shell_would_change_them() {
        let words = ["lesion", "predict", "It's [MASK].", "a-b/c.txt", "", "$HOME"];
        let line = command_line(&words);
        assert_eq!(line, r"lesion predict 'It'\''s [MASK].' a-b/c.txt '' '$HOME'");
    }

    #[test]
    fn another_command_keeps_the_options() {
        let typed = ["--strict", "check", "my check.toml", "--nulls", "20"].map(OsString::from);
        let line = replace_command(&typed, "run");
        assert_eq!(line, "lesion --strict run 'my check.toml' --nulls 20");
    }
}
