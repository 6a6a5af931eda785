//! The accuracy of a model in prompts for pronouns.

use grammar::{Case, HeldOut, held_out_prompts};
use lesion_eval::{
    Batching, Contrast, InvalidLines, MaskedPrompt, Prompts, Subject, predict, study_rows,
};
use study_record::{Accuracy, ScoreUnit, Warning, tables::PredictionRow};

use crate::{
    error::LesionError,
    inputs::study_texts::paper_prompts,
    loading::loaded_model::LoadedModel,
    running::{stages::Stages, watch::Note},
};

/// The accuracy of a model, by kind of prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The model.
    pub model: String,
    /// The random seed of the prompts.
    pub seed: u64,
    /// Each kind of prompt, with the accuracy.
    pub accuracy: Vec<(&'static str, Accuracy)>,
}

/// Counts how often a model chooses the right pronoun: in `count` prompts of each kind, from the
/// held-out sentences of the grammar, and in the paper's two prompts. The observer of the stages is told how
/// many have text that a decoder does not read.
///
/// # Errors
/// If the model cannot encode the prompts, or cannot be run.
pub fn evaluate(
    model: &LoadedModel,
    count: usize,
    seed: u64,
    stages: &mut Stages<'_>,
) -> Result<Evaluation, LesionError> {
    let subject = model.subject(false, Batching::default());
    let held_out = HeldOut::project();
    let mut accuracy = Vec::new();
    let mut unread = 0;
    for (kind, case) in [("him or her", Some(Case::Object)), ("any pronoun", None)] {
        let prompts = held_out_prompts(seed, count, case, &held_out)?;
        let file: String = prompts.iter().map(|prompt| prompt.template() + "\n").collect();
        let prompts = Prompts::parse("held-out prompts", &file)?;
        accuracy.push((kind, rate(subject, &prompts, &mut unread, stages)?));
    }
    let paper = rate(subject, &paper_prompts()?, &mut unread, stages)?;
    accuracy.push(("the paper's two", paper));
    if unread > 0 {
        let file = "the prompts".to_owned();
        let warning = Warning::TextAfterTarget { file, lines: unread };
        stages.note(&Note::Doubt(format!("{warning}, although it may decide the word")));
    }
    Ok(Evaluation { model: model.name().to_owned(), seed, accuracy })
}

/// Counts how often the model is right in prompts, and adds to `unread` the lines with text after the target
/// that it does not read.
fn rate(
    subject: Subject<'_>,
    prompts: &Prompts,
    unread: &mut usize,
    stages: &mut Stages<'_>,
) -> Result<Accuracy, LesionError> {
    // Without a lesion the labels do not matter.
    let contrast = Contrast { a: "him".to_owned(), b: "her".to_owned(), words: true };
    let mut invalid = InvalidLines::default();
    let mut warnings = Vec::new();
    let masked = MaskedPrompt::encode_valid_lines(
        subject,
        prompts,
        &contrast,
        ScoreUnit::Word,
        &mut invalid,
        &mut warnings,
    );
    invalid.check()?;
    for warning in warnings {
        if let Warning::TextAfterTarget { lines, .. } = warning {
            *unread += lines;
        }
    }
    let predictions = stages.run("evaluate", |progress| predict(subject, &masked, progress))?;
    let rows: Vec<PredictionRow> = study_rows::predictions(&predictions).collect();
    Ok(Accuracy::of(&rows))
}
