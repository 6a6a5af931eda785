//! The lesion of every selected neuron by itself, and the neuron's direct effect on the logits.

use std::sync::Arc;

use bert_model::{NoHook, TokenBatch, TokenSet};
use study_record::{Directness, tables::CausalRow};

use crate::{
    encoding::masked_prompt::Candidate,
    engine::{
        laboratory::Laboratory,
        trial::{Drops, Outcome, Read, Trial},
    },
    error::StudyError,
    parts::laboratory_part::{Bench, Design, EncodedTable, LaboratoryPart, Trials},
    passes::{
        logits::read_logits,
        progress::{Progress, report},
    },
};

/// The part `causal`: the lesion of every labelled neuron of one layer by itself, in every prompt that
/// has a label. Direct effects are there only if lesions are zero at the mask, because the direct
/// effect is that of removing the output there.
pub(crate) struct Causal;

impl LaboratoryPart for Causal {
    fn trials(&self, design: &Design<'_>) -> Trials {
        let count = design.labelled_prompts() * design.neurons();
        Trials::starting_at(design.layer, count).at_most()
    }

    fn run(
        &self,
        bench: &mut Bench<'_, '_>,
        progress: Progress<'_>,
    ) -> Result<Vec<EncodedTable>, StudyError> {
        let Bench { design, selection, labelled, laboratory, .. } = bench;
        let layer = design.layer;
        let tests = &selection.tests[selection.columns(layer)];
        let mut neurons: Vec<(usize, &str)> = Vec::new();
        for label in labelled.labels() {
            neurons.extend(labelled.set(layer, label).iter().map(|&neuron| (neuron, label)));
        }
        neurons.sort_unstable();
        let prompts: Vec<usize> =
            (0..design.prompts.len()).filter(|&i| design.prompts[i].label.is_some()).collect();
        let mut trials = Vec::with_capacity(prompts.len() * neurons.len());
        for &prompt in &prompts {
            for &(neuron, _) in &neurons {
                trials.push(Trial::single(prompt, layer, Arc::from([neuron])));
            }
        }
        let outcomes = laboratory.run("causal", &trials, Read::Candidates, &mut *progress)?;
        let mut drops = outcomes.iter().map(Outcome::drops);
        let is_comparable = laboratory.zeroes_at_masks();
        let is_last = layer + 1 == selection.layers;
        let directness = if is_last { Directness::Exact } else { Directness::Linearised };
        let mut rows = Vec::with_capacity(trials.len());
        for &index in &prompts {
            let prompt = &design.prompts[index];
            let mut direct = None;
            if is_comparable {
                report(progress, trials.len(), trials.len())?;
                direct = Some(direct_effects(laboratory, index, layer)?);
            }
            for (&(neuron, label), drop) in neurons.iter().zip(&mut drops) {
                let direct = direct.as_ref().map(|direct| direct[neuron]);
                rows.push(CausalRow {
                    layer,
                    neuron,
                    label: label.to_owned(),
                    t: tests[neuron].t,
                    effect: tests[neuron].effect,
                    prompt: prompt.prompt,
                    position: prompt.position,
                    target: prompt.target().to_owned(),
                    logit_drop: drop.logit,
                    margin_drop: drop.margin,
                    direct: direct.map(|_| directness),
                    direct_logit_drop: direct.map(|direct| direct.logit),
                    direct_margin_drop: direct.map(|direct| direct.margin),
                });
            }
        }
        Ok(vec![EncodedTable::new(rows)?])
    }
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
