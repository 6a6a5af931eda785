//! What the model predicts, and what becomes of that in the paper's lesion.

use super::quoted;
use crate::{
    ReportError, Study, figures,
    number::{count, mean, plural},
    page::{Block, Candidate, Cell, Section, Sentence, Table},
    rows::{Lesioned, Prediction},
};

pub(super) fn baseline(study: &Study) -> Result<Section, ReportError> {
    let mut section = Section::new("baseline", "Baseline");
    let right = study
        .predicted()
        .filter(|of| of[1..].iter().all(|other| other.logit < of[0].logit))
        .count();
    let top = study.predicted().filter(|of| of[0].rank == 1).count();
    section.text(format!(
        "Before anything is lesioned: the right word is above the other candidates in {} of {}, \
         and the top of the whole vocabulary in {}.",
        count(right),
        plural(study.predicted().count(), "masked prompt"),
        count(top)
    ));
    section.figure(figures::logits(study)?);
    Ok(section)
}

pub(super) fn lesion(study: &Study) -> Result<Section, ReportError> {
    let layer = study.manifest.layer;
    let mut section = Section::new("lesion", "Lesion");
    let when = study.manifest.study.lesion.when();
    section.text(format!(
        "The paper\u{2019}s lesion: every neuron of layer {layer} that carries the label of the \
         right word is set to 0 {when} GELU at the mask."
    ));
    if let Some(figure) = figures::scatter(study)? {
        section.table(summary(study));
        section.text(control(study));
        section.figure(figure);
    } else {
        section.text(format!("No neuron of layer {layer} was silenced, or no prompt has a label."));
    }
    section.warning(
        "That a lesion of many neurons lowers a logit does not show that these neurons are \
         special: others may do the same. The controls ask that.",
    );
    section.heading("Sentence by sentence");
    section.text(
        "The right word stands where the mask was. Bars are probabilities over the whole \
         vocabulary.",
    );
    section.add(Block::Sentences(sentences(study)));
    Ok(section)
}

fn summary(study: &Study) -> Table {
    let columns = [
        "label",
        "#neurons",
        "#prompts",
        "#mean logit drop",
        "#mean margin drop",
        "#margin falls in",
        "#right word clean",
        "#lesioned",
    ];
    let mut table = Table::new(
        "lesions",
        "Means over the prompts of each label; the last two columns are mean probabilities of the \
         right word.",
        &columns,
    );
    for label in study.manifest.labels() {
        let own: Vec<&Lesioned> = study
            .lesions()
            .map(|of| &of[0])
            .filter(|of| of.neuron_set.as_deref() == Some(label))
            .collect();
        let Some(first) = own.first() else { continue };
        let of = |value: fn(&Lesioned) -> f64| mean(own.iter().map(|of| value(of)));
        table.row([
            Cell::text(label),
            Cell::count(first.neurons),
            Cell::count(own.len()),
            Cell::number(of(|of| of.logit_drop), 3),
            Cell::number(of(|of| of.margin_drop), 3),
            Cell::count(own.iter().filter(|of| of.margin_drop > 0.0).count()),
            Cell::number(of(|of| of.prob_clean), 4),
            Cell::number(of(|of| of.prob_lesioned), 4),
        ]);
    }
    table.from(&["lesions.csv"])
}

/// Whether the unlesioned sentence in the same batch stayed as it was.
fn control(study: &Study) -> String {
    let controls = study.lesioned.iter().filter(|of| of.neuron_set.is_none());
    let worst = controls.map(|of| of.logit_drop.abs()).fold(0.0, f64::max);
    if worst == 0.0 {
        "The unlesioned sentence in the same batch stayed exactly the same.".to_owned()
    } else {
        format!("The unlesioned sentence in the same batch moved by {worst:e}, which is a fault.")
    }
}

/// Every masked prompt.
fn sentences(study: &Study) -> Vec<Sentence> {
    let lesioned = |of: &Prediction| {
        let own = |row: &&Lesioned| {
            row.neuron_set.is_some()
                && (row.prompt, row.position) == (of.prompt, of.position)
                && row.candidate == of.candidate
        };
        study.lesioned.iter().find(own)
    };
    let sentence = |of: &[Prediction]| {
        let first = &of[0];
        let prompt = study.prompt(first.prompt, first.position);
        let text = prompt.map_or("", |prompt| prompt.sentence.as_str());
        let (before, after) = text.split_once("[MASK]").unwrap_or((text, ""));
        let what = match lesioned(first) {
            Some(row) => format!(
                "; {} {} neurons lesioned, margin drop {}",
                count(row.neurons),
                quoted(row.neuron_set.as_deref().unwrap_or_default()),
                crate::number::fixed(row.margin_drop, 3)
            ),
            None => "; not lesioned".to_owned(),
        };
        let candidates = of.iter().map(|of| Candidate {
            word: of.candidate.clone(),
            right: of.candidate == of.target,
            clean: of.prob,
            lesioned: lesioned(of).map(|row| (row.prob_lesioned, row.logit_drop)),
        });
        Sentence {
            before: before.to_owned(),
            after: after.to_owned(),
            target: first.target.clone(),
            what: format!("Prompt {}, position {}{what}", first.prompt, first.position),
            candidates: candidates.collect(),
        }
    };
    study.predicted().map(sentence).collect()
}
