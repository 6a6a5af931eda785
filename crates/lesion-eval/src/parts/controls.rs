//! Controlled lesions: a label's neurons in each layer against other sets of the same size.

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

/// The layers to lesion, one at a time, and their controls.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlPlan {
    /// The layers.
    pub layers: Vec<usize>,
    /// The strength by which the least tuned neurons are found.
    pub strength: Strength,
    /// Random sets of each kind.
    pub draws: usize,
    /// Random seed of the sets.
    pub seed: u64,
}

/// One neuron set, lesioned in every prompt of a label.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlLesion {
    /// The kind of set.
    pub kind: SetKind,
    /// The number of a random set among those of its kind; 0 for the others.
    pub draw: usize,
    /// Number of neurons.
    pub neurons: usize,
    /// Root mean square over the neurons of their mean |activation| after GELU at the masks.
    pub activity: f64,
    /// The falls of the right word in each prompt.
    pub drops: Vec<Drops>,
}

impl ControlLesion {
    /// The mean fall over the prompts.
    #[must_use]
    pub fn mean(&self) -> Drops {
        Drops::mean(&self.drops)
    }
}

/// The matched lesion of one layer and its controls, in the prompts of one label.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerControls {
    /// The layer.
    pub layer: usize,
    /// The label of the prompts and of the matched set.
    pub label: String,
    /// The prompts, as indices into the study's.
    pub prompts: Vec<usize>,
    /// The lesions, the matched one first; none if no neuron is matched.
    pub lesions: Vec<ControlLesion>,
    /// Why there are no controls.
    pub unavailable: Option<String>,
}

impl LayerControls {
    /// The lesions of one kind, in the order of their random sets.
    pub fn lesions_of(&self, kind: SetKind) -> impl Iterator<Item = &ControlLesion> {
        self.lesions.iter().filter(move |lesion| lesion.kind == kind)
    }

    /// The lesion of the matched set; none if no neuron is matched.
    #[must_use]
    pub fn matched(&self) -> Option<&ControlLesion> {
        self.lesions_of(SetKind::Matched).next()
    }

    /// The mean fall over the prompts and the sets of one kind.
    #[must_use]
    pub fn mean(&self, kind: SetKind) -> Option<Drops> {
        let means: Vec<Drops> = self.lesions_of(kind).map(ControlLesion::mean).collect();
        if means.is_empty() { None } else { Some(Drops::mean(&means)) }
    }

    /// The share of random sets whose lesion lowers the mean margin at least as much as the matched
    /// one, `(1 + b) / (1 + N)`: the matched set counts as one of them, so that no p is 0.
    #[must_use]
    pub fn p(&self, kind: SetKind) -> Option<f64> {
        let matched = self.mean(SetKind::Matched)?.margin;
        let margins: Vec<f64> = self.margins(kind);
        if margins.is_empty() {
            return None;
        }
        let reached = margins.iter().filter(|&&margin| margin >= matched).count();
        Some((1 + reached) as f64 / (1 + margins.len()) as f64)
    }

    /// Mean activity of the activity-matched sets, relative to the matched set. If the matched
    /// neurons are the most active of their layer, no others are like them.
    #[must_use]
    pub fn activity_ratio(&self) -> Option<f64> {
        let matched = self.matched()?.activity;
        let mut sum = 0.0;
        let mut count = 0.0;
        for lesion in self.lesions_of(SetKind::RandomActive) {
            sum += lesion.activity;
            count += 1.0;
        }
        Some(sum / count / matched).filter(|ratio| ratio.is_finite())
    }

    /// Whether the activity-matched sets are about as active as the matched one.
    #[must_use]
    pub fn has_alikes(&self) -> bool {
        self.activity_ratio().is_some_and(|ratio| (ratio - 1.0).abs() <= UNLIKE)
    }

    /// The larger p of the two random kinds: whether the matched lesion does more than sets of the
    /// same size and than sets of the same, or the nearest, activity.
    #[must_use]
    pub fn p_both(&self) -> Option<f64> {
        let any = self.p(SetKind::Random)?;
        let active = self.p(SetKind::RandomActive)?;
        Some(any.max(active))
    }

    /// The interval that contains 95 % of the random sets' mean margin drops.
    #[must_use]
    pub fn band(&self, kind: SetKind) -> Option<(f64, f64)> {
        let mut margins = self.margins(kind);
        if margins.is_empty() {
            return None;
        }
        margins.sort_by(f64::total_cmp);
        Some((quantile(&margins, 0.025), quantile(&margins, 0.975)))
    }

