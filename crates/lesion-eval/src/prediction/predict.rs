//! The model's predictions of the words of prompts.

use std::sync::Mutex;

use bert_model::TokenBatch;
use study_record::ScoreUnit;

use crate::{
    encoding::masked_prompt::{Candidate, MaskedPrompt},
    engine::{prompt_passes::PromptPasses, trial::Reading},
    error::StudyError,
    passes::{
        batching::Batching,
        logits::{log_sum_exp, read_each},
        progress::{Progress, report},
        side_by_side::{lock, run_side_by_side},
        subject::Subject,
    },
};

/// The model's rating of one candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The candidate.
    pub word: String,
    /// Its logit.
    pub logit: f32,
    /// Its probability over the whole vocabulary.
    pub prob: f64,
    /// Its rank over the whole vocabulary; 1 is the top.
    pub rank: usize,
}

impl Score {
    /// Scores a candidate by the logits of the whole vocabulary and their [`log_sum_exp`].
    pub(crate) fn new(candidate: &Candidate, logits: &[f32], log_sum: f64) -> Self {
        let logit = logits[candidate.id as usize];
        Self {
            word: candidate.word.clone(),
            logit,
            prob: (f64::from(logit) - log_sum).exp(),
            rank: 1 + logits.iter().filter(|&&other| other > logit).count(),
        }
    }
}

/// The model's prediction of one word.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Index of the prompt's template.
    pub prompt: usize,
    /// Position at which the word is predicted.
    pub position: usize,
    /// The right word's score, then those of the other candidates.
    pub scores: Vec<Score>,
    /// The token with the highest logit of the whole vocabulary, or the candidate whose sentence has the
    /// highest score.
    pub top: String,
    /// The score by which the candidates are compared.
    pub score: ScoreUnit,
}

impl Prediction {
    /// The right word.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.scores[0].word
    }
}

/// Scores every candidate of every prompt. If its sentences are scored, the score stands in the place of the
/// logit, its exponential in that of the probability, and the rank is that among the candidates.
///
/// # Errors
/// If the model cannot be run or gives logits that are not finite, or `progress` cancels the run.
pub fn predict(
    subject: Subject<'_>,
    prompts: &[MaskedPrompt],
    progress: Progress<'_>,
) -> Result<Vec<Prediction>, StudyError> {
    let passes = PromptPasses::of(prompts);
    if !passes.score_sentences() {
        return predict_words(subject, &passes, progress, score);
    }
    let read = |_: Subject<'_>, pass: &MaskedPrompt, logits: &[f32]| Reading::pick(pass, logits);
    let readings = predict_words(subject, &passes, progress, read)?;
    let mut predictions = Vec::with_capacity(prompts.len());
    for (index, prompt) in prompts.iter().enumerate() {
        let scores = passes.combine_readings(index, &readings[passes.of_prompt(index)]);
        predictions.push(rank_sentences(prompt, &scores));
    }
    Ok(predictions)
}

/// Predicts the word of each pass, and keeps what `read` makes of the logits of the whole vocabulary.
fn predict_words<T: Clone + Send>(
    subject: Subject<'_>,
    passes: &PromptPasses<'_>,
    progress: Progress<'_>,
    read: impl Fn(Subject<'_>, &MaskedPrompt, &[f32]) -> T + Sync,
) -> Result<Vec<T>, StudyError> {
    let list = &passes.list;
    let all: Vec<usize> = (0..list.len()).collect();
    let groups = passes.group(subject, &all);
    let shared = Mutex::new((vec![None; all.len()], progress, 0));
    let shapes = groups.iter().map(|group| [group.rows.len(), list[group.rows[0]].length()]);
    let at_once = subject.at_once(Batching::at_once, shapes);
    run_side_by_side(groups, at_once, |group| {
        let batch = TokenBatch::new(group.tokens(list))?;
        let hidden = subject.read_at(&batch, &group.reads(list))?;
        let pass_of = |row: usize| &list[group.passes[row]];
        let found =
            read_each(subject, &hidden, pass_of, |pass, logits| read(subject, pass, logits))?;
        let mut guard = lock(&shared);
        let (predictions, progress, done) = &mut *guard;
        for (&pass, found) in group.passes.iter().zip(found) {
            predictions[pass] = Some(found);
        }
        *done += group.passes.len();
        report(*progress, *done, all.len())
    })?;
    let predictions = std::mem::take(&mut lock(&shared).0);
    Ok(predictions.into_iter().flatten().collect())
}

/// The prediction of a prompt whose sentences have these scores.
fn rank_sentences(prompt: &MaskedPrompt, sentences: &Reading) -> Prediction {
    let mut scores = Vec::with_capacity(prompt.candidates.len());
    let mut top = 0;
    for (index, candidate) in prompt.candidates.iter().enumerate() {
        let logit = sentences.logits[index];
        if logit > sentences.logits[top] {
            top = index;
        }
        scores.push(Score {
            word: candidate.word.clone(),
            logit,
            prob: sentences.prob(index),
            rank: 1 + sentences.logits.iter().filter(|&&other| other > logit).count(),
        });
    }
    let top = prompt.candidates[top].word.clone();
    let score = ScoreUnit::Sentence;
    Prediction { prompt: prompt.prompt, position: prompt.position, scores, top, score }
}

fn score(subject: Subject<'_>, prompt: &MaskedPrompt, logits: &[f32]) -> Prediction {
    let mut top = 0;
    for (id, &logit) in (0_u32..).zip(logits) {
        if logit > logits[top as usize] {
            top = id;
        }
    }
    let log_sum = log_sum_exp(logits);
    let scores = prompt.candidates.iter().map(|candidate| Score::new(candidate, logits, log_sum));
    Prediction {
        prompt: prompt.prompt,
        position: prompt.position,
        scores: scores.collect(),
        top: subject.tokenizer.token(top).unwrap_or_default(),
        score: ScoreUnit::Word,
    }
}
