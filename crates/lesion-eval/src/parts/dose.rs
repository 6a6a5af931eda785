//! The dose-response: the fall of the right word against the number of lesioned neurons.

use std::sync::Arc;

use neuron_stats::TTest;
use study_record::{SetKind, Strength, tables::DoseRow};

use crate::{
    engine::{
        batch_share::LeftBatches,
        trial::{Drops, Outcome, Read, Trial, mean_drops},
    },
    error::StudyError,
    parts::{
        laboratory_part::{
            Bench, Design, EncodedTable, LaboratoryPart, PartResult, Trials, layers_or,
        },
        random_sets::choose_any,
        template_bootstrap::{Templates, by_prompt},
    },
    passes::progress::Progress,
    random::{Purpose, stream},
    selection::neuron_sets::{NeuronSets, sort_by_strength},
};

/// The part `dose`: lesions of the strongest 1, 2, 4 and so on of each label's neurons, of as many of
/// the other's, and of random sets of the same sizes.
pub(crate) struct Dose;

impl LaboratoryPart for Dose {
    fn trials(&self, design: &Design<'_>) -> Trials {
        let sizes = choose_sizes(design.study.dose.sizes.get(), design.neurons());
        let sets = 2 + design.study.dose.draws.get();
        let count = design.labelled().len() * sizes.len() * sets;
        let layers = layers_or(design.subject, design.study.dose.layers.as_ref(), design.layer);
        Trials::by_layer(layers.into_iter().map(|layer| (layer, count))).at_most()
    }

    fn run(
        &self,
        bench: &mut Bench<'_, '_>,
        progress: Progress<'_>,
    ) -> Result<PartResult, StudyError> {
        let layers = bench.layers_or_interest(bench.design.study.dose.layers.as_ref())?;
        let sets: Vec<Vec<DoseSet>> =
            layers.iter().map(|&layer| choose_layer_sets(bench, layer)).collect();
        let all = sets.iter().flatten().map(|set| set.prompts.len()).sum();
        let templates = Templates::of(bench.design.prompts);
        let mut done = 0;
        let mut rows = Vec::new();
        let mut left = LeftBatches::default();
        for (&layer, sets) in layers.iter().zip(&sets) {
            let mut watch = |now, _| progress(done + now, all);
            let lesioned = left.take(lesion_sets(bench, layer, sets, &mut watch))?;
            for (set, drops) in sets.iter().zip(lesioned.unwrap_or_default()) {
                let interval = match set.kind {
                    SetKind::Matched => set.interval(&drops, &templates, layers.len())?,
                    _ => None,
                };
                rows.push(set.row(layer, &drops, interval));
                done += drops.len();
            }
        }
        left.check()?;
        Ok(PartResult::table(EncodedTable::new(rows)?))
    }
}

/// A set of some size.
struct DoseSet {
    /// The label of the prompts.
    label: String,
    kind: SetKind,
    /// Its number among the random sets of its size.
    draw: usize,
    neurons: Arc<[usize]>,
    /// The prompts, as indices into the study's.
    prompts: Arc<[usize]>,
}

impl DoseSet {
    /// The interval of the mean margin drop, one of as many as there are layers.
    fn interval(
        &self,
        drops: &[Drops],
        templates: &Templates,
        layers: usize,
    ) -> Result<Option<(f64, f64)>, StudyError> {
        let margins: Vec<f64> = drops.iter().map(|drops| drops.margin).collect();
        templates.joint_interval(&by_prompt(templates.prompts(), &self.prompts, &margins), layers)
    }

    fn row(&self, layer: usize, drops: &[Drops], interval: Option<(f64, f64)>) -> DoseRow {
        let mean = mean_drops(drops);
        let (margin_low, margin_high) = interval.unzip();
        DoseRow {
            layer,
            neuron_set: self.label.clone(),
            kind: self.kind,
            draw: self.draw,
            neurons: self.neurons.len(),
            prompts: self.prompts.len(),
            logit_drop: mean.logit,
            margin_drop: mean.margin,
            margin_low,
            margin_high,
        }
    }
}