    /// Number of prompts in which the matched lesion lowers the right word's margin.
    #[must_use]
    pub fn falls(&self) -> usize {
        let drops = self.matched().into_iter().flat_map(|lesion| &lesion.drops);
        drops.filter(|drops| drops.margin > 0.0).count()
    }

    /// The mean margin drop of each set of one kind.
    fn margins(&self, kind: SetKind) -> Vec<f64> {
        self.lesions_of(kind).map(|lesion| lesion.mean().margin).collect()
    }
}

/// Random sets are not activity-matched if their mean activity differs by more than this share.
pub const UNLIKE: f64 = 0.1;

/// [`LayerControls::p_both`] of every layer and label, corrected over them by Holm's method; none
/// without controls.
#[must_use]
pub fn corrected_p(controls: &[LayerControls]) -> Vec<Option<f64>> {
    let p: Vec<Option<f64>> = controls.iter().map(LayerControls::p_both).collect();
    let tested: Vec<f64> = p.iter().copied().flatten().collect();
    let mut adjusted = Correction::Holm.adjust(&tested).unwrap_or_default().into_iter();
    p.into_iter().map(|p| p.and_then(|_| adjusted.next())).collect()
}

/// Lesions the matched set of each layer and its controls in every prompt that has a label.
///
/// # Errors
/// If the model cannot be run or gives logits that are not finite, the journal cannot be written, or
/// `progress` cancels the run.
pub fn controls(
    laboratory: &mut Laboratory<'_>,
    selection: &Selection,
    sets: &NeuronSets,
    plan: &ControlPlan,
    progress: Progress<'_>,
) -> Result<Vec<LayerControls>, StudyError> {
    let activity = activity_at_masks(laboratory.subject, laboratory.prompts)?;
    let cells = list_cells(laboratory, sets, plan);
    let all = cells.iter().map(|cell| cell.most_trials(plan)).sum();
    let mut found = Vec::with_capacity(cells.len());
    let mut done = 0;
    // One layer and label after the other, so that not all sets are in memory at once.
    for cell in cells {
        let columns = selection.columns(cell.layer);
        let activity = mean_rows(cell.prompts.iter().map(|&i| &activity[i][columns.clone()]));
        let pool = Pool {
            matched: sets.set(cell.layer, cell.label),
            tests: &selection.tests[columns],
            activity: &activity,
        };
        let swapped = sets.set(cell.layer, sets.other(cell.label));
        let (chosen, unavailable) = choose_sets(&pool, swapped, plan, cell.index, cell.label);
        let lesions =
            run_cell(laboratory, &cell, &pool, &chosen, &mut |now, _| progress(done + now, all))?;
        done += cell.most_trials(plan);
        found.push(LayerControls {
            layer: cell.layer,
            label: cell.label.to_owned(),
            prompts: cell.prompts,
            lesions,
            unavailable,
        });
    }
    Ok(found)
}

/// A layer and a label with prompts.
struct Cell<'a> {
    layer: usize,
    label: &'a str,
    /// The number of this layer and label, for the random streams.
    index: usize,
    prompts: Vec<usize>,
}

impl Cell<'_> {
    /// Trials, if every set of the plan can be chosen: matched, swapped, least tuned, and random ones
    /// of both kinds.
    fn most_trials(&self, plan: &ControlPlan) -> usize {
        self.prompts.len() * (3 + SetKind::RANDOM.len() * plan.draws)
    }
}

fn list_cells<'a>(
    laboratory: &Laboratory<'_>,
    sets: &'a NeuronSets,
    plan: &ControlPlan,
) -> Vec<Cell<'a>> {
    let mut cells = Vec::new();
    for &layer in &plan.layers {
        for (side, label) in sets.labels().into_iter().enumerate() {
            let prompts = laboratory.labelled(label);
            if !prompts.is_empty() {
                cells.push(Cell { layer, label, index: 2 * layer + side, prompts });
            }
        }
    }
    cells
}

/// Trials that run together: an outcome takes some 200 bytes, drops only 16.
const TRIALS_PER_RUN: usize = 1 << 16;

