//! How to run the study again.

use super::settings_list::settings_list;
use crate::{
    document::{
        number_text::{count, fixed, plural},
        section::{Block, Section},
    },
    error::ReportError,
    finished_study::FinishedStudy,
    paper::methods_text::methods_text,
};

pub(crate) fn rerun_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let manifest = study.manifest();
    let mut section = Section::new("rerun", "How to run this study again");
    let command: Vec<String> = manifest.command.iter().map(|word| quote_for_shell(word)).collect();
    section.add(Block::Command(command.join(" ")));
    section.explanation(format!(
        "It ran with lesion {} and Burn {} on {}, with {}, in {} seconds. The numbers do not \
         depend on the number of threads. \u{201c}lesion report\u{201d} makes this page again from \
         the tables, without the model.",
        manifest.lesion,
        manifest.burn,
        manifest.platform,
        plural(manifest.threads, "thread"),
        fixed(manifest.seconds.values().sum(), 1)
    ));
    section.heading("Methods, for a paper");
    for paragraph in methods_text(study)? {
        section.explanation(paragraph.plain());
    }
    section.heading("Every setting");
    let mut facts = settings_list(manifest)?;
    let all = if manifest.relabellings_exact { ", all there are" } else { "" };
    facts.push((
        "relabellings of max-T".to_owned(),
        format!("{}{all}", count(manifest.relabellings)),
    ));
    section.add(Block::Facts(facts));
    section.heading("Files");
    section.explanation("SHA-256 of every file that the study wrote, from manifest.json.");
    section.add(Block::Facts(manifest.outputs.clone().into_iter().collect()));
    Ok(section)
}

/// A word of a command as a shell takes it.
fn quote_for_shell(word: &str) -> String {
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Whether a shell takes a byte as it is.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_./=,:+@%".contains(&byte)
}
