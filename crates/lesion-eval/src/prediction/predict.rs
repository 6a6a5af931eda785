//! Part 2: what the model predicts at each mask.

use std::sync::{Mutex, PoisonError};

use bert_model::{NoHook, TokenBatch};
use serde::Serialize;

use crate::{
    encoding::masked_prompt::{Candidate, MaskedPrompt},
    error::StudyError,
    passes::{
        batching::Batching,
        logits::{log_sum, read_logits},
        progress::Progress,
        side_by_side::side_by_side,
        subject::Subject,
    },
};

/// How the model rates one candidate.
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
    /// Of a candidate, by the logits of the whole vocabulary and their [`log_sum`].
    pub(crate) fn of(candidate: &Candidate, logits: &[f32], log_sum: f64) -> Self {
        let logit = logits[candidate.id as usize];
        Self {
            word: candidate.word.clone(),
            logit,
            prob: (f64::from(logit) - log_sum).exp(),
            rank: 1 + logits.iter().filter(|&&other| other > logit).count(),
        }
    }
}

/// What the model predicts at one mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Index of the prompt's template.
    pub prompt: usize,
    /// Position of the mask.
    pub position: usize,
    /// The right word's score, then those of the other candidates.
    pub scores: Vec<Score>,
    /// The token that the model rates highest, of the whole vocabulary.
    pub top: String,
}

impl Prediction {
    /// The right word.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.scores[0].word
    }

    /// Whether the right word has a higher logit than every other candidate.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.scores[1..].iter().all(|other| self.scores[0].logit > other.logit)
    }
}

/// How often a model is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Accuracy {
    /// Number of prompts.
    pub prompts: usize,
    /// In how many the right word has a higher logit than every other candidate.
    pub right: usize,
    /// In how many the right word is the top token of the whole vocabulary, above all others.
    pub top: usize,
}

impl Accuracy {
    /// Counts over predictions.
    #[must_use]
    pub fn of(predictions: &[Prediction]) -> Self {
        Self {
            prompts: predictions.len(),
            right: predictions.iter().filter(|p| p.is_right()).count(),
            top: predictions.iter().filter(|p| p.is_right() && p.scores[0].rank == 1).count(),
        }
    }
}

/// Scores every candidate of every prompt.
///
/// # Errors
/// Where the model cannot be run, or gives logits that are not finite.
pub fn predict(
    subject: Subject<'_>,
    prompts: &[MaskedPrompt],
    progress: Progress<'_>,
) -> Result<Vec<Prediction>, StudyError> {
    let groups = subject.passes(prompts.iter().map(|prompt| prompt.masked.len()));
    let shared = Mutex::new((vec![None; prompts.len()], progress, 0));
    let shapes = groups.iter().map(|group| [group.len(), prompts[group[0]].masked.len()]);
    let at_once = subject.at_once(Batching::at_once, shapes);
    side_by_side(groups, at_once, |group| {
        let batch = TokenBatch::new(group.iter().map(|&i| prompts[i].masked.clone()).collect())?;
        let positions: Vec<usize> = group.iter().map(|&i| prompts[i].position).collect();
        let hidden = subject.forward_at(&batch, &positions, &mut NoHook)?;
        let logits = read_logits(subject, hidden, |row| prompts[group[row]].prompt)?;
        let mut guard = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let (predictions, progress, done) = &mut *guard;
        for (&i, logits) in group.iter().zip(&logits) {
            predictions[i] = Some(score(subject, &prompts[i], logits));
        }
        *done += group.len();
        progress(*done, prompts.len());
        Ok::<_, StudyError>(())
    })?;
    let (predictions, ..) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(predictions.into_iter().flatten().collect())
}

fn score(subject: Subject<'_>, prompt: &MaskedPrompt, logits: &[f32]) -> Prediction {
    let (top, _) = logits
        .iter()
        .enumerate()
        .fold((0, f32::NEG_INFINITY), |best, (id, &l)| if l > best.1 { (id, l) } else { best });
    let log_sum = log_sum(logits);
    let scores = prompt.candidates.iter().map(|of| Score::of(of, logits, log_sum)).collect();
    let top = u32::try_from(top).ok().and_then(|id| subject.tokenizer.token(id));
    Prediction {
        prompt: prompt.prompt,
        position: prompt.position,
        scores,
        top: top.unwrap_or_default(),
    }
}
