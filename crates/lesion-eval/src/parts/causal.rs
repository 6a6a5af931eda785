//! The lesion of every selected neuron by itself, and the neuron's direct effect on the logits.

use std::sync::Arc;

use bert_model::{NoHook, TokenBatch, TokenSet};
use neuron_stats::TTest;

use crate::{
    encoding::masked_prompt::Candidate,
    engine::{
        laboratory::Laboratory,
        trial::{Drops, Outcome, Read, Trial},
    },
    error::StudyError,
    passes::{logits::read_logits, progress::Progress},
    selection::{neuron_sets::NeuronSets, select::Selection},
};

/// The effect of one neuron in one prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct NeuronEffect {
    /// The neuron.
    pub neuron: usize,
    /// Its label.
    pub label: String,
    /// Its test.
    pub test: TTest,
    /// The prompt, as an index into the study's.
    pub prompt: usize,
    /// The fall of the right word if only this neuron is lesioned.
    pub drop: Drops,
    /// The fall that comes from the neuron's own output on the direct path to the logits. The margin
    /// is that over the candidate that is strongest without a lesion. None unless lesions are zero at
    /// the mask, because the direct effect is that of removing the output there.
    pub direct: Option<Drops>,
}

/// The effects of every labelled neuron of one layer in every prompt that has a label.
#[derive(Clone, Debug, PartialEq)]
pub struct NeuronEffects {
    /// The layer.
    pub layer: usize,
    /// Whether the direct effects are exact, as in the last layer. Below it they are linearised,
    /// with LayerNorm scales and the head's GELU frozen.
    pub exact: bool,
    /// Prompt after prompt.
    pub effects: Vec<NeuronEffect>,
}

/// Lesions neurons one by one.
///
/// # Errors
/// If the model cannot be run or gives logits that are not finite, the journal cannot be written, or
/// `progress` cancels the run.
pub fn neuron_effects(
    laboratory: &mut Laboratory<'_>,
    selection: &Selection,
    sets: &NeuronSets,
    layer: usize,
    progress: Progress<'_>,
) -> Result<NeuronEffects, StudyError> {
    let tests = &selection.tests[selection.columns(layer)];
    let mut neurons: Vec<(usize, &str)> = Vec::new();
    for label in sets.labels() {
        neurons.extend(sets.set(layer, label).iter().map(|&neuron| (neuron, label)));
    }
    neurons.sort_unstable();
    let prompts: Vec<usize> =
        (0..laboratory.prompts.len()).filter(|&i| laboratory.prompts[i].label.is_some()).collect();
    let mut trials = Vec::with_capacity(prompts.len() * neurons.len());
    for &prompt in &prompts {
        for &(neuron, _) in &neurons {
            trials.push(Trial::single(prompt, layer, Arc::from([neuron])));
        }
    }
    let outcomes = laboratory.run("causal", &trials, Read::Candidates, progress)?;
    let mut drops = outcomes.iter().map(Outcome::drops);
    let comparable = laboratory.zeroes_at_masks();
    let mut effects = Vec::with_capacity(trials.len());
    for &prompt in &prompts {
        let direct =
            if comparable { Some(direct_effects(laboratory, prompt, layer)?) } else { None };
        for (&(neuron, label), drop) in neurons.iter().zip(&mut drops) {
            effects.push(NeuronEffect {
                neuron,
                label: label.to_owned(),
                test: tests[neuron],
                prompt,
                drop,
                direct: direct.as_ref().map(|direct| direct[neuron]),
            });
        }
    }
    Ok(NeuronEffects { layer, exact: layer + 1 == selection.layers, effects })
}

/// The direct effect of every neuron of a layer at a prompt's mask.
fn direct_effects(
    laboratory: &Laboratory<'_>,
    prompt: usize,
    layer: usize,
) -> Result<Vec<Drops>, StudyError> {
    let prompt = &laboratory.prompts[prompt];
    let model = laboratory.subject.model;
    // The input of each layer and, after these, the output of the last.
    let mut hidden = vec![model.embed(&TokenBatch::new(vec![prompt.masked.clone()])?)?];
    for layer in 0..model.config().num_hidden_layers {
        hidden.push(model.run_layers(layer..layer + 1, hidden[layer].clone(), &mut NoHook)?);
    }
    let last = hidden[hidden.len() - 1].clone();
    let at_mask = TokenSet::OneEach(&[prompt.position]).of(last).squeeze_dim(1);
    let logits = read_logits(laboratory.subject, at_mask, |_| prompt.prompt)?;
    let logit = |candidate: &Candidate| logits[0][candidate.id as usize];
    let right = &prompt.candidates[0];
    let strongest =
        prompt.candidates[1..].iter().max_by(|a, b| logit(a).total_cmp(&logit(b))).unwrap_or(right);
    let effects =
        model.direct_effects(&hidden, layer, prompt.position, &[right.id, strongest.id])?;
    let effects: Vec<f32> = effects.into_data().iter::<f32>().collect();
    let (right, other) = effects.split_at(effects.len() / 2);
    let mut drops = Vec::with_capacity(right.len());
    for (&right, &other) in right.iter().zip(other) {
        let logit = f64::from(right);
        drops.push(Drops { logit, margin: logit - f64::from(other) });
    }
    Ok(drops)
}