/// Lesions the chosen sets of one layer in the prompts of one label.
fn run_cell(
    laboratory: &mut Laboratory<'_>,
    cell: &Cell<'_>,
    pool: &Pool<'_>,
    chosen: &[ChosenSet],
    progress: Progress<'_>,
) -> Result<Vec<ControlLesion>, StudyError> {
    let Cell { layer, label, prompts, .. } = cell;
    let mut lesions = Vec::with_capacity(chosen.len());
    let mut done = 0;
    let sets_per_run = (TRIALS_PER_RUN / prompts.len()).max(1);
    for (number, sets) in chosen.chunks(sets_per_run).enumerate() {
        let mut trials = Vec::with_capacity(sets.len() * prompts.len());
        for set in sets {
            for &prompt in prompts {
                trials.push(Trial::single(prompt, *layer, set.neurons.clone()));
            }
        }
        let part = format!("controls {layer} {label} {number}");
        let outcomes = laboratory
            .run(&part, &trials, Read::Candidates, &mut |now, all| progress(done + now, all))?;
        done += trials.len();
        for (set, outcomes) in sets.iter().zip(outcomes.chunks(prompts.len())) {
            lesions.push(ControlLesion {
                kind: set.kind,
                draw: set.number,
                neurons: set.neurons.len(),
                activity: pool.mean_activity(&set.neurons),
                drops: outcomes.iter().map(Outcome::drops).collect(),
            });
        }
    }
    Ok(lesions)
}

/// A set to lesion.
struct ChosenSet {
    kind: SetKind,
    /// The number of a random set among those of its kind; 0 for the others.
    number: usize,
    neurons: Arc<[usize]>,
}

/// The sets to lesion, and why there are no controls among them. `index` is the number of the layer
/// and label.
fn choose_sets(
    pool: &Pool<'_>,
    swapped: Arc<[usize]>,
    plan: &ControlPlan,
    index: usize,
    label: &str,
) -> (Vec<ChosenSet>, Option<String>) {
    let count = pool.matched.len();
    if count == 0 {
        return (Vec::new(), Some(format!("there is no \"{label}\" neuron to lesion")));
    }
    let mut sets =
        vec![ChosenSet { kind: SetKind::Matched, number: 0, neurons: pool.matched.clone() }];
    if !swapped.is_empty() {
        sets.push(ChosenSet { kind: SetKind::Swapped, number: 0, neurons: swapped });
    }
    let others = pool.others();
    if others.len() < 2 * count {
        let reason = format!(
            "{} neurons outside a set of {count} are too few to choose other sets from",
            others.len()
        );
        return (sets, Some(reason));
    }
    let mut by_tuning = others.clone();
    plan.strength.sort(&mut by_tuning, pool.tests);
    let weakest = by_tuning[by_tuning.len() - count..].into();
    sets.push(ChosenSet { kind: SetKind::LeastTuned, number: 0, neurons: weakest });
    sets.par_extend((0..plan.draws).into_par_iter().map(|number| {
        let rng = stream(plan.seed, Purpose::AnySet, index, number);
        ChosenSet { kind: SetKind::Random, number, neurons: pool.choose_any(&others, rng) }
    }));
    let by_activity = pool.sort_by_activity(others.clone());
    sets.par_extend((0..plan.draws).into_par_iter().map(|number| {
        let rng = stream(plan.seed, Purpose::ActiveSet, index, number);
        let neurons = pool.choose_alike(by_activity.clone(), rng);
        ChosenSet { kind: SetKind::RandomActive, number, neurons }
    }));
    (sets, None)
}

fn mean_rows<'a>(rows: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
    let mut sums: Vec<f32> = Vec::new();
    let mut count = 0.0;
    for row in rows {
        sums.resize(row.len(), 0.0);
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
        count += 1.0;
    }
    sums.iter().map(|sum| sum / count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn controls(matched: f64, random: &[f64]) -> LayerControls {
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
        let label = "him".to_owned();
        LayerControls { layer: 0, label, prompts: vec![0, 1], lesions, unavailable: None }
    }

    #[test]
    fn p_counts_the_matched_set_and_takes_means_over_prompts() {
        let found = controls(0.5, &[0.1, 0.5, 0.2]);
        assert_eq!(found.p(SetKind::Random), Some(2.0 / 4.0));
        assert_eq!(found.falls(), 1);
        assert_eq!(found.p_both(), Some(0.5));
    }

    #[test]
    fn p_is_corrected_over_the_tested_layers_only() {
        let mut none = controls(0.5, &[]);
        none.lesions.truncate(1);
        let strong = controls(0.9, &[0.1, 0.2, 0.3]);
        let weak = controls(0.15, &[0.1, 0.2, 0.3]);
        assert_eq!(corrected_p(&[strong, none, weak]), [Some(0.5), None, Some(0.75)]);
    }
}
