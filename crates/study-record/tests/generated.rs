//! The parts of the guide and the example study that are made of the declarations. A test rewrites
//! them and fails if they differed.

use std::{collections::BTreeMap, fs, path::PathBuf};

use study_record::{Section as _, Study, SweepRow, guide, tables};

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(name)
}

/// Writes `text` into a file unless it is there already. Returns whether it was.
fn ensure(name: &str, text: &str) -> bool {
    let path = path(name);
    let was_there = fs::read_to_string(&path).is_ok_and(|found| found == text);
    if !was_there {
        fs::write(path, text).unwrap();
    }
    was_there
}

/// The text of a page with the text between each `<!-- NAME -->` and its `<!-- end -->` replaced by
/// the part of that name. The page has each part once; a new table gets a section at the end.
fn filled(page: &str, mut parts: BTreeMap<String, String>) -> String {
    let old = fs::read_to_string(path(page)).unwrap();
    let mut text = String::new();
    let mut rest = old.as_str();
    while let Some((before, after)) = rest.split_once("<!-- ") {
        let (name, body) = after.split_once(" -->\n").unwrap();
        let part = parts.remove(name).unwrap_or_else(|| panic!("{page}: no text for `{name}`"));
        text.extend([before, "<!-- ", name, " -->\n", &part, "<!-- end -->"]);
        rest = body.split_once("<!-- end -->").unwrap().1;
    }
    text += rest;
    for (name, part) in parts {
        let file = name.strip_prefix("columns: ");
        let file = file.unwrap_or_else(|| panic!("{page} has no place for `{name}`"));
        text.extend(["\n## `", file, "`\n\n<!-- ", &name, " -->\n", &part, "<!-- end -->\n"]);
    }
    text
}

#[test]
fn generated_texts_are_up_to_date() {
    let mut changed = Vec::new();
    let mut check = |name: &str, text: &str| {
        if !ensure(name, text) {
            changed.push(name.to_owned());
        }
    };
    check("assets/studies/reproduce.toml", &guide::example_study());
    check("crates/lesion-python/python/lesion/_settings.py", &guide::python_settings());
    let settings = |name: &str, sections: &[&str]| {
        (format!("settings: {name}"), guide::settings_table(sections))
    };
    let studies = BTreeMap::from([
        ("parts".to_owned(), guide::parts_table()),
        settings("study", &[""]),
        settings("selection", &["selection"]),
        settings("lesion", &["lesion"]),
        settings(
            "other sections",
            &["controls", "joint", "dose", "causal", "stability", "selectors", "bootstrap"],
        ),
    ]);
    check("docs/studies.md", &filled("docs/studies.md", studies));
    let mut output = BTreeMap::from([
        ("rows".to_owned(), guide::rows_table()),
        ("files".to_owned(), guide::files_table()),
        ("kinds of sets".to_owned(), guide::set_kinds_table()),
        ("selectors".to_owned(), guide::selectors_table()),
        ("choices of sets".to_owned(), guide::set_choices_table()),
        ("questions".to_owned(), guide::questions_table()),
        ("verdicts".to_owned(), guide::verdicts_table()),
    ]);
    output.insert("gathered rows".to_owned(), guide::gathered_rows_table());
    output.insert("units".to_owned(), guide::units_table());
    for table in tables::all().into_iter().chain(tables::GATHERED) {
        output.insert(format!("columns: {}", table.file), guide::columns_table(&table));
    }
    check("docs/output.md", &filled("docs/output.md", output));
    let gathered = BTreeMap::from([("settings".to_owned(), guide::gathered_settings_table())]);
    check("docs/commands/gather.md", &filled("docs/commands/gather.md", gathered));
    let manifest = BTreeMap::from([("keys".to_owned(), guide::manifest_table())]);
    check("docs/formats/manifest.md", &filled("docs/formats/manifest.md", manifest));
    let sweep = BTreeMap::from([
        ("keys".to_owned(), guide::sweep_keys_table()),
        ("keys of a task".to_owned(), guide::sweep_task_keys_table()),
        ("columns".to_owned(), guide::columns_table(&SweepRow::TABLE)),
    ]);
    check("docs/formats/sweep.md", &filled("docs/formats/sweep.md", sweep));
    assert_eq!(changed, [""; 0], "these were out of date, and are now written anew");
}

#[test]
fn the_example_study_is_the_default_one() {
    let text = guide::example_study();
    assert_eq!(Study::parse("reproduce.toml", &text).unwrap(), Study::default());
    // Each line that is commented out is a setting too.
    let text = text
        .replace("\n# ", "\n")
        .lines()
        .filter(|line| line.contains(" = "))
        .fold(String::new(), |text, line| text + line.split(" # ").next().unwrap() + "\n");
    assert!(Study::settings().iter().all(|setting| text.contains(&format!("{} = ", setting.name))));
}

#[test]
fn a_starter_sets_what_differs_from_the_default_study() {
    let mut study = Study::default();
    for (key, text) in [("prompts", "p.txt"), ("lesion.at", "-1,0"), ("lesion.layers", "0-2")] {
        study.set(key, text).unwrap();
    }
    let text = guide::starter_study(&study);
    assert_eq!(Study::parse("study.toml", &text).unwrap(), study);
    let active = text.lines().filter(|line| !line.starts_with('#') && line.contains(" = "));
    assert_eq!(
        active.collect::<Vec<_>>(),
        ["prompts = \"p.txt\"", "layers = \"0-2\"", "at = { offsets = [-1, 0] }"]
    );
    // A default without its `#` is a setting.
    let changed = text.replace("\n# alpha = 0.05\n", "\nalpha = 0.01\n");
    study.set("selection.alpha", "0.01").unwrap();
    assert_eq!(Study::parse("study.toml", &changed).unwrap(), study);
}

#[test]
fn every_option_sets_its_setting() {
    for setting in Study::settings() {
        let values = (setting.values)();
        let choices = values.split('`').skip(1).step_by(2);
        let samples: Vec<&str> = choices.chain(["true", "7", "0.25", "2,3"]).collect();
        for option in setting.options() {
            let is_set = |sample: &&str| {
                let mut study = Study::default();
                let value = if option.value.is_none() { "" } else { sample };
                let result = study.set(&setting.key(), option.setting_text(value.as_ref()));
                result.is_ok() && study != Study::default()
            };
            assert!(samples.iter().any(is_set), "--{}", option.name);
        }
    }
    assert!(Study::default().set("selection.alfa", "0.1").is_err());
}

#[test]
fn an_empty_list_is_none_as_an_option_and_brackets_in_a_file() {
    let mut study = Study::default();
    study.set("parts", "none").unwrap();
    assert_eq!(study.parts, Some(Vec::new()));
    assert_eq!(Study::parse("s.toml", "parts = []").unwrap(), study);
}
