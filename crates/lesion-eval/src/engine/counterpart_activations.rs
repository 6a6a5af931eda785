//! Activations in the counterparts of prompts.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bert_model::Site;
use study_record::Tokens;

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    engine::lesioned_tokens::lesioned_positions,
    error::StudyError,
    passes::{progress::Progress, subject::Subject},
    selection::activations::activations_at_tokens,
};

/// The activations of every neuron at tokens of counterparts: `[layers x neurons]` for the tokens of a
/// sentence and a position in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CounterpartActivations(BTreeMap<(Vec<u32>, usize), Arc<[f32]>>);

impl CounterpartActivations {
    /// Runs the counterparts of prompts that are lesioned at `tokens`.
    ///
    /// # Errors
    /// If a prompt has no counterpart, the model cannot be run, or `progress` cancels the run.
    pub(crate) fn measure(
        subject: Subject<'_>,
        prompts: &[&MaskedPrompt],
        tokens: &Tokens,
        site: Site,
        progress: Progress<'_>,
    ) -> Result<Self, StudyError> {
        let mut places: BTreeSet<(&[u32], usize)> = BTreeSet::new();
        for prompt in prompts {
            for token in patched_tokens(prompt, &lesioned_positions(tokens, prompt)?)? {
                places.insert((token.sentence, token.from));
            }
        }
        let places: Vec<(&[u32], usize)> = places.into_iter().collect();
        let activations = activations_at_tokens(subject, &places, site, progress)?;
        let mut measured = BTreeMap::new();
        for ((sentence, position), values) in places.into_iter().zip(activations) {
            measured.insert((sentence.to_vec(), position), values.into());
        }
        Ok(Self(measured))
    }

    /// The values of every neuron where a prompt's word is predicted and at `positions`, by position.
    ///
    /// # Errors
    /// [`StudyError::NoCounterpart`] if they were not measured.
    pub(crate) fn values(
        &self,
        prompt: &MaskedPrompt,
        positions: &[usize],
    ) -> Result<BTreeMap<usize, Arc<[f32]>>, StudyError> {
        let mut values = BTreeMap::new();
        for token in patched_tokens(prompt, positions)? {
            let Some(found) = self.0.get(&(token.sentence.to_vec(), token.from)) else {
                return Err(StudyError::NoCounterpart { prompt: prompt.prompt });
            };
            values.insert(token.to, found.clone());
        }
        Ok(values)
    }
}

/// A token whose activations replace those of a prompt's token.
struct PatchedToken<'a> {
    /// The tokens of the counterpart.
    sentence: &'a [u32],
    /// Its position there.
    from: usize,
    /// The position in the prompt.
    to: usize,
}

/// The tokens of the counterpart at the same distances from its prediction, for `positions` of the prompt
/// and that of its prediction.
fn patched_tokens<'a>(
    prompt: &'a MaskedPrompt,
    positions: &[usize],
) -> Result<Vec<PatchedToken<'a>>, StudyError> {
    let missing = || StudyError::NoCounterpart { prompt: prompt.prompt };
    let counterpart = prompt.counterpart.as_ref().ok_or_else(missing)?;
    let sentence = &counterpart.masked[..];
    let mut tokens = Vec::with_capacity(1 + positions.len());
    for &to in [prompt.position].iter().chain(positions) {
        let from = (counterpart.position + to).checked_sub(prompt.position);
        let from = from.filter(|&from| from < sentence.len()).ok_or_else(missing)?;
        tokens.push(PatchedToken { sentence, from, to });
    }
    Ok(tokens)
}
