//! Direct effects of neurons on the right word: what they write where it is predicted, if no later attention or
//! MLP reacts to its absence.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use bert_model::TokenSet;
use burn::tensor::Tensor;

use crate::{
    encoding::masked_prompt::{Candidate, MaskedPrompt},
    engine::trial::Drops,
    error::StudyError,
    passes::{
        batching::Batching, logits::read_logits, side_by_side::run_side_by_side, subject::Subject,
    },
};

/// A prompt's clean pass, and the two words whose difference is its margin.
pub(crate) struct DirectPass<'a> {
    pub(crate) subject: Subject<'a>,
    /// The position at which the word is predicted.
    pub(crate) position: usize,
    /// The input of each layer and, after these, the output of the last.
    pub(crate) hidden: Vec<Tensor<3>>,
    /// The right word and the strongest of the others.
    pub(crate) words: [u32; 2],
}

impl<'a> DirectPass<'a> {
    /// Runs a prompt without a lesion.
    ///
    /// # Errors
    /// If the model cannot be run.
    pub(crate) fn run(subject: Subject<'a>, prompt: &MaskedPrompt) -> Result<Self, StudyError> {
        let hidden = subject.hidden_states(&prompt.masked)?;
        let last = hidden[hidden.len() - 1].clone();
        let at_mask = TokenSet::OneEach(&[prompt.position]).of(last).squeeze_dim(1);
        let logits = read_logits(subject, at_mask, |_| prompt.prompt)?;
        let logit = |candidate: &Candidate| logits[0][candidate.id as usize];
        let right = &prompt.candidates[0];
        let others = prompt.candidates[1..].iter();
        let strongest = others.max_by(|a, b| logit(a).total_cmp(&logit(b))).unwrap_or(right);
        let words = [right.id, strongest.id];
        Ok(Self { subject, position: prompt.position, hidden, words })
    }

    /// The direct effect of every neuron that is lesioned in some layers: the sum of those in each layer.
    ///
    /// # Errors
    /// If a layer does not exist.
    pub(crate) fn effects(&self, layers: &[usize]) -> Result<Vec<Drops>, StudyError> {
        let neurons = self.subject.model.config().intermediate_size;
        let mut sums = vec![Drops { logit: 0.0, margin: 0.0 }; neurons];
        for &layer in layers {
            for (sum, drops) in sums.iter_mut().zip(self.effects_in(layer)?) {
                sum.logit += drops.logit;
                sum.margin += drops.margin;
            }
        }
        Ok(sums)
    }

    /// The direct effect of every neuron of a layer.
    fn effects_in(&self, layer: usize) -> Result<Vec<Drops>, StudyError> {
        let model = self.subject.model;
        let effects = model.direct_effects(&self.hidden, layer, self.position, &self.words)?;
        let effects: Vec<f32> = effects.into_data().iter::<f32>().collect();
        let (right, other) = effects.split_at(effects.len() / 2);
        let mut drops = Vec::with_capacity(right.len());
        for (&right, &other) in right.iter().zip(other) {
            let logit = f64::from(right);
            drops.push(Drops { logit, margin: logit - f64::from(other) });
        }
        Ok(drops)
    }
}

/// A set of neurons with the layers in which they are lesioned, and the prompts in which its direct effects are
/// summed.
pub(crate) struct SetInPrompts<'a> {
    pub(crate) layers: Vec<usize>,
    pub(crate) neurons: Arc<[usize]>,
    pub(crate) prompts: &'a [usize],
}

/// For each set, the sum of its neurons' direct effects on the margin, mean over its prompts.
///
/// # Errors
/// If the model cannot be run.
pub(crate) fn sum_direct_effects(
    subject: Subject<'_>,
    prompts: &[MaskedPrompt],
    sets: &[SetInPrompts<'_>],
) -> Result<Vec<f64>, StudyError> {
    let mut sums = vec![Vec::new(); prompts.len()];
    let at_once =
        subject.at_once(Batching::clean_at_once, prompts.iter().map(|prompt| [1, prompt.length()]));
    let pieces = sums.iter_mut().enumerate().collect();
    run_side_by_side(pieces, at_once, |(prompt, sums)| {
        *sums = sum_in_prompt(subject, &prompts[prompt], prompt, sets)?;
        Ok(())
    })?;
    let mut means = Vec::with_capacity(sets.len());
    for (index, set) in sets.iter().enumerate() {
        let sum: f64 = set.prompts.iter().map(|&prompt| sums[prompt][index]).sum();
        means.push(sum / set.prompts.len() as f64);
    }
    Ok(means)
}

/// The sum of each set in one prompt; 0 for a set that is not summed in it.
fn sum_in_prompt(
    subject: Subject<'_>,
    prompt: &MaskedPrompt,
    index: usize,
    sets: &[SetInPrompts<'_>],
) -> Result<Vec<f64>, StudyError> {
    let mut sums = vec![0.0; sets.len()];
    if sets.iter().all(|set| !set.prompts.contains(&index)) {
        return Ok(sums);
    }
    let pass = DirectPass::run(subject, prompt)?;
    let mut by_layers: BTreeMap<&[usize], Vec<Drops>> = BTreeMap::new();
    for (sum, set) in sums.iter_mut().zip(sets) {
        if !set.prompts.contains(&index) {
            continue;
        }
        let effects = match by_layers.entry(&set.layers) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(pass.effects(&set.layers)?),
        };
        *sum = set.neurons.iter().map(|&neuron| effects[neuron].margin).sum();
    }
    Ok(sums)
}
