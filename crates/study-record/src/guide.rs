//! The texts of the guide and of the example study that are generated from the declarations.

use crate::{
    choice::{Choice as _, joined},
    gather_tables::{EffectUnit, GATHERED},
    manifest::Manifest,
    part_tables::{Part, Selector, SetChoice, SetKind},
    row::Table,
    settings::{Section as _, Setting, Study, may_differ::keys_by_freedom},
    sweep_record::{SweepRecord, SweepTaskRecord},
    tables::ALWAYS,
    verdict::{Question, Verdict},
};

/// Settings that belong to the model of a study. In Python they are arguments of the function that
/// opens it.
pub const OF_THE_MODEL: [&str; 3] = ["model", "untrained", "backend"];

/// Keywords of Python that a setting may be called.
const PYTHON_KEYWORDS: [&str; 8] = ["as", "class", "for", "from", "in", "is", "not", "with"];

/// The settings of sections for docs/studies.md. The section `""` is the top of the file.
#[must_use]
pub fn settings_table(sections: &[&str]) -> String {
    let mut rows = vec![["key", "default", "meaning", "option"].map(str::to_owned)];
    for setting in settings_of(sections) {
        let key = if sections.len() > 1 { setting.key() } else { setting.name.to_owned() };
        let options: Vec<String> =
            setting.options().map(|option| format!("`--{}`", option.name)).collect();
        let default = default_in_file(&setting);
        rows.push([format!("`{key}`"), default, setting.text(), options.join(", ")]);
    }
    markdown_table(&rows)
}

/// A Markdown table. The first row is the header.
fn markdown_table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let mut lines = Vec::new();
    for row in rows {
        let cells = row.each_ref().map(|cell| cell.replace('|', "\\|"));
        lines.push(format!("| {} |\n", cells.join(" | ")));
    }
    lines.insert(1, format!("|{}\n", "---|".repeat(COLUMNS)));
    lines.concat()
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
    value_in(&Study::default(), setting)
}

/// The value of a study's setting in TOML; none if it is unset.
fn value_in(study: &Study, setting: &Setting) -> Option<String> {
    let values = toml::Value::try_from(study).ok()?;
    let section = match setting.section {
        "" => &values,
        section => values.get(section)?,
    };
    Some(inline(section.get(setting.name)?))
}

/// A value on one line.
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
    let mut rows = vec![["column", "meaning"].map(str::to_owned)];
    for column in table.columns {
        rows.push([format!("`{}`", column.name), column.text()]);
    }
    markdown_table(&rows)
}

/// The parts of the laboratory with their questions.
#[must_use]
pub fn parts_table() -> String {
    let mut rows = vec![["part", "question"].map(str::to_owned)];
    for part in Part::ALL {
        rows.push([format!("`{part}`"), part.question().to_owned()]);
    }
    markdown_table(&rows)
}

/// The tables that every study and each part writes.
#[must_use]
pub fn files_table() -> String {
    let always = format!("{}, `neuron_sets.json`, `manifest.json`", file_names(&ALWAYS));
    let mut rows = vec![["part", "files"].map(str::to_owned), ["always".to_owned(), always]];
    for part in Part::ALL {
        rows.push([format!("`{part}`"), file_names(part.tables())]);
    }
    markdown_table(&rows)
}

fn file_names(tables: &[Table]) -> String {
    let names: Vec<String> = tables.iter().map(|table| format!("`{}`", table.file)).collect();
    names.join(", ")
}

/// The tables of a study with what a row of each is.
#[must_use]
pub fn rows_table() -> String {
    table_rows(&crate::tables::all())
}

/// The same of the tables about many studies.
#[must_use]
pub fn gathered_rows_table() -> String {
    table_rows(&GATHERED)
}

fn table_rows(tables: &[Table]) -> String {
    let mut rows = vec![["file", "a row is"].map(str::to_owned)];
    for table in tables {
        rows.push([format!("`{}`", table.file), table.row.to_owned()]);
    }
    markdown_table(&rows)
}

/// The kinds of sets that a lesion takes.
#[must_use]
pub fn set_kinds_table() -> String {
    choices_table("kind", "the lesioned neurons", &SetKind::documented())
}

/// The choices of a label's neurons.
#[must_use]
pub fn set_choices_table() -> String {
    choices_table("sets", "the matched neurons", &SetChoice::documented())
}

/// The ways to choose neurons.
#[must_use]
pub fn selectors_table() -> String {
    choices_table("selector", "chooses the neurons with", &Selector::documented())
}

/// The questions of a study's claims.
#[must_use]
pub fn questions_table() -> String {
    choices_table("question", "the value that is tested", &Question::documented())
}

/// The verdicts on a claim.
#[must_use]
pub fn verdicts_table() -> String {
    choices_table("verdict", "meaning", &Verdict::documented())
}

fn choices_table(name: &str, meaning: &str, choices: &[(&str, String)]) -> String {
    let mut rows = vec![[format!("`{name}`"), meaning.to_owned()]];
    for (choice, doc) in choices {
        rows.push([format!("`{choice}`"), doc.clone()]);
    }
    markdown_table(&rows)
}

/// The units of an effect over many models.
#[must_use]
pub fn units_table() -> String {
    choices_table("unit", "the effect in", &EffectUnit::documented())
}

/// The settings in which studies may differ that are gathered, and those in which they may not.
#[must_use]
pub fn gathered_settings_table() -> String {
    let [free, fixed] = keys_by_freedom().map(|keys| format!("`{}`", keys.join("`, `")));
    markdown_table(&[
        ["gathered studies".to_owned(), "settings".to_owned()],
        ["may differ in".to_owned(), free],
        ["must agree in".to_owned(), fixed],
    ])
}

