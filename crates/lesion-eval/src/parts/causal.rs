//! Which neuron does it: the lesion of every selected neuron by itself, beside what it writes
//! directly to the logits.

use std::sync::Arc;

use bert_model::{NoHook, TokenBatch, TokenSet};
use neuron_stats::TTest;

use crate::{
    engine::{
        laboratory::Laboratory,
        trial::{Drops, Outcome, Read, Trial},
    },
    error::StudyError,
    passes::{logits::read_logits, progress::Progress},
    selection::{neuron_sets::NeuronSets, select::Selection},
};

/// One neuron in one prompt.
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
    /// The fall of the right word when only this neuron is lesioned.
    pub drop: Drops,
    /// The fall that the neuron's own output accounts for on the direct path to the logits; the
    /// margin is that over the candidate that is strongest without a lesion. Only where lesions are
    /// zero at the mask, as this takes the output away there.
    pub direct: Option<Drops>,
}

/// Every neuron of one layer that carries a label, in every prompt that has one.
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
/// Where the model cannot be run, or gives logits that are not finite.
pub fn neuron_effects(
    laboratory: &mut Laboratory<'_>,
    selection: &Selection,
    sets: &NeuronSets,
    layer: usize,
    progress: Progress<'_>,
) -> Result<NeuronEffects, StudyError> {
    let tests = &selection.tests[selection.columns(layer)];
    let labelled = sets.labels().map(|label| sets.set(layer, label).to_vec());
    let mut neurons: Vec<(usize, &str)> = sets
        .labels()
        .into_iter()
        .zip(&labelled)
        .flat_map(|(label, of)| of.iter().map(move |&neuron| (neuron, label)))
        .collect();
    neurons.sort_unstable();
    let prompts: Vec<usize> =
        (0..laboratory.prompts.len()).filter(|&i| laboratory.prompts[i].label.is_some()).collect();
    let single = |prompt| {
        neurons.iter().map(move |&(neuron, _)| Trial::single(prompt, layer, Arc::from([neuron])))
    };
    let trials: Vec<Trial> = prompts.iter().flat_map(|&prompt| single(prompt)).collect();
    let outcomes = laboratory.run("causal", &trials, Read::Candidates, progress)?;
    let mut drops = outcomes.iter().map(Outcome::drops);
    let mut effects = Vec::with_capacity(trials.len());
    for &prompt in &prompts {
        let comparable = laboratory.zeroes_at_masks();
        let direct = comparable.then(|| direct(laboratory, prompt, layer)).transpose()?;
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
fn direct(
    laboratory: &Laboratory<'_>,
    prompt: usize,
    layer: usize,
) -> Result<Vec<Drops>, StudyError> {
    let prompt = &laboratory.prompts[prompt];
    let model = laboratory.subject.model;
    let mut entering = vec![model.embed(&TokenBatch::new(vec![prompt.masked.clone()])?)?];
    for layer in 0..model.config().num_hidden_layers {
        entering.push(model.run_layers(layer..layer + 1, entering[layer].clone(), &mut NoHook)?);
    }
    let leaving = TokenSet::OneEach(&[prompt.position]).of(entering[entering.len() - 1].clone());
    let logits = read_logits(laboratory.subject, leaving.squeeze_dim(1), |_| prompt.prompt)?;
    let id = |candidate: usize| prompt.candidates[candidate].id;
    let clean = |candidate: usize| logits[0][id(candidate) as usize];
    let strongest = (1..prompt.candidates.len()).max_by(|&a, &b| clean(a).total_cmp(&clean(b)));
    let tokens = [id(0), id(strongest.unwrap_or_default())];
    let effects = model.direct_effects(&entering, layer, prompt.position, &tokens)?;
    let effects: Vec<f32> = effects.into_data().iter::<f32>().collect();
    let (right, other) = effects.split_at(effects.len() / 2);
    let both = right.iter().zip(other);
    let drops = both.map(|(&right, &other)| {
        let (right, other) = (f64::from(right), f64::from(other));
        Drops { logit: right, margin: right - other }
    });
    Ok(drops.collect())
}
