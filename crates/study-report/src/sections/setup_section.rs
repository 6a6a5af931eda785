//! The model and the stimuli.

use study_record::{PredictedAt, SelectAt, shown, tables::PromptRow};

use crate::{
    document::{
        number_text::{count, plural},
        section::{Block, Section},
        stimuli_text::{describe_stimuli, group_note},
    },
    error::ReportError,
    finished_study::FinishedStudy,
    sections::score_note::score_note,
};

pub(crate) fn setup_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let manifest = study.manifest();
    let mut section = Section::new("setup", "Model and stimuli");
    let held_out = match &manifest.held_out_stimuli {
        None => String::new(),
        Some(counts) => format!(" A further {} were held out.", counts.in_words()),
    };
    let place = manifest.prediction_place();
    let view = match (manifest.study.selection.at, place) {
        (SelectAt::Visible, _) => "as they are",
        (SelectAt::Masked, PredictedAt::Mask) => {
            "masked, so that only the context distinguishes them"
        }
        (SelectAt::Masked, PredictedAt::TokenBefore) => {
            "up to the target only, so that only the context distinguishes them"
        }
    };
    let scores = score_note("It", manifest.study.score);
    section.explanation(format!(
        "The model has {} with {} MLP neurons each. Neurons are selected on {}.{} The model sees \
         these words {view}.{held_out} It then predicts the words of {}.{scores}",
        plural(manifest.model_layers, "layer"),
        count(manifest.model_neurons),
        describe_stimuli(manifest),
        group_note(manifest),
        plural(study.rows::<PromptRow>()?.len(), place.prompt()),
    ));
    for line in shown(&manifest.warnings) {
        section.add(Block::Doubt(line));
    }
    for note in &manifest.notes {
        section.warning(note);
    }
    let mut facts = Vec::new();
    for (input, origin) in manifest.inputs.iter() {
        facts.push((input.to_owned(), origin.source.clone()));
        for (file, hash) in &origin.sha256 {
            facts.push((format!("SHA-256 of {file}"), hash.clone()));
        }
    }
    section.add(Block::Facts(facts));
    Ok(section)
}
