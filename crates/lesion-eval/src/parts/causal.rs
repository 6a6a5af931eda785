//! The lesion of every selected neuron by itself, and the neuron's direct effect on the logits.

use std::sync::Arc;

use study_record::{Directness, tables::CausalRow};

use crate::{
    engine::{
        direct_pass::DirectPass,
        trial::{Outcome, Read, Trial},
    },
    error::StudyError,
    parts::laboratory_part::{Bench, Design, EncodedTable, LaboratoryPart, PartResult, Trials},
    passes::progress::{Progress, report},
};

/// The part `causal`: the lesion of every labelled neuron of one layer by itself, in every prompt that
/// has a label. Direct effects are there only if lesions are zero at the mask, because the direct
/// effect is that of removing the output there.
pub(crate) struct Causal;

impl LaboratoryPart for Causal {
    fn trials(&self, design: &Design<'_>) -> Trials {
        let count = design.labelled().len() * design.neurons();
        Trials::starting_at(design.layer, count).at_most()
    }

    fn run(
        &self,
        bench: &mut Bench<'_, '_>,
        progress: Progress<'_>,
    ) -> Result<PartResult, StudyError> {
        let layer = bench.layer_of_interest();
        let Bench { design, selection, labelled, laboratory, .. } = bench;
        let tests = &selection.tests[selection.columns(layer)];
        let mut neurons: Vec<(usize, &str)> = Vec::new();
        for label in labelled.labels() {
            neurons.extend(labelled.set(layer, label).iter().map(|&neuron| (neuron, label)));
        }
        neurons.sort_unstable();
        let prompts = design.labelled();
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
                direct = Some(DirectPass::run(design.subject, prompt)?.effects(layer)?);
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
        Ok(PartResult::table(EncodedTable::new(rows)?))
    }
}
