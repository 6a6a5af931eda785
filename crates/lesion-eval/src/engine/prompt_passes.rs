//! The passes in which prompts are read.

use std::{borrow::Cow, ops::Range};

use crate::{
    encoding::{
        masked_prompt::{Candidate, MaskedPrompt},
        scored_sentences::{ScoredPass, ScoredSentences},
    },
    engine::trial::{Outcome, Reading, Trial},
};

/// The passes of prompts: each is a pass by itself or, if its sentences are scored, one for each token.
#[derive(Clone, Debug)]
pub(crate) struct PromptPasses<'a> {
    prompts: &'a [MaskedPrompt],
    /// The passes of all prompts, in their order.
    pub(crate) list: Cow<'a, [MaskedPrompt]>,
    /// The passes of each prompt.
    ranges: Vec<Range<usize>>,
}

impl<'a> PromptPasses<'a> {
    /// The passes of these prompts.
    pub(crate) fn of(prompts: &'a [MaskedPrompt]) -> Self {
        if prompts.iter().all(|prompt| prompt.scored.is_none()) {
            let ranges = (0..prompts.len()).map(|index| index..index + 1).collect();
            return Self { prompts, list: Cow::Borrowed(prompts), ranges };
        }
        let mut list = Vec::new();
        let mut ranges = Vec::with_capacity(prompts.len());
        for prompt in prompts {
            let first = list.len();
            match &prompt.scored {
                Some(scored) => list.extend(scored.passes.iter().map(|pass| of_pass(prompt, pass))),
                None => list.push(prompt.clone()),
            }
            ranges.push(first..list.len());
        }
        Self { prompts, list: Cow::Owned(list), ranges }
    }

    /// True if sentences are scored, so that a prompt may have several passes.
    pub(crate) fn score_sentences(&self) -> bool {
        matches!(self.list, Cow::Owned(_))
    }

    /// The passes of a prompt.
    pub(crate) fn of_prompt(&self, prompt: usize) -> Range<usize> {
        self.ranges[prompt].clone()
    }

    /// A value of each prompt for each of its passes.
    pub(crate) fn repeat<T: Clone>(&self, values: &[T]) -> Vec<T> {
        let mut repeated = Vec::with_capacity(self.list.len());
        for (value, range) in values.iter().zip(&self.ranges) {
            repeated.extend(std::iter::repeat_n(value.clone(), range.len()));
        }
        repeated
    }

    /// The mean over the passes of each prompt of their rows.
    pub(crate) fn means(&self, rows: &[Vec<f32>]) -> Vec<Vec<f32>> {
        self.ranges.iter().map(|range| mean_row(&rows[range.clone()])).collect()
    }

    /// The trials of prompts as trials of passes.
    pub(crate) fn expand(&self, trials: &[Trial]) -> Vec<Trial> {
        let mut expanded = Vec::new();
        for trial in trials {
            for pass in self.of_prompt(trial.prompt) {
                expanded.push(Trial { prompt: pass, layers: trial.layers.clone() });
            }
        }
        expanded
    }

    /// The outcomes of trials, from those of their passes in the order of [`PromptPasses::expand`].
    pub(crate) fn combine(&self, trials: &[Trial], outcomes: &[Outcome]) -> Vec<Outcome> {
        let mut rest = outcomes;
        let mut combined = Vec::with_capacity(trials.len());
        for trial in trials {
            let (passes, others) = rest.split_at(self.ranges[trial.prompt].len());
            combined.push(self.combine_outcomes(trial.prompt, passes));
            rest = others;
        }
        combined
    }

    /// The outcome of a lesion of a prompt, from those of its passes.
    pub(crate) fn combine_outcomes(&self, prompt: usize, passes: &[Outcome]) -> Outcome {
        let Some(scored) = &self.prompts[prompt].scored else { return passes[0].clone() };
        let clean: Vec<&Reading> = passes.iter().map(|outcome| &outcome.clean).collect();
        let lesioned: Vec<&Reading> = passes.iter().map(|outcome| &outcome.lesioned).collect();
        Outcome { clean: add_terms(scored, &clean), lesioned: add_terms(scored, &lesioned) }
    }

    /// The scores of a prompt's sentences, from the readings of its passes.
    pub(crate) fn combine_readings(&self, prompt: usize, passes: &[Reading]) -> Reading {
        let Some(scored) = &self.prompts[prompt].scored else { return passes[0].clone() };
        add_terms(scored, &passes.iter().collect::<Vec<_>>())
    }
}

/// A pass of a prompt as a prompt, with the tokens that are predicted as its candidates.
fn of_pass(prompt: &MaskedPrompt, pass: &ScoredPass) -> MaskedPrompt {
    let candidate = |&id: &u32| Candidate { word: String::new(), id };
    MaskedPrompt {
        position: pass.position,
        candidates: pass.tokens.iter().map(candidate).collect(),
        masked: pass.ids.clone(),
        unmasked: pass.ids.clone(),
        counterpart: None,
        scored: None,
        ..prompt.clone()
    }
}

/// The scores of sentences, from the readings of the passes.
fn add_terms(scored: &ScoredSentences, readings: &[&Reading]) -> Reading {
    let mut scores = Vec::with_capacity(scored.terms.len());
    for terms in &scored.terms {
        let mut score = 0.0;
        for &(pass, place) in terms {
            score += f64::from(readings[pass].logits[place]) - readings[pass].log_sum;
        }
        #[expect(clippy::cast_possible_truncation, reason = "readings are f32")]
        scores.push(score as f32);
    }
    // Scores are logarithms of probabilities already.
    Reading { logits: scores, log_sum: 0.0, change: None }
}

/// The mean of rows of the same length. Of a single one it is that row, to the bit.
fn mean_row(rows: &[Vec<f32>]) -> Vec<f32> {
    let [first, others @ ..] = rows else { return Vec::new() };
    let mut sums: Vec<f64> = first.iter().map(|&value| f64::from(value)).collect();
    for row in others {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "activations are f32")]
    sums.iter().map(|sum| (sum / rows.len() as f64) as f32).collect()
}

/// The passes in which prompts are read: a prompt whose sentences are scored has one for each of their
/// tokens.
#[must_use]
pub fn passes_of(prompts: &[MaskedPrompt]) -> Cow<'_, [MaskedPrompt]> {
    PromptPasses::of(prompts).list
}
