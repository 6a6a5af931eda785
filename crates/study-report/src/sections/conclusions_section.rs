//! Conclusions and their limits.

use study_record::{
    BUNDLED, LEVEL, Question, SelectAt, SetChoice, Verdict,
    tables::{DissociationRow, ProfileRow, VerdictRow},
};

use super::study_verdicts::{StudyVerdicts, subject};
use crate::{
    document::{number_text::list, section::Section},
    error::ReportError,
    finished_study::FinishedStudy,
};

pub(crate) fn conclusions_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let verdicts = StudyVerdicts::read(study)?;
    let mut dissociation: Vec<DissociationRow> = study.rows_if_written()?.unwrap_or_default();
    dissociation.retain(|row| row.sets == SetChoice::Lesioned);
    let mut section = Section::new("conclusions", "What can be concluded, and what not");
    section.explanation(format!(
        "Effect sizes in {} and their intervals come first, p last.",
        study.manifest().study.score.unit()
    ));
    section.heading("What can be concluded");
    let mut shown: Vec<String> =
        verdicts.shown_effects().into_iter().map(|row| verdicts.describe(row)).collect();
    let concluded = |question: Question| {
        let verdicts = &verdicts;
        let rows = verdicts.about(question).filter(|row| is_concluded(row));
        rows.map(|row| verdicts.describe(row))
    };
    shown.extend(concluded(Question::Dissociation));
    shown.extend(double_dissociation(&verdicts, &dissociation));
    shown.extend(concluded(Question::Synergy));
    shown.extend(verdicts.describe_absent_effects());
    let mut limits = Vec::new();
    if !verdicts.is_decided() {
        limits.push(verdicts.summary());
    }
    if shown.is_empty() {
        shown.push(
            "No effect is shown to differ from those of random sets, and none to be absent."
                .to_owned(),
        );
    }
    section.list(shown);
    section.heading("What cannot be concluded");
    if verdicts.is_decided() {
        let open = verdicts.about(Question::Effect);
        let (near, far) = open
            .filter(|row| row.verdict == Verdict::Undecided)
            .partition::<Vec<&VerdictRow>, _>(|row| row.p.is_some_and(|p| p <= LEVEL));
        limits.extend(near.into_iter().map(|row| verdicts.describe(row)));
        let far: Vec<String> = far.into_iter().map(subject).collect();
        if !far.is_empty() {
            limits.push(format!(
                "Undecided, so that neither an effect nor its absence is shown: {}.",
                far.join("; ")
            ));
        }
        let open = verdicts.about(Question::Synergy).filter(|row| !is_concluded(row));
        limits.extend(open.map(|row| verdicts.describe(row)));
    }
    limits.extend(limits_of_controls(&verdicts));
    limits.extend(limits_of_study(study)?);
    section.list(limits);
    Ok(section)
}

/// Whether the verdict decides a claim.
fn is_concluded(row: &VerdictRow) -> bool {
    row.verdict.is_shown() || row.verdict == Verdict::NoEffect
}

/// The layers with a double dissociation; `None` if the controls did not run.
fn double_dissociation(verdicts: &StudyVerdicts, rows: &[DissociationRow]) -> Option<String> {
    let layers = rows.chunk_by(|a, b| a.layer == b.layer);
    let double = layers.filter(|rows| verdicts.is_double(rows));
    let double: Vec<String> = double.map(|rows| rows[0].layer.to_string()).collect();
    match &double[..] {
        [] => None,
        [layer] => Some(format!("The dissociation is double in layer {layer}.")),
        layers => Some(format!("The dissociation is double in layers {}.", list(layers))),
    }
}

fn limits_of_controls(verdicts: &StudyVerdicts) -> Vec<String> {
    let mut limits = Vec::new();
    let without_controls = verdicts.profile.iter().filter(|row| row.neurons > 0);
    let without_controls = without_controls.filter(|row| row.p_random.is_none());
    let without_controls: Vec<String> = without_controls.map(ProfileRow::name).collect();
    if !without_controls.is_empty() {
        limits.push(format!(
            "Without controls, because the set is the whole layer: {}.",
            list(&without_controls)
        ));
    }
    if !verdicts.profile.is_empty() && verdicts.profile.iter().all(|row| row.prompts <= 1) {
        limits
            .push("Each case is one sentence, so nothing is known of other sentences.".to_owned());
    }
    limits
}

fn limits_of_study(study: &FinishedStudy<'_>) -> Result<Vec<String>, ReportError> {
    let manifest = study.manifest();
    let mut limits = Vec::new();
    if manifest.study.selection.at == SelectAt::Visible {
        limits.push(format!(
            "Neurons were selected where the word itself is visible. That a neuron distinguishes \
             two words there does not show that it takes part in predicting them at {}.",
            manifest.prediction_place().token()
        ));
    }
    limits.push(
        "Intervals hold for one layer and label at a time, over other templates of the same kind, \
         with this model and these neurons. They are not corrected for their number."
            .to_owned(),
    );
    if study.rows_if_written::<DissociationRow>()?.is_some() {
        limits.push(
            "More prompts would make the intervals narrower, but no p smaller: p compares sets of \
             neurons, and only more random sets refine it."
                .to_owned(),
        );
    }
    if manifest.inputs.model.source == BUNDLED {
        limits.push(
            "The bundled model knows a small grammar and serves to try out the method. Its results \
             need not hold in a model of English."
                .to_owned(),
        );
    }
    Ok(limits)
}
