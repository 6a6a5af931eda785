//! Would other neurons do the same? Lesions of a label's neurons in each layer, beside those of
//! other sets of that size.

use std::sync::Arc;

use neuron_stats::{Correction, quantile};
use rayon::prelude::*;

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
        activations::activity_at_masks,
        neuron_sets::{NeuronSets, Strength},
        select::Selection,
    },
};

/// Which layers are lesioned, one at a time, and how the controls are made.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlPlan {
    /// The layers.
    pub layers: Vec<usize>,
    /// By what the least tuned neurons are found.
    pub strength: Strength,
    /// Random sets of each kind.
    pub draws: usize,
    /// Seed of the draws.
    pub seed: u64,
}

/// One neuron set, lesioned in every prompt of a label.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlLesion {
    /// Which neurons were lesioned.
    pub kind: SetKind,
    /// Which draw of a random kind it is; 0 for the others.
    pub draw: usize,
    /// How many neurons.
    pub neurons: usize,
    /// Root mean square over the neurons of their mean |activation| after GELU at the masks.
    pub activity: f64,
    /// How far the right word of each prompt fell.
    pub drops: Vec<Drops>,
}

impl ControlLesion {
    /// The mean fall over the prompts.
    #[must_use]
    pub fn mean(&self) -> Drops {
        Drops::mean(&self.drops)
    }
}

/// All lesions of one layer in the prompts of one label.
#[derive(Clone, Debug, PartialEq)]
pub struct Controlled {
    /// The layer.
    pub layer: usize,
    /// The label of the prompts and of the matched set.
    pub label: String,
    /// The prompts, as indices into the study's.
    pub prompts: Vec<usize>,
    /// The lesions; the matched one is first. None at all where no neuron is matched.
    pub lesions: Vec<ControlLesion>,
    /// Why there are no controls.
    pub unavailable: Option<String>,
}

impl Controlled {
    /// The lesions of one kind, in the order of their draws.
    pub fn of(&self, kind: SetKind) -> impl Iterator<Item = &ControlLesion> {
        self.lesions.iter().filter(move |lesion| lesion.kind == kind)
    }

    /// The mean fall over the prompts and the draws of one kind.
    #[must_use]
    pub fn mean(&self, kind: SetKind) -> Option<Drops> {
        let means: Vec<Drops> = self.of(kind).map(ControlLesion::mean).collect();
        (!means.is_empty()).then(|| Drops::mean(&means))
    }

    /// The share of random sets whose lesion lowers the mean margin at least as much as the matched
    /// one, `(1 + b) / (1 + N)`: the matched set is counted with the draws, so that no p is 0.
    #[must_use]
    pub fn p(&self, kind: SetKind) -> Option<f64> {
        let matched = self.mean(SetKind::Matched)?.margin;
        let draws = self.of(kind).count();
        let reached = self.of(kind).filter(|lesion| lesion.mean().margin >= matched).count();
        (draws > 0).then(|| (1 + reached) as f64 / (1 + draws) as f64)
    }

    /// How active the random sets that should be as active as the matched one are, as a share of
    /// its activity. Where the matched neurons are the most active of their layer, there are no
    /// others like them.
    #[must_use]
    pub fn activity_ratio(&self) -> Option<f64> {
        let matched = self.of(SetKind::Matched).next()?.activity;
        let (mut sum, mut count) = (0.0, 0.0);
        for lesion in self.of(SetKind::RandomActive) {
            sum += lesion.activity;
            count += 1.0;
        }
        Some(sum / count / matched).filter(|ratio| ratio.is_finite())
    }

    /// Whether the random sets that should be as active as the matched one are.
    #[must_use]
    pub fn has_alikes(&self) -> bool {
        self.activity_ratio().is_some_and(|ratio| (ratio - 1.0).abs() <= UNLIKE)
    }

    /// The larger p of the two random kinds: that the matched lesion does more than sets of the
    /// same size, as active ones, or the nearest to it that there are, or not.
    #[must_use]
    pub fn p_both(&self) -> Option<f64> {
        let [any, active] = SetKind::RANDOM.map(|kind| self.p(kind));
        Some(any?.max(active?))
    }

