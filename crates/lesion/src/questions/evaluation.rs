//! The accuracy of a model in prompts for pronouns.

use grammar::{Case, HeldOut, held_out_prompts};
use lesion_eval::{
    Batching, Contrast, MaskedPrompt, Progress, Prompts, Subject, predict, study_rows,
};
use study_record::{Accuracy, ScoreUnit, tables::PredictionRow};

use crate::{
    error::LesionError, inputs::study_texts::paper_prompts, loading::loaded_model::LoadedModel,
    running::stages::Stages,
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
/// held-out sentences of the grammar, and in the paper's two prompts.
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
        let rated = stages.run("evaluate", |progress| rate(subject, &prompts, progress))?;
        accuracy.push((kind, rated));
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
    // Without a lesion the labels do not matter.
    let contrast = Contrast { a: "him".to_owned(), b: "her".to_owned(), words: true };
    let masked = MaskedPrompt::encode_all(subject, prompts, &contrast, ScoreUnit::Word)?;
    let predictions = predict(subject, &masked, progress)?;
    let rows: Vec<PredictionRow> = study_rows::predictions(&predictions).collect();
    Ok(Accuracy::of(&rows))
}