/// The sets of every size of both labels in a layer.
fn choose_layer_sets(bench: &Bench<'_, '_>, layer: usize) -> Vec<DoseSet> {
    let Bench { design, selection, labelled, laboratory, .. } = bench;
    let tests = &selection.tests[selection.columns(layer)];
    let mut chosen = Vec::new();
    for (side, label) in labelled.labels().into_iter().enumerate() {
        let prompts: Arc<[usize]> = laboratory.labelled(label).into();
        let most = labelled.set(layer, label).len();
        if prompts.is_empty() || most == 0 {
            continue;
        }
        for size in choose_sizes(design.study.dose.sizes.get(), most) {
            for (kind, draw, neurons) in choose_sets(labelled, tests, design, (layer, side), size) {
                let label = label.to_owned();
                let prompts = prompts.clone();
                chosen.push(DoseSet { label, kind, draw, neurons, prompts });
            }
        }
    }
    chosen
}

/// Lesions the sets of a layer in their prompts.
fn lesion_sets(
    bench: &mut Bench<'_, '_>,
    layer: usize,
    sets: &[DoseSet],
    progress: Progress<'_>,
) -> Result<Vec<Vec<Drops>>, StudyError> {
    let mut trials = Vec::new();
    for set in sets {
        for &prompt in &*set.prompts {
            trials.push(Trial::single(prompt, layer, Arc::clone(&set.neurons)));
        }
    }
    let key = format!("dose {layer}");
    let outcomes = bench.laboratory.run(&key, &trials, Read::Candidates, progress)?;
    let mut drops = outcomes.iter().map(Outcome::drops);
    Ok(sets.iter().map(|set| drops.by_ref().take(set.prompts.len()).collect()).collect())
}

/// The given sizes, or by default 1, 2, 4 and so on and all `most` neurons; none larger than `most`.
pub(crate) fn choose_sizes(given: &[usize], most: usize) -> Vec<usize> {
    if !given.is_empty() {
        return given.iter().copied().filter(|&size| size <= most).collect();
    }
    let mut sizes = Vec::new();
    let mut size = 1;
    while size < most {
        sizes.push(size);
        size *= 2;
    }
    sizes.push(most);
    sizes
}

/// The sets of one size for a label, each with its kind and its number among the random ones.
fn choose_sets(
    sets: &NeuronSets,
    tests: &[TTest],
    design: &Design<'_>,
    (layer, side): (usize, usize),
    size: usize,
) -> Vec<(SetKind, usize, Arc<[usize]>)> {
    let label = sets.labels()[side];
    let strength = design.study.lesion.strength;
    let matched = strongest(&sets.set(layer, label), tests, strength, size);
    let other = sets.set(layer, sets.other(label));
    let swapped = strongest(&other, tests, strength, size);
    let mut chosen = vec![(SetKind::Matched, 0, matched)];
    if swapped.len() == size {
        chosen.push((SetKind::Swapped, 0, swapped));
    }
    if size < tests.len() {
        for number in 0..design.study.dose.draws.get() {
            let mut rng = stream(design.study.seed, Purpose::Dose, 2 * size + side, number);
            chosen.push((SetKind::Random, number, choose_any(tests.len(), size, &mut rng)));
        }
    }
    chosen
}

/// The strongest neurons of a set.
fn strongest(set: &[usize], tests: &[TTest], strength: Strength, size: usize) -> Arc<[usize]> {
    let mut neurons = set.to_vec();
    sort_by_strength(&mut neurons, tests, strength);
    neurons.truncate(size);
    neurons.into()
}

#[cfg(test)]
mod tests {
    use super::choose_sizes;

    #[test]
    fn sizes_double_up_to_all_neurons() {
        assert_eq!(choose_sizes(&[], 1), [1]);
        assert_eq!(choose_sizes(&[], 4), [1, 2, 4]);
        assert_eq!(choose_sizes(&[], 5), [1, 2, 4, 5]);
        assert_eq!(choose_sizes(&[3, 6], 5), [3]);
    }
}
