//! The accuracy of a model in prompts of the user's.

use lesion_eval::{
    Batching, Contrast, InvalidLines, LabelAccuracy, MaskedPrompt, check_few_templates,
    label_accuracies, label_by_words, predict,
};
use study_record::{BootstrapSettings, ScoreUnit, Warning};

use crate::{
    error::LesionError, inputs::study_texts::TextInput, loading::loaded_model::LoadedModel,
    running::stages::Stages,
};

/// The accuracy of a model in prompts, by label.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptsEvaluation {
    /// The model.
    pub model: String,
    /// The prompts file.
    pub prompts: String,
    /// The score by which the candidates are compared.
    pub score: ScoreUnit,
    /// The random seed of the intervals.
    pub seed: u64,
    /// The accuracy of each label. A prompt's label stands before its tab, or is its right word.
    pub labels: Vec<LabelAccuracy>,
    /// Doubts about the prompts, those about single lines last.
    pub warnings: Vec<Warning>,
}

/// Measures how well a model does in prompts, whose candidates are compared by `score`, for each label.
///
/// # Errors
/// If lines of the prompts are invalid, for any model or for this one, or the model cannot be run.
pub fn evaluate_prompts(
    model: &LoadedModel,
    input: &TextInput,
    score: ScoreUnit,
    seed: u64,
    stages: &mut Stages<'_>,
) -> Result<PromptsEvaluation, LesionError> {
    let subject = model.subject(false, Batching::default());
    let mut invalid = InvalidLines::default();
    let mut warnings = Vec::new();
    let prompts = input.parse_prompts(&mut invalid)?;
    // Without stimuli there is no contrast that labels could be words of.
    let contrast = Contrast { a: String::new(), b: String::new(), words: false };
    let mut masked = MaskedPrompt::encode_valid_lines(
        subject,
        &prompts,
        &contrast,
        score,
        &mut invalid,
        &mut warnings,
    );
    invalid.check()?;
    label_by_words(&prompts, &mut masked);
    let predictions = stages.run("evaluate", |progress| predict(subject, &masked, progress))?;
    let draws = BootstrapSettings::default().draws.get();
    let labels = label_accuracies(&masked, &predictions, draws, seed)?;
    for accuracy in &labels {
        warnings.extend(check_few_templates(&accuracy.label, accuracy.templates));
    }
    Warning::sort(&mut warnings);
    let (model, prompts) = (model.name().to_owned(), input.name().to_owned());
    Ok(PromptsEvaluation { model, prompts, score, seed, labels, warnings })
}