    /// The mean margin drops that 95 % of the random sets lie between.
    #[must_use]
    pub fn band(&self, kind: SetKind) -> Option<(f64, f64)> {
        let mut drops: Vec<f64> = self.of(kind).map(|lesion| lesion.mean().margin).collect();
        drops.sort_by(f64::total_cmp);
        (!drops.is_empty()).then(|| (quantile(&drops, 0.025), quantile(&drops, 0.975)))
    }

    /// In how many prompts the matched lesion lowers the right word's margin.
    #[must_use]
    pub fn falls(&self) -> usize {
        let matched = self.of(SetKind::Matched).flat_map(|lesion| &lesion.drops);
        matched.filter(|drops| drops.margin > 0.0).count()
    }
}

/// Sets whose activity differs by more than this share are not alike.
pub const UNLIKE: f64 = 0.1;

/// [`Controlled::p_both`] of every layer and label, corrected over them by Holm's method; none where
/// there are no controls.
#[must_use]
pub fn corrected_p(controlled: &[Controlled]) -> Vec<Option<f64>> {
    let p: Vec<Option<f64>> = controlled.iter().map(Controlled::p_both).collect();
    let tested: Vec<f64> = p.iter().copied().flatten().collect();
    let mut adjusted = Correction::Holm.adjust(&tested).unwrap_or_default().into_iter();
    p.into_iter().map(|p| p.and_then(|_| adjusted.next())).collect()
}

/// Lesions the matched set of each layer and its controls in every prompt that has a label.
///
/// # Errors
/// Where the model cannot be run, or gives logits that are not finite.
pub fn controls(
    laboratory: &mut Laboratory<'_>,
    selection: &Selection,
    sets: &NeuronSets,
    plan: &ControlPlan,
    progress: Progress<'_>,
) -> Result<Vec<Controlled>, StudyError> {
    let activity = activity_at_masks(laboratory.subject, laboratory.prompts)?;
    let cells: Vec<(usize, usize, &str, Vec<usize>)> = plan
        .layers
        .iter()
        .flat_map(|&layer| {
            let sides = sets.labels().into_iter().enumerate();
            sides.map(move |(side, label)| (layer, side, label))
        })
        .map(|(layer, side, label)| (layer, side, label, laboratory.labelled(label)))
        .filter(|(.., prompts)| !prompts.is_empty())
        .collect();
    let most = |prompts: &Vec<usize>| prompts.len() * (3 + 2 * plan.draws);
    let all = cells.iter().map(|(.., prompts)| most(prompts)).sum();
    let (mut found, mut done) = (Vec::new(), 0);
    // One layer and label after the other, so that not all sets are in memory at once.
    for (layer, side, label, prompts) in cells {
        let columns = selection.columns(layer);
        let activity = mean_of(prompts.iter().map(|&i| &activity[i][columns.clone()]));
        let tests = &selection.tests[columns];
        let pool = Pool { matched: sets.set(layer, label), tests, activity: &activity };
        let swapped = sets.set(layer, sets.other(label));
        let (drawn, unavailable) = sets_of(&pool, swapped, plan, 2 * layer + side, label);
        let (mut lesions, mut ran) = (Vec::new(), done);
        for (some, sets) in drawn.chunks((TRIALS / prompts.len()).max(1)).enumerate() {
            let trials: Vec<Trial> = sets
                .iter()
                .flat_map(|(_, _, neurons)| {
                    prompts.iter().map(|&prompt| Trial::single(prompt, layer, neurons.clone()))
                })
                .collect();
            let part = format!("controls {layer} {label} {some}");
            let outcomes = laboratory
                .run(&part, &trials, Read::Candidates, &mut |now, _| progress(ran + now, all))?;
            ran += trials.len();
            let drops: Vec<Drops> = outcomes.iter().map(Outcome::drops).collect();
            let lesion = |((kind, draw, neurons), drops): (&DrawnSet, &[Drops])| ControlLesion {
                kind: *kind,
                draw: *draw,
                neurons: neurons.len(),
                activity: pool.activity_of(neurons),
                drops: drops.to_vec(),
            };
            lesions.extend(sets.iter().zip(drops.chunks(prompts.len())).map(lesion));
        }
        done += most(&prompts);
        found.push(Controlled { layer, label: label.to_owned(), prompts, lesions, unavailable });
    }
    Ok(found)
}

