//! Controlled lesions: a label's neurons in each layer against other sets of the same size.

use std::sync::Arc;

use rayon::prelude::*;
use study_record::{
    SetKind, Study,
    tables::{NullRow, PromptControlRow},
};

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    engine::{
        laboratory::Laboratory,
        trial::{Outcome, Read, Trial},
    },
    error::StudyError,
    parts::{
        dissociation::dissociations,
        laboratory_part::{Bench, Design, EncodedTable, LaboratoryPart, Trials},
        layer_controls::{ControlLesion, LayerControls},
        profile::profile,
        random_sets::Pool,
    },
    passes::progress::Progress,
    random::{Purpose, stream},
    selection::{
        activations::activity_at_masks,
        neuron_sets::{NeuronSets, sort_by_strength},
    },
};

/// The part `controls`.
pub(crate) struct Controls;

impl LaboratoryPart for Controls {
    fn trials(&self, design: &Design<'_>) -> Trials {
        let count = design.labelled_prompts() * most_sets(design.study);
        Trials::by_layer(design.layers.iter().map(|&layer| (layer, count))).at_most()
    }

    fn run(
        &self,
        bench: &mut Bench<'_, '_>,
        progress: Progress<'_>,
    ) -> Result<Vec<EncodedTable>, StudyError> {
        let controls = run_controls(bench, &mut *progress)?;
        let Bench { design, selection, labelled, .. } = bench;
        let prompts = design.prompts;
        let dissociations = dissociations(prompts, &controls, design.bootstrap(), progress)?;
        let random_sets = design.study.controls.nulls.get();
        Ok(vec![
            EncodedTable::new(controls.iter().flat_map(|layer| lesion_rows(prompts, layer)))?,
            EncodedTable::new(controls.iter().flat_map(|layer| prompt_rows(prompts, layer)))?,
            EncodedTable::new(profile(selection, labelled, &controls, random_sets))?,
            EncodedTable::new(dissociations)?,
        ])
    }
}

/// Every lesion in every prompt.
fn lesion_rows(
    prompts: &[MaskedPrompt],
    controls: &LayerControls,
) -> impl Iterator<Item = NullRow> {
    controls.lesions.iter().flat_map(move |lesion| {
        controls.prompts.iter().zip(&lesion.drops).map(move |(&prompt, drops)| {
            let prompt = &prompts[prompt];
            NullRow {
                layer: controls.layer,
                prompt: prompt.prompt,
                position: prompt.position,
                target: prompt.target().to_owned(),
                neuron_set: controls.label.clone(),
                kind: lesion.kind,
                draw: lesion.draw,
                neurons: lesion.neurons,
                activity: lesion.activity,
                logit_drop: drops.logit,
                margin_drop: drops.margin,
            }
        })
    })
}

/// The matched lesion in every prompt, and the ranges of the random sets there.
fn prompt_rows(
    prompts: &[MaskedPrompt],
    controls: &LayerControls,
) -> impl Iterator<Item = PromptControlRow> {
    let matched = controls.matched().into_iter();
    matched.flat_map(move |matched| {
        controls.prompts.iter().enumerate().map(move |(place, &prompt)| {
            let prompt = &prompts[prompt];
            let random = controls.ranges_in_prompt(SetKind::Random, place);
            let (random_logit_low, random_logit_high) = random.logit.unzip();
            let (random_margin_low, random_margin_high) = random.margin.unzip();
            PromptControlRow {
                layer: controls.layer,
                prompt: prompt.prompt,
                position: prompt.position,
                neuron_set: controls.label.clone(),
                logit_drop: matched.drops[place].logit,
                margin_drop: matched.drops[place].margin,
                random_logit_low,
                random_logit_high,
                random_margin_low,
                random_margin_high,
            }
        })
    })
}

/// Lesions the matched set of each layer and its controls in every prompt that has a label.
fn run_controls(
    bench: &mut Bench<'_, '_>,
    progress: Progress<'_>,
) -> Result<Vec<LayerControls>, StudyError> {
    let Bench { design, selection, lesioned: sets, laboratory, .. } = bench;
    let cells = list_cells(laboratory, sets, design.layers);
    let all = cells.iter().map(|cell| cell.most_trials(design.study)).sum();
    let subject = laboratory.subject;
    let prompts = laboratory.prompts;
    let activity = activity_at_masks(subject, prompts, &mut |_, _| progress(0, all))?;
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
        let chosen = choose_sets(&pool, swapped, design.study, cell.index);
        let lesions =
            run_cell(laboratory, &cell, &pool, &chosen, &mut |now, _| progress(done + now, all))?;
        done += cell.most_trials(design.study);
        found.push(LayerControls {
            layer: cell.layer,
            label: cell.label.to_owned(),
            prompts: cell.prompts,
            lesions,
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
    /// Trials, if every set can be chosen.
    fn most_trials(&self, study: &Study) -> usize {
        self.prompts.len() * most_sets(study)
    }
}

fn list_cells<'a>(
    laboratory: &Laboratory<'_>,
    sets: &'a NeuronSets,
    layers: &[usize],
) -> Vec<Cell<'a>> {
    let mut cells = Vec::new();
    for &layer in layers {
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
        let journal_key = format!("controls {layer} {label} {number}");
        let outcomes =
            laboratory.run(&journal_key, &trials, Read::Candidates, &mut |now, all| {
                progress(done + now, all)
            })?;
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

/// The most sets of a layer and label: matched, swapped, least tuned, and random ones of both kinds.
fn most_sets(study: &Study) -> usize {
    3 + SetKind::RANDOM.len() * study.controls.nulls.get()
}

/// The sets to lesion; no controls if there are too few neurons to choose them from. `index` is the
/// number of the layer and label.
fn choose_sets(
    pool: &Pool<'_>,
    swapped: Arc<[usize]>,
    study: &Study,
    index: usize,
) -> Vec<ChosenSet> {
    let count = pool.matched.len();
    if count == 0 {
        return Vec::new();
    }
    let mut sets =
        vec![ChosenSet { kind: SetKind::Matched, number: 0, neurons: pool.matched.clone() }];
    if !swapped.is_empty() {
        sets.push(ChosenSet { kind: SetKind::Swapped, number: 0, neurons: swapped });
    }
    let others = pool.others();
    if others.len() < 2 * count {
        return sets;
    }
    let mut by_tuning = others.clone();
    sort_by_strength(&mut by_tuning, pool.tests, study.lesion.strength);
    let weakest = by_tuning[by_tuning.len() - count..].into();
    sets.push(ChosenSet { kind: SetKind::LeastTuned, number: 0, neurons: weakest });
    let random_sets = study.controls.nulls.get();
    sets.par_extend((0..random_sets).into_par_iter().map(|number| {
        let rng = stream(study.seed, Purpose::AnySet, index, number);
        ChosenSet { kind: SetKind::Random, number, neurons: pool.choose_any(&others, rng) }
    }));
    let by_activity = pool.sort_by_activity(others.clone());
    sets.par_extend((0..random_sets).into_par_iter().map(|number| {
        let rng = stream(study.seed, Purpose::ActiveSet, index, number);
        let neurons = pool.choose_alike(by_activity.clone(), rng);
        ChosenSet { kind: SetKind::RandomActive, number, neurons }
    }));
    sets
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
