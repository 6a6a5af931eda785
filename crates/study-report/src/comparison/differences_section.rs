//! The settings and inputs that differ.

use std::collections::{BTreeMap, BTreeSet};

use study_record::{MANIFEST, Manifest};

use super::study_pair::{LETTERS, StudyPair};
use crate::{
    document::{cell::Cell, number_text::list, report_table::Table, section::Section},
    error::ReportError,
    sections::{score_note::score_note, settings_list::settings_list},
};

pub(super) fn differences_section(pair: &StudyPair<'_>) -> Result<Section, ReportError> {
    let mut section = Section::new("differences", "Differences");
    let [a, b] = pair.manifests().map(|manifest| manifest.study.score);
    let scores =
        if a == b { score_note("Each study", a) } else { score_note("A", a) + &score_note("B", b) };
    if !scores.is_empty() {
        section.explanation(scores.trim_start());
    }
    for (letter, study) in LETTERS.into_iter().zip(pair.studies) {
        if !study.changed().is_empty() {
            section.warning(format!(
                "The files of {letter} are not those that the study wrote: {}.",
                list(study.changed())
            ));
        }
    }
    let table = differences_table(pair.manifests())?;
    if table.rows.is_empty() {
        section.text("None: the settings and inputs of both studies are the same.");
    } else {
        section.table(table);
        section.text("All other settings and inputs are the same.");
    }
    Ok(section)
}

fn differences_table(manifests: [&Manifest; 2]) -> Result<Table, ReportError> {
    let a = entries(manifests[0])?;
    let b = entries(manifests[1])?;
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let caption = "Settings and inputs that differ.";
    let mut table =
        Table::new("differences", &[MANIFEST], caption, ["entry", "A", "B"]).on_screen();
    for name in names {
        let values = [a.get(name), b.get(name)];
        if values[0] != values[1] {
            let [a, b] =
                values.map(|value| Cell::text(value.map_or("none", String::as_str)).class("long"));
            table.row([Cell::text(name), a, b]);
        }
    }
    Ok(table)
}

/// Every setting and input by its name.
fn entries(manifest: &Manifest) -> Result<BTreeMap<String, String>, ReportError> {
    let mut entries: BTreeMap<String, String> = settings_list(manifest)?.into_iter().collect();
    for (name, value) in [
        ("first label", manifest.label_a.clone()),
        ("second label", manifest.label_b.clone()),
        ("version of lesion", manifest.lesion.clone()),
        ("version of Burn", manifest.burn.clone()),
        ("layers of the model", manifest.model_layers.to_string()),
        ("neurons of a layer", manifest.model_neurons.to_string()),
    ] {
        entries.insert(name.to_owned(), value);
    }
    for (input, origin) in manifest.inputs.iter() {
        // Files may have moved, so they are known by their contents alone.
        let hashes: Vec<&str> = origin.sha256.values().map(String::as_str).collect();
        entries.insert(format!("SHA-256 of {input}"), hashes.join(" "));
        entries.insert(format!("source of {input}"), origin.source.clone());
    }
    Ok(entries)
}
