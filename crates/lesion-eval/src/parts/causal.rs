//! The lesion of every selected neuron by itself, and the neuron's direct effect on the logits.

use std::sync::Arc;

use study_record::{Directness, tables::CausalRow};

use crate::{
    engine::{
        batch_share::LeftBatches,
        direct_pass::DirectPass,
        trial::{Drops, Outcome, Read, Trial},
    },
    error::StudyError,
    parts::laboratory_part::{
        Bench, Design, EncodedTable, LaboratoryPart, PartResult, Trials, layers_or,
    },
    passes::progress::{Progress, report},
};

/// The part `causal`: the lesion of every labelled neuron of some layers by itself, in every prompt that
/// has a label. Direct effects are there only if lesions are zero at the prediction, because the direct
/// effect is that of removing the output there, and if words are compared.
pub(crate) struct Causal;

impl LaboratoryPart for Causal {
    fn trials(&self, design: &Design<'_>) -> Trials {
        let count = design.labelled().len() * design.neurons();
        let layers = layers_or(design.subject, design.study.causal.layers.as_ref(), design.layer);
        Trials::by_layer(layers.into_iter().map(|layer| (layer, count))).at_most()
    }

    fn run(
        &self,
        bench: &mut Bench<'_, '_>,
        progress: Progress<'_>,
    ) -> Result<PartResult, StudyError> {
        let design = bench.design;
        let prompts = design.labelled();
        let layers = bench.layers_or_interest(design.study.causal.layers.as_ref())?;
        let mut singles: Vec<SingleLesions<'_>> =
            layers.into_iter().map(|layer| SingleLesions::choose(bench, layer)).collect();
        let neurons: usize = singles.iter().map(|layer| layer.neurons.len()).sum();
        let all = prompts.len() * neurons;
        let mut done = 0;
        let mut left = LeftBatches::default();
        for layer in &mut singles {
            left.take(layer.run(bench, &prompts, &mut |now, _| progress(done + now, all)))?;
            done += layer.drops.len();
        }
        left.check()?;
        if bench.laboratory.zeroes_at_masks() && !bench.laboratory.scores_sentences() {
            for &prompt in &prompts {
                report(progress, all, all)?;
                let pass = DirectPass::run(design.subject, &design.prompts[prompt])?;
                for layer in &mut singles {
                    let lesioned = bench.laboratory.lesioned_layers(layer.layer);
                    layer.direct.push(pass.effects(&lesioned)?);
                }
            }
        }
        let rows = singles.iter().flat_map(|layer| layer.rows(bench, &prompts));
        Ok(PartResult::table(EncodedTable::new(rows)?))
    }
}

/// Lesions of the labelled neurons of one layer, each by itself.
struct SingleLesions<'a> {
    layer: usize,
    /// The neurons, ascending, each with its label.
    neurons: Vec<(usize, &'a str)>,
    /// Prompt by prompt, the drops of each neuron.
    drops: Vec<Drops>,
    /// For each prompt, the direct effects of all neurons of the layer; empty if they are not
    /// comparable.
    direct: Vec<Vec<Drops>>,
}

impl<'a> SingleLesions<'a> {
    /// The neurons of a layer, not yet lesioned.
    fn choose(bench: &Bench<'a, '_>, layer: usize) -> Self {
        let labelled = bench.labelled;
        let mut neurons: Vec<(usize, &str)> = Vec::new();
        for label in labelled.labels() {
            neurons.extend(labelled.set(layer, label).iter().map(|&neuron| (neuron, label)));
        }
        neurons.sort_unstable();
        Self { layer, neurons, drops: Vec::new(), direct: Vec::new() }
    }

    /// Lesions them in every prompt.
    fn run(
        &mut self,
        bench: &mut Bench<'_, '_>,
        prompts: &[usize],
        progress: Progress<'_>,
    ) -> Result<(), StudyError> {
        let mut trials = Vec::with_capacity(prompts.len() * self.neurons.len());
        for &prompt in prompts {
            for &(neuron, _) in &self.neurons {
                trials.push(Trial::single(prompt, self.layer, Arc::from([neuron])));
            }
        }
        let key = format!("causal {}", self.layer);
        let outcomes = bench.laboratory.run(&key, &trials, Read::Candidates, progress)?;
        self.drops = outcomes.iter().map(Outcome::drops).collect();
        Ok(())
    }

    /// A row for each prompt and neuron.
    fn rows(&self, bench: &Bench<'_, '_>, prompts: &[usize]) -> impl Iterator<Item = CausalRow> {
        let selection = bench.selection;
        let tests = &selection.tests[selection.columns(self.layer)];
        let is_exact = bench.laboratory.lesioned_layers(self.layer) == [selection.layers - 1];
        let directness = if is_exact { Directness::Exact } else { Directness::Linearised };
        prompts.iter().enumerate().flat_map(move |(place, &prompt)| {
            let prompt = &bench.design.prompts[prompt];
            let direct = self.direct.get(place);
            let drops = &self.drops[place * self.neurons.len()..];
            self.neurons.iter().zip(drops).map(move |(&(neuron, label), drop)| {
                let direct = direct.map(|direct| direct[neuron]);
                CausalRow {
                    layer: self.layer,
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
                }
            })
        })
    }
}
