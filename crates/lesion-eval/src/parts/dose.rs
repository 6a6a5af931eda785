//! The dose-response: the fall of the right word against the number of lesioned neurons.

use std::sync::Arc;

use neuron_stats::TTest;
use study_record::{SetKind, Strength, tables::DoseRow};

use crate::{
    engine::trial::{Drops, Outcome, Read, Trial, mean_drops},
    error::StudyError,
    parts::{
        laboratory_part::{Bench, Design, EncodedTable, LaboratoryPart, PartResult, Trials},
        random_sets::choose_any,
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
        let mut trials = Vec::new();
        let mut rows: Vec<DoseRow> = Vec::new();
        for (side, label) in labelled.labels().into_iter().enumerate() {
            let prompts = laboratory.labelled(label);
            let most = labelled.set(layer, label).len();
            if prompts.is_empty() || most == 0 {
                continue;
            }
            for size in choose_sizes(design.study.dose.sizes.get(), most) {
                for (kind, draw, neurons) in
                    choose_sets(labelled, tests, design, (layer, side), size)
                {
                    rows.push(DoseRow {
                        layer,
                        neuron_set: label.to_owned(),
                        kind,
                        draw,
                        neurons: neurons.len(),
                        prompts: prompts.len(),
                        logit_drop: 0.0,
                        margin_drop: 0.0,
                    });
                    for &prompt in &prompts {
                        trials.push(Trial::single(prompt, layer, Arc::clone(&neurons)));
                    }
                }
            }
        }
        let outcomes = laboratory.run("dose", &trials, Read::Candidates, progress)?;
        let mut drops = outcomes.iter().map(Outcome::drops);
        for row in &mut rows {
            let drops: Vec<Drops> = drops.by_ref().take(row.prompts).collect();
            let mean = mean_drops(&drops);
            row.logit_drop = mean.logit;
            row.margin_drop = mean.margin;
        }
        Ok(PartResult::table(EncodedTable::new(rows)?))
    }
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
