//! The dose-response: how the right word falls as more neurons are lesioned.

use std::sync::Arc;

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

/// How many neurons are lesioned.
#[derive(Clone, Debug, PartialEq)]
pub struct DosePlan {
    /// The layer.
    pub layer: usize,
    /// The sizes of the sets; empty for 1, 2, 4 and so on up to all neurons of the label.
    pub sizes: Vec<usize>,
    /// By what the strongest neurons are found.
    pub strength: Strength,
    /// Random sets of each size.
    pub draws: usize,
    /// Seed of the draws.
    pub seed: u64,
}

/// What one set of one size does to the prompts of a label.
#[derive(Clone, Debug, PartialEq)]
pub struct Dose {
    /// The label of the prompts.
    pub label: String,
    /// Matched, swapped or random.
    pub kind: SetKind,
    /// Which draw it is; 0 for those without one.
    pub draw: usize,
    /// How many neurons.
    pub neurons: usize,
    /// Number of prompts.
    pub prompts: usize,
    /// The mean fall of the right word.
    pub drop: Drops,
}

/// Lesions the strongest 1, 2, 4 and so on of each label's neurons in `sets`, as many of the
/// other's, and as many random others.
///
/// # Errors
/// Where the model cannot be run, or gives logits that are not finite.
pub fn dose(
    laboratory: &mut Laboratory<'_>,
    selection: &Selection,
    sets: &NeuronSets,
    plan: &DosePlan,
    progress: Progress<'_>,
) -> Result<Vec<Dose>, StudyError> {
    let tests = &selection.tests[selection.columns(plan.layer)];
    let (mut trials, mut cells) = (Vec::new(), Vec::new());
    let strongest = |label: &str, size: usize| -> Arc<[usize]> {
        let mut neurons = sets.set(plan.layer, label).to_vec();
        plan.strength.sort(&mut neurons, tests);
        neurons.truncate(size);
        neurons.into()
    };
    for (side, label) in sets.labels().into_iter().enumerate() {
        let prompts = laboratory.labelled(label);
        let most = sets.set(plan.layer, label).len();
        if prompts.is_empty() || most == 0 {
            continue;
        }
        let sizes: Vec<usize> = if plan.sizes.is_empty() {
            let doubled = std::iter::successors(Some(1), |&size: &usize| size.checked_mul(2));
            doubled.take_while(|&size| size < most).chain([most]).collect()
        } else {
            plan.sizes.iter().copied().filter(|&size| size <= most).collect()
        };
        for size in sizes {
            let matched = strongest(label, size);
            let swapped = strongest(sets.other(label), size);
            let pool = Pool { matched: matched.clone(), tests, activity: &[] };
            let mut doses = vec![(SetKind::Matched, 0, matched)];
            if swapped.len() == size {
                doses.push((SetKind::Swapped, 0, swapped));
            }
            let others = pool.others();
            if others.len() >= 2 * size {
                doses.extend((0..plan.draws).map(|draw| {
                    let rng = stream(plan.seed, Purpose::Dose, 2 * size + side, draw);
                    (SetKind::Random, draw, pool.draw_any(&others, rng))
                }));
            }
            for (kind, draw, neurons) in doses {
                trials.extend(
                    prompts
                        .iter()
                        .map(|&prompt| Trial::single(prompt, plan.layer, Arc::clone(&neurons))),
                );
                cells.push((label.to_owned(), kind, draw, neurons.len(), prompts.len()));
            }
        }
    }
    let outcomes = laboratory.run("dose", &trials, Read::Candidates, progress)?;
    let mut drops = outcomes.iter().map(Outcome::drops);
    let doses = cells.into_iter().map(|(label, kind, draw, neurons, prompts)| {
        let drops: Vec<Drops> = drops.by_ref().take(prompts).collect();
        Dose { label, kind, draw, neurons, prompts, drop: Drops::mean(&drops) }
    });
    Ok(doses.collect())
}
