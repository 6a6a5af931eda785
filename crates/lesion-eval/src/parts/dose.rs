//! The dose-response: the fall of the right word against the number of lesioned neurons.

use std::sync::Arc;

use neuron_stats::TTest;

use crate::{
    engine::{
        laboratory::Laboratory,
        trial::{Drops, Outcome, Read, Trial},
    },
    error::StudyError,
    parts::random_sets::{Pool, SetKind},
    passes::progress::Progress,
    random::{Purpose, stream},
    selection::{
        neuron_sets::{NeuronSets, Strength},
        select::Selection,
    },
};

/// The layer, sizes and random sets of a dose-response.
#[derive(Clone, Debug, PartialEq)]
pub struct DosePlan {
    /// The layer.
    pub layer: usize,
    /// The sizes of the sets. If empty, they are 1, 2, 4 and so on up to all neurons of the label.
    pub sizes: Vec<usize>,
    /// The strength by which the strongest neurons are found.
    pub strength: Strength,
    /// Random sets of each size.
    pub draws: usize,
    /// Random seed of the sets.
    pub seed: u64,
}

/// The effect of one set of one size on the prompts of a label.
#[derive(Clone, Debug, PartialEq)]
pub struct Dose {
    /// The label of the prompts.
    pub label: String,
    /// Matched, swapped or random.
    pub kind: SetKind,
    /// The number of a random set among those of its size; 0 for the others.
    pub draw: usize,
    /// Number of neurons.
    pub neurons: usize,
    /// Number of prompts.
    pub prompts: usize,
    /// The mean fall of the right word.
    pub drop: Drops,
}

/// Lesions the strongest 1, 2, 4 and so on of each label's neurons in `sets`, as many of the
/// other's, and random sets of the same sizes.
///
/// # Errors
/// If the model cannot be run or gives logits that are not finite, the journal cannot be written, or
/// `progress` cancels the run.
pub fn dose(
    laboratory: &mut Laboratory<'_>,
    selection: &Selection,
    sets: &NeuronSets,
    plan: &DosePlan,
    progress: Progress<'_>,
) -> Result<Vec<Dose>, StudyError> {
    let tests = &selection.tests[selection.columns(plan.layer)];
    let mut trials = Vec::new();
    let mut cells = Vec::new();
    for (side, label) in sets.labels().into_iter().enumerate() {
        let prompts = laboratory.labelled(label);
        let most = sets.set(plan.layer, label).len();
        if prompts.is_empty() || most == 0 {
            continue;
        }
        for size in choose_sizes(&plan.sizes, most) {
            for (kind, draw, neurons) in choose_sets(sets, tests, plan, side, size) {
                cells.push((label, kind, draw, neurons.len(), prompts.len()));
                for &prompt in &prompts {
                    trials.push(Trial::single(prompt, plan.layer, Arc::clone(&neurons)));
                }
            }
        }
    }
    let outcomes = laboratory.run("dose", &trials, Read::Candidates, progress)?;
    let mut drops = outcomes.iter().map(Outcome::drops);
    let mut doses = Vec::with_capacity(cells.len());
    for (label, kind, draw, neurons, prompts) in cells {
        let drops: Vec<Drops> = drops.by_ref().take(prompts).collect();
        let label = label.to_owned();
        doses.push(Dose { label, kind, draw, neurons, prompts, drop: Drops::mean(&drops) });
    }
    Ok(doses)
}

/// The given sizes, or by default 1, 2, 4 and so on and all `most` neurons; none larger than `most`.
fn choose_sizes(given: &[usize], most: usize) -> Vec<usize> {
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
    plan: &DosePlan,
    side: usize,
    size: usize,
) -> Vec<(SetKind, usize, Arc<[usize]>)> {
    let label = sets.labels()[side];
    let matched = strongest(&sets.set(plan.layer, label), tests, plan.strength, size);
    let other = sets.set(plan.layer, sets.other(label));
    let swapped = strongest(&other, tests, plan.strength, size);
    let pool = Pool { matched: matched.clone(), tests, activity: &[] };
    let mut chosen = vec![(SetKind::Matched, 0, matched)];
    if swapped.len() == size {
        chosen.push((SetKind::Swapped, 0, swapped));
    }
    let others = pool.others();
    if others.len() >= 2 * size {
        for number in 0..plan.draws {
            let rng = stream(plan.seed, Purpose::Dose, 2 * size + side, number);
            chosen.push((SetKind::Random, number, pool.choose_any(&others, rng)));
        }
    }
    chosen
}

/// The strongest neurons of a set.
fn strongest(set: &[usize], tests: &[TTest], strength: Strength, size: usize) -> Arc<[usize]> {
    let mut neurons = set.to_vec();
    strength.sort(&mut neurons, tests);
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
