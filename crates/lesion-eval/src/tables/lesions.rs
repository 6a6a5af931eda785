//! The prompts, what the model predicts in them, and what the paper's lesion does.

use serde::Serialize;

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    paper_lesion::lesion::LesionOutcome,
    prediction::{
        predict::{Prediction, Score},
        sentence::MaskRating,
    },
};

/// A row of `prompts.csv`: one masked prompt.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PromptRow<'a> {
    /// Index of the prompt's template.
    pub prompt: usize,
    /// The sentence with its mask.
    pub sentence: &'a str,
    /// Position of the mask.
    pub position: usize,
    /// The right word.
    pub target: &'a str,
    /// The label of the neurons that are matched to it; empty where there is none.
    pub label: Option<&'a str>,
}

/// A row of `predictions.csv`: one candidate at one mask.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PredictionRow<'a> {
    /// Index of the prompt's template.
    pub prompt: usize,
    /// Position of the mask.
    pub position: usize,
    /// The right word.
    pub target: &'a str,
    /// The candidate.
    pub candidate: &'a str,
    /// Its logit.
    pub logit: f64,
    /// Its probability over the whole vocabulary.
    pub prob: f64,
    /// Its rank over the whole vocabulary; 1 is the top.
    pub rank: usize,
}

/// A row of `lesions.csv`: one candidate at one lesioned mask, or in the control.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LesionRow<'a> {
    /// The lesioned layer.
    pub layer: usize,
    /// Index of the prompt's template.
    pub prompt: usize,
    /// Position of the target.
    pub position: usize,
    /// The right word.
    pub target: &'a str,
    /// The label of the silenced neurons; empty in the unmasked, unlesioned control.
    pub neuron_set: Option<&'a str>,
    /// How many neurons were silenced.
    pub neurons: usize,
    /// The candidate.
    pub candidate: &'a str,
    /// Its logit in the plain pass.
    pub logit_clean: f64,
    /// Its logit in the lesioned pass.
    pub logit_lesioned: f64,
    /// `logit_clean - logit_lesioned`.
    pub logit_drop: f64,
    /// The fall of the right word's margin; the same for every candidate of a prompt.
    pub margin_drop: f64,
    /// Its probability in the plain pass.
    pub prob_clean: f64,
    /// Its probability in the lesioned pass.
    pub prob_lesioned: f64,
}

/// One word at a mask that was only asked about, where no word is right. What the lesion does is
/// there if there is one.
#[derive(Clone, Debug, Serialize)]
pub struct RatingRow<'a> {
    /// The word.
    pub candidate: &'a str,
    /// Its logit.
    pub logit: f64,
    /// Its probability over the whole vocabulary.
    pub prob: f64,
    /// Its rank over the whole vocabulary; 1 is the top.
    pub rank: usize,
    /// The same with the lesion.
    #[serde(flatten)]
    pub lesioned: Option<LesionedRating>,
}

/// What a lesion makes of a word.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LesionedRating {
    /// Its logit in the lesioned pass.
    pub logit_lesioned: f64,
    /// `logit - logit_lesioned`.
    pub logit_drop: f64,
    /// Its probability in the lesioned pass.
    pub prob_lesioned: f64,
    /// Its rank in the lesioned pass.
    pub rank_lesioned: usize,
}

/// The words at one mask.
pub fn ratings(mask: &MaskRating) -> impl Iterator<Item = RatingRow<'_>> {
    mask.words.iter().map(|of| {
        let Score { word, logit, prob, rank } = &of.clean;
        let lesioned = of.lesioned.as_ref().zip(of.logit_drop());
        RatingRow {
            candidate: word,
            logit: f64::from(*logit),
            prob: *prob,
            rank: *rank,
            lesioned: lesioned.map(|(score, logit_drop)| LesionedRating {
                logit_lesioned: f64::from(score.logit),
                logit_drop,
                prob_lesioned: score.prob,
                rank_lesioned: score.rank,
            }),
        }
    })
}

/// The rows of `prompts.csv`.
pub fn prompts(prompts: &[MaskedPrompt]) -> impl Iterator<Item = PromptRow<'_>> {
    prompts.iter().map(|prompt| PromptRow {
        prompt: prompt.prompt,
        sentence: &prompt.sentence,
        position: prompt.position,
        target: prompt.target(),
        label: prompt.label.as_deref(),
    })
}

/// The rows of `predictions.csv`.
pub fn predictions(predictions: &[Prediction]) -> impl Iterator<Item = PredictionRow<'_>> {
    predictions.iter().flat_map(|prediction| {
        prediction.scores.iter().map(|score| PredictionRow {
            prompt: prediction.prompt,
            position: prediction.position,
            target: prediction.target(),
            candidate: &score.word,
            logit: f64::from(score.logit),
            prob: score.prob,
            rank: score.rank,
        })
    })
}

/// The rows of `lesions.csv`.
pub fn lesions(layer: usize, outcomes: &[LesionOutcome]) -> impl Iterator<Item = LesionRow<'_>> {
    outcomes.iter().flat_map(move |of| {
        let margin_drop = of.outcome.drops().margin;
        of.words.iter().enumerate().map(move |(index, candidate)| LesionRow {
            layer,
            prompt: of.prompt,
            position: of.position,
            target: of.target(),
            neuron_set: of.neuron_set.as_deref(),
            neurons: of.neurons,
            candidate,
            logit_clean: f64::from(of.outcome.clean.logits[index]),
            logit_lesioned: f64::from(of.outcome.lesioned.logits[index]),
            logit_drop: of.logit_drop(index),
            margin_drop,
            prob_clean: of.outcome.clean.prob(index),
            prob_lesioned: of.outcome.lesioned.prob(index),
        })
    })
}
