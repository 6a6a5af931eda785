//! The settings of a sweep, and how its claims were judged.

use std::collections::BTreeSet;

use study_record::ScoreUnit;

use super::swept_studies::SweptStudies;
use crate::{
    document::{
        number_text::{count, plural},
        section::{Block, Section},
    },
    sections::score_note::score_note,
};

/// Values of a setting that are listed.
const MOST_VALUES: usize = 12;

pub(super) fn settings_section(sweep: &SweptStudies) -> Section {
    let mut section = Section::new("settings", "What was looked at");
    let mut facts = Vec::new();
    for key in &sweep.axes {
        facts.push((key.clone(), list_values(sweep, key)));
    }
    facts.push(("Settings".to_owned(), count(sweep.studies.len())));
    facts.push(("Claims with controls".to_owned(), count(sweep.looked_at())));
    let sets: BTreeSet<usize> = sweep.studies.iter().map(|study| study.random_sets).collect();
    let (fewest, most) = (sets.first().copied(), sets.last().copied());
    let range = match fewest.zip(most) {
        Some((fewest, most)) if fewest < most => format!("{} to {}", count(fewest), count(most)),
        _ => count(most.unwrap_or_default()),
    };
    facts.push(("Random sets of each kind".to_owned(), range));
    section.add(Block::Facts(facts));
    let scores = sweep.studies.iter().find(|study| study.score == ScoreUnit::Sentence);
    let scores = scores.map(|study| score_note("A setting with sentence scores", study.score));
    section.explanation(format!(
        "Whoever looks at many settings finds some large effect by chance. So p of every claim of every \
         setting (effects, dissociations and synergies, shown or not) is corrected together by Holm\u{2019}s \
         method, and the verdicts here follow from that. The pages of single settings know nothing of the \
         others: their verdicts hold if a setting was the only one that anybody looked at.{}",
        scores.unwrap_or_default()
    ));
    section
}

/// The values of a setting, each once.
fn list_values(sweep: &SweptStudies, key: &str) -> String {
    let mut values: Vec<&str> = Vec::new();
    let mut seen = BTreeSet::new();
    for study in &sweep.studies {
        if let Some(value) = study.record.values.get(key)
            && seen.insert(value)
        {
            values.push(value);
        }
    }
    if values.len() <= MOST_VALUES {
        return values.join("; ");
    }
    let listed = values[..MOST_VALUES].join("; ");
    format!("{listed}; and {}", plural(values.len() - MOST_VALUES, "more value"))
}
