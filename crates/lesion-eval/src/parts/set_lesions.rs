//! Lesions of many sets of one layer in many prompts.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::{
    engine::{
        batch_share::LeftBatches,
        laboratory::Laboratory,
        trial::{Drops, Outcome, Read, Trial},
    },
    error::StudyError,
    parts::random_sets::choose_any,
    passes::progress::Progress,
    random::{Purpose, stream},
};

/// A set of a layer's neurons, and the effect of its lesion in each of some prompts.
pub(crate) struct LesionedSet {
    pub(crate) neurons: Arc<[usize]>,
    pub(crate) drops: Vec<Drops>,
}

/// The places of prompts in an ascending list of prompts, such as those of a lesioned set's drops.
pub(crate) fn places_among(prompts: &[usize], among: &[usize]) -> Vec<usize> {
    prompts.iter().filter_map(|prompt| among.binary_search(prompt).ok()).collect()
}

/// Trials that run together: an outcome takes some 200 bytes, drops only 16.
pub(crate) const TRIALS_PER_RUN: usize = 1 << 16;

/// Lesions sets of one layer in prompts. `progress` counts trials.
///
/// # Errors
/// If [`Laboratory::run`] fails.
pub(crate) fn lesion_sets(
    laboratory: &mut Laboratory<'_>,
    journal_key: &str,
    layer: usize,
    sets: &[Arc<[usize]>],
    prompts: &[usize],
    progress: Progress<'_>,
) -> Result<Vec<LesionedSet>, StudyError> {
    let mut lesioned = Vec::with_capacity(sets.len());
    let mut done = 0;
    let mut left = LeftBatches::default();
    let sets_per_run = (TRIALS_PER_RUN / prompts.len().max(1)).max(1);
    for (number, chunk) in sets.chunks(sets_per_run).enumerate() {
        let mut trials = Vec::with_capacity(chunk.len() * prompts.len());
        for neurons in chunk {
            for &prompt in prompts {
                trials.push(Trial::single(prompt, layer, neurons.clone()));
            }
        }
        let journal_key = format!("{journal_key} {number}");
        let mut watch = |now, all| progress(done + now, all);
        let outcomes = laboratory.run(&journal_key, &trials, Read::Candidates, &mut watch);
        done += trials.len();
        let Some(outcomes) = left.take(outcomes)? else { continue };
        for (neurons, outcomes) in chunk.iter().zip(outcomes.chunks(prompts.len().max(1))) {
            lesioned.push(LesionedSet {
                neurons: neurons.clone(),
                drops: outcomes.iter().map(Outcome::drops).collect(),
            });
        }
    }
    left.check()?;
    Ok(lesioned)
}

/// The random sets of a study.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RandomSetPlan {
    /// Neurons in a layer.
    pub(crate) neurons: usize,
    /// Number of random sets of each kind.
    pub(crate) count: usize,
    /// The study's random seed.
    pub(crate) seed: u64,
}

impl RandomSetPlan {
    /// The sets of one purpose that `choose` makes from the random numbers of each. `index` is the
    /// number of the layer, or of the layer and label.
    pub(crate) fn draw(
        self,
        purpose: Purpose,
        index: usize,
        choose: impl Fn(&mut ChaCha8Rng) -> Arc<[usize]> + Sync,
    ) -> Vec<Arc<[usize]>> {
        let numbers = (0..self.count).into_par_iter();
        numbers.map(|number| choose(&mut stream(self.seed, purpose, index, number))).collect()
    }

    /// The random sets of a layer and size; none if there is no other set of this size.
    pub(crate) fn any(self, drawn: &mut DrawnSets, layer: usize, size: usize) -> SetList {
        drawn.get_or_draw(Purpose::AnySet, (layer, size), || {
            if size == 0 || size >= self.neurons {
                return Vec::new();
            }
            self.draw(Purpose::AnySet, layer, |rng| choose_any(self.neurons, size, rng))
        })
    }
}

/// Random sets of one kind, in the order of their numbers.
pub(crate) type SetList = Arc<[Arc<[usize]>]>;

/// The random sets that a study has drawn so far. Parts share them, and so do the rounds of a share.
#[derive(Default)]
pub(crate) struct DrawnSets(BTreeMap<(Purpose, usize, usize), SetList>);

impl DrawnSets {
    /// The sets of one purpose, drawn once. `index` is the number of the layer, or of the layer and label.
    pub(crate) fn get_or_draw(
        &mut self,
        purpose: Purpose,
        (index, size): (usize, usize),
        draw: impl FnOnce() -> Vec<Arc<[usize]>>,
    ) -> SetList {
        self.0.entry((purpose, index, size)).or_insert_with(|| draw().into()).clone()
    }

    /// The sets of one purpose, if they were drawn.
    pub(crate) fn get(&self, purpose: Purpose, (index, size): (usize, usize)) -> Option<SetList> {
        self.0.get(&(purpose, index, size)).cloned()
    }
}

/// Random set `number` of a layer with `neurons` neurons, the same as in a study with this seed. At most
/// the whole layer is chosen.
#[must_use]
pub fn draw_random_set(
    (layer, neurons): (usize, usize),
    size: usize,
    seed: u64,
    number: usize,
) -> Arc<[usize]> {
    choose_any(neurons, size.min(neurons), &mut stream(seed, Purpose::AnySet, layer, number))
}

/// The random sets of whole layers that a study has lesioned so far, by layer and size. Labels and
/// parts share them. There are none if batches of theirs are left to other shares.
#[derive(Default)]
pub(crate) struct RandomSetLesions(BTreeMap<(usize, usize), Option<Arc<Vec<LesionedSet>>>>);

impl RandomSetLesions {
    /// Random sets of `size` neurons of a layer, lesioned in `prompts`, which are always the same.
    ///
    /// # Errors
    /// If [`Laboratory::run`] fails.
    pub(crate) fn lesion(
        &mut self,
        laboratory: &mut Laboratory<'_>,
        drawn: &mut DrawnSets,
        plan: RandomSetPlan,
        (layer, size): (usize, usize),
        prompts: &[usize],
        progress: Progress<'_>,
    ) -> Result<Arc<Vec<LesionedSet>>, StudyError> {
        let lesioned = match self.0.entry((layer, size)) {
            Entry::Occupied(entry) => entry.get().clone(),
            Entry::Vacant(entry) => {
                let key = format!("random {layer} {size}");
                let sets = plan.any(drawn, layer, size);
                let lesioned = lesion_sets(laboratory, &key, layer, &sets, prompts, progress);
                let lesioned = LeftBatches::default().take(lesioned)?;
                entry.insert(lesioned.map(Arc::new)).clone()
            }
        };
        lesioned.ok_or(StudyError::LeftToShares)
    }
}