/// The keys of the manifest.
#[must_use]
pub fn manifest_table() -> String {
    keys_table(Manifest::KEYS)
}

/// The keys of `sweep.json`.
#[must_use]
pub fn sweep_keys_table() -> String {
    keys_table(SweepRecord::KEYS)
}

/// The keys of a task in `sweep.json`.
#[must_use]
pub fn sweep_task_keys_table() -> String {
    keys_table(SweepTaskRecord::KEYS)
}

fn keys_table(keys: &[(&str, &[&str])]) -> String {
    let mut rows = vec![["key", "value"].map(str::to_owned)];
    for (key, doc) in keys {
        rows.push([format!("`{key}`"), joined(doc)]);
    }
    markdown_table(&rows)
}

/// The example study: every setting with its default, and what it means.
#[must_use]
pub fn example_study() -> String {
    let header = "# The study that `cargo xtask reproduce` runs: the paper's, and the controls that \
                  a claim needs.\n# Every setting is here with its default; a study of yours lists \
                  only what it changes. Run one with\n# `lesion run STUDY.toml`.\n";
    documented_settings(header, entry)
}

/// The file of a study to start from: the settings that differ from the default ones, and all others as
/// comments with their defaults.
#[must_use]
pub fn starter_study(study: &Study) -> String {
    let header = "# A study of pairs.txt and prompts.txt. `lesion check` reads everything and says how long \
                  it takes;\n# `lesion run` runs it. A setting after a `#` has its default: remove the `#` \
                  to change it.\n";
    let line = |setting: &Setting| match value_in(study, setting) {
        Some(value) if value_in(&Study::default(), setting).as_ref() != Some(&value) => {
            format!("{} = {value}\n", setting.name)
        }
        _ => {
            let entry = entry(setting);
            let comment = if entry.starts_with('#') { "" } else { "# " };
            format!("{comment}{entry}")
        }
    };
    documented_settings(header, line)
}

/// Every setting with its documentation as comments, and the line that `line` makes of it.
fn documented_settings(header: &str, line: impl Fn(&Setting) -> String) -> String {
    let mut text = header.to_owned();
    let mut section = "";
    for setting in Study::settings() {
        text += "\n";
        if setting.section != section {
            section = setting.section;
            text += "[";
            text += section;
            text += "]\n";
        }
        for words in wrapped(&setting.text(), 97) {
            text += "# ";
            text += &words;
            text += "\n";
        }
        text += &line(&setting);
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

/// The settings as types of keyword arguments, for the Python package.
#[must_use]
pub fn python_settings() -> String {
    let mut text =
        "\"\"\"The settings of a study as keyword arguments, from their one declaration.\"\"\"\n\n\
                    from __future__ import annotations\n\n\
                    import os\n\
                    from collections.abc import Mapping, Sequence\n\
                    from typing import Any, TypedDict\n\n\
                    SettingValue = str | float | bool | os.PathLike[str] | Sequence[Any] | \
                    Mapping[str, Any] | None\n\
                    \"\"\"A value as in a study file; ``None`` is the default.\"\"\"\n"
            .to_owned();
    let mut sections: Vec<&str> = Vec::new();
    for setting in Study::settings() {
        if !setting.section.is_empty() && !sections.contains(&setting.section) {
            sections.push(setting.section);
        }
    }
    let mut types = Vec::new();
    for section in sections {
        text += &python_section(section);
        types.push((section, python_type(section)));
    }
    text += "\n\nclass StudySettings(TypedDict, total=False):\n    \"\"\"All settings of a study.\"\"\"\n";
    text += &python_keys("");
    for (section, name) in types {
        let key = format!("\n    {section}: {name}\n");
        text += &key;
    }
    text
}

/// The Python type of a section. A key that is a keyword of Python is in a type of its own below it.
fn python_section(section: &str) -> String {
    let name = python_type(section);
    let mut base = "TypedDict".to_owned();
    let mut text = String::new();
    for setting in settings_of(&[section]) {
        if PYTHON_KEYWORDS.contains(&setting.name) {
            let keyword_type = format!(
                "\n\n_{name} = TypedDict(\"_{name}\", {{\"{}\": SettingValue}}, total=False)\n\
                 \"\"\"{}\"\"\"\n",
                setting.name,
                python_meaning(&setting)
            );
            text += &keyword_type;
            base = format!("_{name}");
        }
    }
    let class = format!(
        "\n\nclass {name}({base}, total=False):\n    \"\"\"The settings of `{section}`.\"\"\"\n"
    );
    text += &class;
    text + &python_keys(section)
}

/// The name of the Python type of a section.
fn python_type(section: &str) -> String {
    let (first, rest) = section.split_at(1);
    format!("{}{rest}Settings", first.to_uppercase())
}

/// The keys of a section in its Python type. Those of the model are no arguments of a study.
fn python_keys(section: &str) -> String {
    let mut text = String::new();
    for setting in settings_of(&[section]) {
        if OF_THE_MODEL.contains(&setting.key().as_str()) || PYTHON_KEYWORDS.contains(&setting.name)
        {
            continue;
        }
        let meaning = python_meaning(&setting).replace('\n', "\n    ");
        let key = format!("\n    {}: SettingValue\n    \"\"\"{meaning}\"\"\"\n", setting.name);
        text += &key;
    }
    text
}

/// The meaning of a setting, its values and its default.
fn python_meaning(setting: &Setting) -> String {
    let meaning = format!("{} By default {}.", setting.text(), default_in_file(setting));
    wrapped(&meaning, 90).join("\n")
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
