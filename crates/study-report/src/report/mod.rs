//! The page of one study, in the order in which a study is told.

mod baseline;
mod conclusions;
mod controls;
mod laboratory;
mod selection;
mod setup;

use crate::{
    ReportError, Study,
    number::{count, percent},
    page::{Page, Section},
    verdict::{Judged, Verdict, judge},
};

/// Every figure that a report may have, by the name of its file without `.svg`.
pub const FIGURES: [&str; 13] = [
    "activations",
    "activations-by-layer",
    "sparsity",
    "t",
    "volcano",
    "laminar",
    "logits",
    "lesions",
    "profile",
    "prompts",
    "dissociation",
    "joint",
    "dose",
];

/// The page of a study and its figures.
#[derive(Debug)]
pub struct Report {
    /// One self-contained HTML file.
    pub html: String,
    /// The name of each figure, one of [`FIGURES`], and its SVG.
    pub figures: Vec<(&'static str, String)>,
}

/// Makes the page of a study.
///
/// # Errors
/// Where a figure cannot be drawn.
pub fn report(study: &Study) -> Result<Report, ReportError> {
    let judged = judgements(study);
    let page = page(study, &judged)?;
    let figures = page.figures().map(|figure| (figure.id, figure.svg.file(&figure.label)));
    Ok(Report { figures: figures.collect(), html: page.html()? })
}

/// What the controls let one say, for every layer and label; empty where they did not run.
pub(crate) fn judgements(study: &Study) -> Vec<Judged<'_>> {
    let profile = study.profile.as_deref().unwrap_or_default();
    judge(profile, study.nulls.as_ref(), study.manifest.study.controls.nulls)
}

fn page(study: &Study, judged: &[Judged<'_>]) -> Result<Page, ReportError> {
    let [a, b] = study.manifest.labels();
    let title = format!(
        "Which neurons tell {} from {}, and what happens without them?",
        quoted(a),
        quoted(b)
    );
    Ok(Page {
        name: format!("{a} and {b}: a lesion study"),
        kicker: "Lesion study".to_owned(),
        title,
        lead: lead(study, judged),
        sections: vec![
            setup::question(study, judged),
            setup::model_and_stimuli(study),
            selection::section(study)?,
            baseline::baseline(study)?,
            baseline::lesion(study)?,
            controls::section(study, judged)?,
            laboratory::section(study)?,
            conclusions::section(study, judged),
            setup::again(study),
        ],
        beside_tables: true,
    })
}

/// What was found, in two sentences.
fn lead(study: &Study, judged: &[Judged<'_>]) -> String {
    let manifest = &study.manifest;
    let layer = manifest.layer;
    let labelled: usize = manifest.labels().iter().map(|label| study.chosen(layer, label)).sum();
    let first = format!(
        "In layer {layer}, {} of {} neurons ({}) tell the two apart.",
        count(labelled),
        count(study.width()),
        percent(labelled as f64 / study.width().max(1) as f64)
    );
    let tested = judged.iter().filter(|of| of.profile.p_corrected.is_some()).count();
    let beyond = judged.iter().filter(|of| of.verdict == Verdict::Beyond).count();
    let second = if tested == 0 {
        "Without controls nothing can be said about what other neurons would do.".to_owned()
    } else if judged.iter().any(|of| of.verdict == Verdict::TooFewSets) {
        "There are too few random sets to say whether other neurons would do the same.".to_owned()
    } else if beyond == 0 {
        format!(
            "No lesion of {tested} is shown to lower the right word\u{2019}s margin more than \
             random sets do."
        )
    } else {
        format!(
            "Of {tested} controlled lesions, each of the chosen neurons of one label in one layer, \
             {beyond} {} the right word\u{2019}s margin more than random sets of the same size.",
            if beyond == 1 { "lowers" } else { "lower" }
        )
    };
    format!("{first} {second}")
}

/// A word as the text has it.
pub(crate) fn quoted(word: &str) -> String {
    format!("\u{201c}{word}\u{201d}")
}

/// Says that a part did not run.
fn absent(section: &mut Section, part: &str, file: &str) {
    section.text(format!("The part {} did not run: there is no {file}.", quoted(part)));
}
