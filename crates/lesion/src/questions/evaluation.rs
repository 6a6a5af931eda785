//! How often a model chooses the right pronoun.

use grammar::{Case, HeldOut, held_out_prompts};
use lesion_eval::{Batching, Contrast, MaskedPrompt, Progress, Prompts, Subject, predict, rows};
use study_record::{Accuracy, tables::PredictionRow};

use crate::{
    error::LesionError, inputs::study_texts::paper_prompts, loading::loaded_model::LoadedModel,
    running::stages::Stages,
};

/// How often a model is right, by kind of prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The model.
    pub model: String,
    /// The random seed of the prompts.
    pub seed: u64,
    /// The kinds of prompts.
    pub accuracy: Vec<(&'static str, Accuracy)>,
}

/// Asks a model for the pronouns of `count` prompts of each kind, drawn from the held-out sentences
/// of the grammar, and of the paper's two prompts.
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
    for (kind, case) in [("him or her", Some(Case::Object)), ("any pronoun", None)] {
        let prompts = held_out_prompts(seed, count, case, &held_out)?;
        let file: String = prompts.iter().map(|prompt| prompt.template() + "\n").collect();
        let prompts = Prompts::parse("held-out prompts", &file)?;
        accuracy
            .push((kind, stages.run("evaluate", |progress| rate(subject, &prompts, progress))?));
    }
    let paper = paper_prompts()?;
    let rated = stages.run("evaluate", |progress| rate(subject, &paper, progress))?;
    accuracy.push(("the paper's two", rated));
    Ok(Evaluation { model: model.name().to_owned(), seed, accuracy })
}

fn rate(
    subject: Subject<'_>,
    prompts: &Prompts,
    progress: Progress<'_>,
) -> Result<Accuracy, LesionError> {
    // No lesion follows, so no label is needed.
    let contrast = Contrast { a: "him".to_owned(), b: "her".to_owned(), words: true };
    let masked = MaskedPrompt::encode_all(subject, prompts, &contrast)?;
    let predictions = predict(subject, &masked, progress)?;
    let rows: Vec<PredictionRow> = rows::predictions(&predictions).collect();
    Ok(Accuracy::of(&rows))
}
