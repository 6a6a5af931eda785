//! The texts of the guide and of the example study that are made of the declarations.

use crate::{
    choice::{Choice as _, joined},
    manifest::Manifest,
    part_tables::{Part, SetKind},
    row::Table,
    settings::{Section as _, Setting, Study},
    tables::ALWAYS,
    verdict::Verdict,
};

/// The rows of a section's settings for docs/studies.md; the section `""` is the top.
#[must_use]
pub fn settings_table(sections: &[&str]) -> String {
    let mut text = "| key | default | meaning | option |\n|---|---|---|---|\n".to_owned();
    for setting in settings_of(sections) {
        let key = if sections.len() > 1 { setting.key() } else { setting.name.to_owned() };
        let options: Vec<String> =
            setting.options().map(|option| format!("`--{}`", option.name)).collect();
        let meaning = setting.text().replace('|', "\\|");
        let default = default_in_file(&setting);
        text += &format!("| `{key}` | {default} | {meaning} | {} |\n", options.join(", "));
    }
    text
}

fn settings_of(sections: &[&str]) -> Vec<Setting> {
    let mut settings = Study::settings();
    settings.retain(|setting| sections.contains(&setting.section));
    settings
}

/// The default as a study file writes it, or in words.
fn default_in_file(setting: &Setting) -> String {
    match setting.declared.unset {
        Some(meaning) => meaning.to_owned(),
        None => format!("`{}`", toml_value(setting).unwrap_or_default()),
    }
}

/// The default value of a setting in TOML.
fn toml_value(setting: &Setting) -> Option<String> {
    let defaults = toml::Value::try_from(Study::default()).ok()?;
    let section = match setting.section {
        "" => &defaults,
        section => defaults.get(section)?,
    };
    Some(inline(section.get(setting.name)?))
}

/// A value on one line. A table has one key here.
fn inline(value: &toml::Value) -> String {
    match value {
        toml::Value::Table(table) => {
            let entries: Vec<String> =
                table.iter().map(|(key, value)| format!("{key} = {value}")).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        value => value.to_string(),
    }
}

/// The columns of a table for docs/output.md.
#[must_use]
pub fn columns_table(table: &Table) -> String {
    let mut text = "| column | meaning |\n|---|---|\n".to_owned();
    for column in table.columns {
        text += &format!("| `{}` | {} |\n", column.name, column.text().replace('|', "\\|"));
    }
    text
}

/// The parts of the laboratory with their questions.
#[must_use]
pub fn parts_table() -> String {
    let mut text = "| part | question |\n|---|---|\n".to_owned();
    for part in Part::ALL {
        text += &format!("| `{part}` | {} |\n", part.question());
    }
    text
}

/// The tables that every study and each part writes.
#[must_use]
pub fn files_table() -> String {
    let names = |tables: &[Table]| -> String {
        let names: Vec<String> = tables.iter().map(|table| format!("`{}`", table.file)).collect();
        names.join(", ")
    };
    let mut text = "| part | files |\n|---|---|\n".to_owned();
    text += &format!("| always | {}, `neuron_sets.json`, `manifest.json` |\n", names(&ALWAYS));
    for part in Part::ALL {
        text += &format!("| `{part}` | {} |\n", names(part.tables()));
    }
    text
}

/// The tables with what a row of each is.
#[must_use]
pub fn rows_table() -> String {
    let mut text = "| file | a row is |\n|---|---|\n".to_owned();
    for table in crate::tables::all() {
        text += &format!("| `{}` | {} |\n", table.file, table.row);
    }
    text
}

/// The kinds of sets that a lesion takes.
#[must_use]
pub fn set_kinds_table() -> String {
    choices_table("kind", "the lesioned neurons", &SetKind::documented())
}

/// The verdicts on a lesion.
#[must_use]
pub fn verdicts_table() -> String {
    choices_table("verdict", "meaning", &Verdict::documented())
}

fn choices_table(name: &str, meaning: &str, choices: &[(&str, String)]) -> String {
    let mut text = format!("| `{name}` | {meaning} |\n|---|---|\n");
    for (choice, doc) in choices {
        text += &format!("| `{choice}` | {} |\n", doc.replace('|', "\\|"));
    }
    text
}

/// The keys of the manifest.
#[must_use]
pub fn manifest_table() -> String {
    let mut text = "| key | value |\n|---|---|\n".to_owned();
    for (key, doc) in Manifest::KEYS {
        text += &format!("| `{key}` | {} |\n", joined(doc));
    }
    text
}

/// The example study: every setting with its default, and what it means.
#[must_use]
pub fn example_study() -> String {
    let mut text = "# The study that `cargo xtask reproduce` runs: the paper's, and the controls that \
                    a claim needs.\n# Every setting is here with its default; a study of yours lists \
                    only what it changes. Run one with\n# `lesion run STUDY.toml`.\n"
        .to_owned();
    let mut section = "";
    for setting in Study::settings() {
        if setting.section != section {
            section = setting.section;
            text += &format!("\n[{section}]\n");
        } else {
            text += "\n";
        }
        for line in wrapped(&setting.text(), 97) {
            text += &format!("# {line}\n");
        }
        text += &entry(&setting);
    }
    text
}

/// The line of a setting in the example study.
fn entry(setting: &Setting) -> String {
    let Some(meaning) = setting.declared.unset else {
        return format!("{} = {}\n", setting.name, toml_value(setting).unwrap_or_default());
    };
    let example = setting.declared.example;
    let is_bare = example.starts_with('[') || example.bytes().all(|byte| byte.is_ascii_digit());
    let example = if is_bare { example.to_owned() } else { format!("\"{example}\"") };
    format!("# {} = {example} # by default: {meaning}\n", setting.name)
}

/// Lines of at most `width` characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                *line += " ";
                *line += word;
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