/// Trials that run together: their outcomes take some 200 bytes each, drops only 16.
const TRIALS: usize = 1 << 16;

/// A kind, which draw of it, and the neurons.
type DrawnSet = (SetKind, usize, Arc<[usize]>);

/// The sets to lesion, and why there are no controls among them. `index` is the layer's and
/// label's own number.
fn sets_of(
    pool: &Pool<'_>,
    swapped: Arc<[usize]>,
    plan: &ControlPlan,
    index: usize,
    label: &str,
) -> (Vec<DrawnSet>, Option<String>) {
    let count = pool.matched.len();
    if count == 0 {
        return (Vec::new(), Some(format!("no \"{label}\" neuron is to be lesioned")));
    }
    let mut sets = vec![(SetKind::Matched, 0, pool.matched.clone())];
    if !swapped.is_empty() {
        sets.push((SetKind::Swapped, 0, swapped));
    }
    let others = pool.others();
    if others.len() < 2 * count {
        let reason = format!(
            "{} neurons outside a set of {count} are too few to draw other sets from",
            others.len()
        );
        return (sets, Some(reason));
    }
    let mut by_tuning = others.clone();
    plan.strength.sort(&mut by_tuning, pool.tests);
    sets.push((SetKind::LeastTuned, 0, by_tuning[by_tuning.len() - count..].into()));
    let draws = || (0..plan.draws).into_par_iter();
    sets.par_extend(draws().map(|draw| {
        let rng = stream(plan.seed, Purpose::AnySet, index, draw);
        (SetKind::Random, draw, pool.draw_any(&others, rng))
    }));
    let by_activity = pool.by_activity(others);
    sets.par_extend(draws().map(|draw| {
        let rng = stream(plan.seed, Purpose::ActiveSet, index, draw);
        (SetKind::RandomActive, draw, pool.draw_alike(by_activity.clone(), rng))
    }));
    (sets, None)
}

fn mean_of<'a>(rows: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
    let mut sums: Vec<f32> = Vec::new();
    let mut count = 0.0;
    for row in rows {
        sums.resize(row.len(), 0.0);
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        count += 1.0;
    }
    sums.iter().map(|sum| sum / count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn controlled(matched: f64, random: &[f64]) -> Controlled {
        let lesion = |kind, draw, margin| {
            let drops = vec![
                Drops { logit: 0.0, margin: margin + 1.0 },
                Drops { logit: 0.0, margin: margin - 1.0 },
            ];
            ControlLesion { kind, draw, neurons: 2, activity: 1.0, drops }
        };
        let mut lesions = vec![lesion(SetKind::Matched, 0, matched)];
        for kind in SetKind::RANDOM {
            lesions.extend(random.iter().enumerate().map(|(i, &drop)| lesion(kind, i, drop)));
        }
        let (label, unavailable) = ("him".to_owned(), None);
        Controlled { layer: 0, label, prompts: vec![0, 1], lesions, unavailable }
    }

    #[test]
    fn p_counts_the_matched_set_among_the_draws_of_the_mean_over_prompts() {
        let found = controlled(0.5, &[0.1, 0.5, 0.2]);
        assert_eq!(found.p(SetKind::Random), Some(2.0 / 4.0));
        assert_eq!(found.falls(), 1);
        assert_eq!(found.p_both(), Some(0.5));
    }

    #[test]
    fn p_is_corrected_over_what_was_tested_and_nothing_else() {
        let mut none = controlled(0.5, &[]);
        none.lesions.truncate(1);
        let strong = controlled(0.9, &[0.1, 0.2, 0.3]);
        let weak = controlled(0.15, &[0.1, 0.2, 0.3]);
        assert_eq!(corrected_p(&[strong, none, weak]), [Some(0.5), None, Some(0.75)]);
    }
}
