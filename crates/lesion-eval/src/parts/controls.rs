//! Controlled lesions: a label's neurons in each layer against other sets of the same size.

use std::{ops::Range, sync::Arc};

use study_record::{
    LEVEL, SetChoice, SetKind, SetRule, Site,
    tables::{NullRow, ProfileRow, PromptControlRow, RandomSetRow},
};

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    engine::{
        batch_share::LeftBatches,
        direct_pass::{SetInPrompts, sum_direct_effects},
        laboratory::Laboratory,
        lesion_method::LesionMethod,
        prompt_passes::PromptPasses,
        trial::{Drops, Outcome, Read, Trial, mean_drops},
    },
    error::StudyError,
    parts::{
        dissociation::dissociations,
        laboratory_part::{Bench, Design, EncodedTable, LaboratoryPart, PartResult, Trials},
        layer_controls::{ControlLesion, LayerControls},
        profile::profile,
        random_sets::SimilarGroups,
        reselection::reselect,
        set_lesions::{LesionedSet, lesion_sets, places_among},
        template_bootstrap::Templates,
    },
    passes::progress::{Progress, report},
    random::Purpose,
    selection::{
        activations::activations_of_passes, mask_differences::count_differing_at_masks,
        neuron_sets::sort_by_strength,
    },
    share::floor_share,
    translate::model_site,
};

/// The part `controls`.
pub(crate) struct Controls;

impl LaboratoryPart for Controls {
    fn trials(&self, design: &Design<'_>) -> Trials {
        let prompts = design.labelled().len();
        let count = prompts * most_sets(design);
        let paper = prompts * most_paper_sets(design);
        let layers = design.layers.iter().map(|&layer| (layer, count));
        Trials::by_layer(layers.chain([(design.layer, paper)])).at_most()
    }

    fn run(
        &self,
        bench: &mut Bench<'_, '_>,
        progress: Progress<'_>,
    ) -> Result<PartResult, StudyError> {
        bench.awaits_controls = true;
        let controls = run_controls(bench, &mut *progress)?;
        let Bench { design, selection, labelled, .. } = bench;
        let prompts = design.prompts;
        let templates = Templates::of(prompts);
        let profile = profile(design, selection, labelled, &controls, &templates, &mut *progress)?;
        let strongest_layer = find_strongest_layer(&profile.rows);
        let dissociations = dissociations(design, &controls, &templates, progress)?;
        bench.strongest_layer = strongest_layer;
        bench.awaits_controls = false;
        let mut tables = vec![
            EncodedTable::new(controls.iter().flat_map(lesion_rows))?,
            EncodedTable::new(controls.iter().flat_map(|layer| prompt_rows(prompts, layer)))?,
            EncodedTable::new(profile.rows)?,
            EncodedTable::new(dissociations.rows)?,
        ];
        if design.study.controls.save_sets {
            tables.push(EncodedTable::new(controls.iter().flat_map(set_rows))?);
        }
        Ok(PartResult { tables, claims: [profile.claims, dissociations.claims].concat() })
    }
}

/// The layer with the largest margin drop, in either direction, of those that differ from random
/// sets.
fn find_strongest_layer(rows: &[ProfileRow]) -> Option<usize> {
    let shown = rows.iter().filter(|row| row.p().is_some_and(|p| p <= LEVEL));
    let lesioned = shown.filter(|row| row.sets == SetChoice::Lesioned);
    let strongest = lesioned.max_by(|a, b| a.margin_drop.abs().total_cmp(&b.margin_drop.abs()))?;
    Some(strongest.layer)
}

/// Every lesion.
fn lesion_rows(controls: &LayerControls) -> impl Iterator<Item = NullRow> {
    controls.lesions.iter().map(move |lesion| {
        let drop = lesion.mean();
        let other = lesion.other_mean();
        NullRow {
            layer: controls.layer,
            neuron_set: controls.label.clone(),
            sets: controls.sets,
            kind: lesion.kind,
            draw: lesion.draw,
            neurons: lesion.neurons.len(),
            activity: lesion.activity,
            displacement: lesion.displacement,
            logit_drop: drop.logit,
            margin_drop: drop.margin,
            other_logit_drop: other.map(|drops| drops.logit),
            other_margin_drop: other.map(|drops| drops.margin),
        }
    })
}

/// The neurons of every lesion.
fn set_rows(controls: &LayerControls) -> impl Iterator<Item = RandomSetRow> {
    controls.lesions.iter().map(move |lesion| {
        let neurons: Vec<String> = lesion.neurons.iter().map(usize::to_string).collect();
        RandomSetRow {
            layer: controls.layer,
            neuron_set: controls.label.clone(),
            sets: controls.sets,
            kind: lesion.kind,
            draw: lesion.draw,
            neurons: neurons.join(" "),
        }
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
                sets: controls.sets,
                logit_drop: matched.drops[place].logit,
                margin_drop: matched.drops[place].margin,
                random_logit_low,
                random_logit_high,
                random_margin_low,
                random_margin_high,
                random_margin_mean: controls.random_margin_mean(place),
            }
        })
    })
}

/// The most sets that a prompt is lesioned with in a layer: the matched sets of both labels, the
/// swapped and the least tuned one, each neuron of the matched set, the strongest of these, and the random sets of each
/// kind. Both labels share the `random` sets if their matched sets have the same size.
fn most_sets(design: &Design<'_>) -> usize {
    let neurons = design.neurons();
    let (kinds, largest) = match design.study.lesion.sets {
        SetRule::Share(share) => (SetKind::RANDOM.len(), floor_share(share, neurons)),
        SetRule::Top(count) => (SetKind::RANDOM.len() + 1, count.min(neurons)),
        SetRule::Significant => (SetKind::RANDOM.len() + 1, neurons),
    };
    5 + largest + kinds * design.random_sets()
}

/// The same of the paper's lesion.
fn most_paper_sets(design: &Design<'_>) -> usize {
    /// Random kinds that it is compared with.
    const KINDS: usize = 3;
    2 + design.neurons() + KINDS * design.random_sets()
}

/// A layer and a label with prompts.
struct Cell<'a> {
    layer: usize,
    label: &'a str,
    /// The place of the label in the contrast.
    side: usize,
    sets: SetChoice,
    /// The number of this cell, for the random streams.
    index: usize,
    matched: Arc<[usize]>,
    swapped: Arc<[usize]>,
    /// The prompts of the label.
    prompts: Vec<usize>,
    /// The prompts of the other label in which the matched set and, if it is the study's own, the
    /// `random` sets are lesioned too.
    other_prompts: Vec<usize>,
}

impl Cell<'_> {
    fn most_trials(&self, design: &Design<'_>) -> usize {
        let sets = match self.sets {
            SetChoice::Lesioned => most_sets(design),
            SetChoice::Labelled => most_paper_sets(design),
        };
        (self.prompts.len() + self.other_prompts.len()) * sets
    }

    fn journal_key(&self, lesions: &str) -> String {
        format!("controls {} {} {} {lesions}", self.sets, self.layer, self.label)
    }
}

/// The layers and labels of the study's own lesions, and then those of the paper's.
fn list_cells<'a>(bench: &Bench<'a, '_>) -> Vec<Cell<'a>> {
    let Bench { design, labelled, lesioned, laboratory, .. } = bench;
    let mut cells = Vec::new();
    for &layer in design.layers {
        for (side, label) in lesioned.labels().into_iter().enumerate() {
            let other = lesioned.other(label);
            cells.push(Cell {
                layer,
                label,
                side,
                sets: SetChoice::Lesioned,
                index: 2 * layer + side,
                matched: lesioned.set(layer, label),
                swapped: lesioned.set(layer, other),
                prompts: laboratory.labelled(label),
                other_prompts: laboratory.labelled(other),
            });
        }
    }
    let layer = design.layer;
    for (side, label) in labelled.labels().into_iter().enumerate() {
        let matched = labelled.set(layer, label);
        let is_same = laboratory.zeroes_at_masks()
            && design.layers.contains(&layer)
            && matched == lesioned.set(layer, label);
        if !is_same {
            cells.push(Cell {
                layer,
                label,
                side,
                sets: SetChoice::Labelled,
                // The study's own cells have the numbers below.
                index: 2 * (labelled.layers() + layer) + side,
                matched,
                swapped: Arc::from([]),
                prompts: laboratory.labelled(label),
                other_prompts: laboratory.labelled(labelled.other(label)),
            });
        }
    }
    cells.retain(|cell| !cell.prompts.is_empty());
    cells
}

/// Lesions the matched set of each layer and its controls in every prompt that has a label.
fn run_controls(
    bench: &mut Bench<'_, '_>,
    progress: Progress<'_>,
) -> Result<Vec<LayerControls>, StudyError> {
    let cells = list_cells(bench);
    let design = bench.design;
    let all = cells.iter().map(|cell| cell.most_trials(&design)).sum();
    let at_masks = MaskActivations::measure(design, &mut |_, _| progress(0, all))?;
    let paper = LesionMethod::paper(design.study);
    let paper = paper.prepare(None, design.prompts, design.study.seed)?;
    let mut found = Vec::with_capacity(cells.len());
    let mut done = 0;
    let mut left = LeftBatches::default();
    // One layer and label after the other, so that not all lesions are in memory at once.
    for cell in &cells {
        let mut watch = |now, _| progress(done + now, all);
        let controls = match cell.sets {
            SetChoice::Lesioned => run_cell(bench, cell, &at_masks, &mut watch),
            SetChoice::Labelled => {
                let method = bench.laboratory.replace_method(paper.clone());
                let controls = run_cell(bench, cell, &at_masks, &mut watch);
                bench.laboratory.replace_method(method);
                controls
            }
        };
        found.extend(left.take(controls)?);
        done += cell.most_trials(&design);
        report(progress, done, all)?;
    }
    left.check()?;
    add_direct_effects(bench, &cells, &mut found)?;
    Ok(found)
}

/// Adds the direct effects of the matched sets, if their lesions are zero where the word is predicted
/// and the words there are compared.
fn add_direct_effects(
    bench: &Bench<'_, '_>,
    cells: &[Cell<'_>],
    controls: &mut [LayerControls],
) -> Result<(), StudyError> {
    if bench.laboratory.scores_sentences() {
        return Ok(());
    }
    let is_zero =
        |cell: &Cell<'_>| cell.sets == SetChoice::Labelled || bench.laboratory.zeroes_at_masks();
    let mut sets = Vec::new();
    let mut comparable = Vec::new();
    for (cell, controls) in cells.iter().zip(controls) {
        if is_zero(cell) && !cell.matched.is_empty() {
            sets.push(SetInPrompts {
                layers: bench.laboratory.lesioned_layers(cell.layer),
                neurons: cell.matched.clone(),
                prompts: &cell.prompts,
            });
            comparable.push(controls);
        }
    }
    let sums = sum_direct_effects(bench.design.subject, bench.design.prompts, &sets)?;
    for (controls, sum) in comparable.into_iter().zip(sums) {
        controls.direct_margin_drop = Some(sum);
    }
    Ok(())
}

/// The activations of every neuron where the words of the prompts are predicted, `[layers x neurons]` for each.
struct MaskActivations<'a> {
    passes: PromptPasses<'a>,
    /// After the activation function, at the prediction of each pass.
    post: Vec<Vec<f32>>,
    /// At the site of the study's lesions, the mean over the predictions of each prompt.
    at_lesion: Vec<Vec<f32>>,
}

impl<'a> MaskActivations<'a> {
    fn measure(design: Design<'a>, progress: Progress<'_>) -> Result<Self, StudyError> {
        let subject = design.subject;
        let passes = PromptPasses::of(design.prompts);
        let site = model_site(Site::Post);
        let post = activations_of_passes(subject, &passes, site, &mut *progress)?;
        let at_lesion = if design.study.lesion.site == Site::Pre {
            let site = model_site(Site::Pre);
            passes.means(&activations_of_passes(subject, &passes, site, progress)?)
        } else {
            passes.means(&post)
        };
        Ok(Self { passes, post, at_lesion })
    }

    /// The activations of some neurons at every prediction of some prompts, after the activation function.
    fn after_activation<'b>(
        &'b self,
        prompts: &'b [usize],
        columns: Range<usize>,
    ) -> impl Iterator<Item = &'b [f32]> {
        let passes = prompts.iter().flat_map(|&prompt| self.passes.of_prompt(prompt));
        passes.map(move |pass| &self.post[pass][columns.clone()])
    }
}

/// The neurons of a layer with the properties that random sets are matched on.
struct LayerNeurons {
    /// Each neuron's mean |activation| at the predictions, in the layers in which it is lesioned.
    activity: Vec<f64>,
    /// Its activity times the norm of its output weights.
    displacement: Vec<f64>,
}

impl LayerNeurons {
    fn new(
        bench: &Bench<'_, '_>,
        cell: &Cell<'_>,
        at_masks: &MaskActivations<'_>,
    ) -> Result<Self, StudyError> {
        let mut activations = Vec::new();
        for layer in bench.laboratory.lesioned_layers(cell.layer) {
            let columns = bench.selection.columns(layer);
            activations.extend(at_masks.after_activation(&cell.prompts, columns));
        }
        let activity = mean_sizes(activations.into_iter());
        let norms = bench.design.subject.model.output_norms(cell.layer)?;
        let displacement =
            activity.iter().zip(norms).map(|(activity, norm)| activity * f64::from(norm)).collect();
        Ok(Self { activity, displacement })
    }

    /// Root mean square of the neurons' activity.
    fn mean_activity(&self, neurons: &[usize]) -> f64 {
        let squares = neurons.iter().map(|&neuron| self.activity[neuron].powi(2));
        (squares.sum::<f64>() / neurons.len() as f64).sqrt()
    }

    /// Root of the sum of the neurons' squared displacements.
    fn displacement(&self, neurons: &[usize]) -> f64 {
        neurons.iter().map(|&neuron| self.displacement[neuron].powi(2)).sum::<f64>().sqrt()
    }

    /// A lesion with the properties of its set. `drops` are those in the label's prompts.
    fn lesion(
        &self,
        kind: SetKind,
        draw: usize,
        neurons: &Arc<[usize]>,
        drops: Vec<Drops>,
        other_drops: Vec<Drops>,
    ) -> ControlLesion {
        ControlLesion {
            kind,
            draw,
            neurons: neurons.clone(),
            activity: self.mean_activity(neurons),
            displacement: self.displacement(neurons),
            drops,
            other_drops,
        }
    }
}

/// The mean |activation| of each neuron.
fn mean_sizes<'a>(rows: impl Iterator<Item = &'a [f32]>) -> Vec<f64> {
    let mut sums: Vec<f64> = Vec::new();
    let mut count = 0.0;
    for row in rows {
        sums.resize(row.len(), 0.0);
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(value.abs());
        }
        count += 1.0;
    }
    sums.iter().map(|sum| sum / count).collect()
}

/// Lesions the sets of one layer in the prompts of one label. Comparisons beyond the first are made
/// only if its p is small enough for the claim to be shown at all.
fn run_cell(
    bench: &mut Bench<'_, '_>,
    cell: &Cell<'_>,
    at_masks: &MaskActivations<'_>,
    progress: Progress<'_>,
) -> Result<LayerControls, StudyError> {
    let design = bench.design;
    let neurons = LayerNeurons::new(bench, cell, at_masks)?;
    let mut controls = LayerControls {
        layer: cell.layer,
        label: cell.label.to_owned(),
        sets: cell.sets,
        prompts: cell.prompts.clone(),
        other_prompts: cell.other_prompts.clone(),
        clean_margins: Vec::new(),
        direct_margin_drop: None,
        shared: [None, None],
        strongest_drops: None,
        differing_at_masks: None,
        lesions: Vec::new(),
    };
    if cell.matched.is_empty() {
        return Ok(controls);
    }
    controls.differing_at_masks = count_differing_at_masks(
        design.prompts,
        &at_masks.at_lesion,
        bench.selection.columns(cell.layer),
        cell.label,
        &cell.matched,
    )?;
    let mut left = LeftBatches::default();
    left.take(run_matched(bench, cell, &neurons, &mut controls, &mut *progress))?;
    left.take(run_random(bench, cell, &neurons, &mut controls, &mut *progress))?;
    let every_kind = design.study.controls.every_kind;
    let mut singles = None;
    if every_kind && cell.matched.len() < design.neurons() {
        // There are random sets, so these lesions depend on no result.
        singles = left.take(lesion_singles(bench, cell, &mut *progress))?;
        left.take(run_similar(bench, cell, &neurons, &mut controls, &mut *progress))?;
    }
    left.check()?;
    let Some(test) = controls.compare_margins(SetKind::Random) else { return Ok(controls) };
    if !every_kind {
        if test.p_two_sided > LEVEL {
            return Ok(controls);
        }
        singles = left.take(lesion_singles(bench, cell, &mut *progress))?;
        left.take(run_similar(bench, cell, &neurons, &mut controls, &mut *progress))?;
    }
    if let Some(singles) = singles {
        let strongest = lesion_strongest(bench, cell, &singles, test.excess, progress);
        controls.strongest_drops = left.take(strongest)?;
    }
    left.check()?;
    Ok(controls)
}

/// Lesions the random sets of the kinds beyond the first.
fn run_similar(
    bench: &mut Bench<'_, '_>,
    cell: &Cell<'_>,
    neurons: &LayerNeurons,
    controls: &mut LayerControls,
    progress: Progress<'_>,
) -> Result<(), StudyError> {
    let design = bench.design;
    let plan = design.random_set_plan();
    let mut left = LeftBatches::default();
    let similar = [
        (SetKind::RandomActive, Purpose::ActiveSet, &neurons.activity),
        (SetKind::RandomDisplaced, Purpose::DisplacedSet, &neurons.displacement),
    ];
    for (place, (kind, purpose, values)) in similar.into_iter().enumerate() {
        let groups = SimilarGroups::new(values, &cell.matched);
        controls.shared[place] = Some(groups.shared()).filter(|shared| shared.is_finite());
        let sets = bench.drawn.get_or_draw(purpose, (cell.index, cell.matched.len()), || {
            plan.draw(purpose, cell.index, |rng| groups.choose(rng))
        });
        let laboratory = &mut bench.laboratory;
        left.take(add_own(laboratory, cell, neurons, kind, &sets, controls, &mut *progress))?;
    }
    if cell.sets == SetChoice::Lesioned && design.study.lesion.neurons.is_none() {
        let sets = reselect(bench, cell.layer, cell.side)?;
        let kind = SetKind::Reselected;
        let laboratory = &mut bench.laboratory;
        left.take(add_own(laboratory, cell, neurons, kind, &sets, controls, progress))?;
    }
    left.check()
}

/// Neurons of a set that are lesioned together to see how concentrated its effect is.
const STRONGEST: usize = 5;

/// Lesions each matched neuron by itself.
fn lesion_singles(
    bench: &mut Bench<'_, '_>,
    cell: &Cell<'_>,
    progress: Progress<'_>,
) -> Result<Vec<LesionedSet>, StudyError> {
    let singles: Vec<Arc<[usize]>> =
        cell.matched.iter().map(|&neuron| Arc::from([neuron])).collect();
    let key = cell.journal_key("singles");
    lesion_sets(&mut bench.laboratory, &key, cell.layer, &singles, &cell.prompts, progress)
}

/// The mean margin drops of the strongest matched neuron, and of the [`STRONGEST`] together. The
/// strongest are those whose own lesions, `singles`, do most in the direction of `excess`.
fn lesion_strongest(
    bench: &mut Bench<'_, '_>,
    cell: &Cell<'_>,
    singles: &[LesionedSet],
    excess: f64,
    progress: Progress<'_>,
) -> Result<[f64; 2], StudyError> {
    let mut drops: Vec<(f64, usize)> = singles
        .iter()
        .map(|set| (excess.signum() * mean_drops(&set.drops).margin, set.neurons[0]))
        .collect();
    drops.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut strongest: Vec<usize> =
        drops.iter().take(STRONGEST).map(|&(_, neuron)| neuron).collect();
    strongest.sort_unstable();
    let key = cell.journal_key("strongest");
    let sets = [strongest.into()];
    let laboratory = &mut bench.laboratory;
    let together = lesion_sets(laboratory, &key, cell.layer, &sets, &cell.prompts, progress)?;
    let first = drops.first().map_or(0.0, |&(drop, _)| excess.signum() * drop);
    Ok([first, together.first().map_or(0.0, |set| mean_drops(&set.drops).margin)])
}

/// Lesions sets of one kind in the label's prompts, and adds these lesions to `controls`.
fn add_own(
    laboratory: &mut Laboratory<'_>,
    cell: &Cell<'_>,
    neurons: &LayerNeurons,
    kind: SetKind,
    sets: &[Arc<[usize]>],
    controls: &mut LayerControls,
    progress: Progress<'_>,
) -> Result<(), StudyError> {
    let key = cell.journal_key(kind.name());
    let lesioned = lesion_sets(laboratory, &key, cell.layer, sets, &cell.prompts, progress)?;
    for (draw, set) in lesioned.into_iter().enumerate() {
        controls.lesions.push(neurons.lesion(kind, draw, &set.neurons, set.drops, Vec::new()));
    }
    Ok(())
}

/// Lesions the matched set in the prompts of both labels, and the swapped and the least tuned one in
/// those of the label.
fn run_matched(
    bench: &mut Bench<'_, '_>,
    cell: &Cell<'_>,
    neurons: &LayerNeurons,
    controls: &mut LayerControls,
    progress: Progress<'_>,
) -> Result<(), StudyError> {
    let Bench { design, selection, laboratory, .. } = bench;
    let prompts = [&cell.prompts[..], &cell.other_prompts].concat();
    let mut trials = Vec::with_capacity(prompts.len());
    for &prompt in &prompts {
        trials.push(Trial::single(prompt, cell.layer, cell.matched.clone()));
    }
    let key = cell.journal_key("matched");
    let mut left = LeftBatches::default();
    let outcomes = laboratory.run(&key, &trials, Read::Candidates, &mut *progress);
    if let Some(outcomes) = left.take(outcomes)? {
        let (outcomes, other_outcomes) = outcomes.split_at(cell.prompts.len());
        controls.clean_margins = outcomes.iter().map(|outcome| outcome.clean.margin()).collect();
        let drops = |outcomes: &[Outcome]| outcomes.iter().map(Outcome::drops).collect();
        controls.lesions.push(neurons.lesion(
            SetKind::Matched,
            0,
            &cell.matched,
            drops(outcomes),
            drops(other_outcomes),
        ));
    }
    let mut others = Vec::new();
    if !cell.swapped.is_empty() {
        others.push((SetKind::Swapped, cell.swapped.clone()));
    }
    if cell.sets == SetChoice::Lesioned {
        let count = cell.matched.len();
        let mut weakest: Vec<usize> =
            (0..selection.neurons).filter(|neuron| !cell.matched.contains(neuron)).collect();
        if weakest.len() >= count {
            let tests = &selection.tests[selection.columns(cell.layer)];
            sort_by_strength(&mut weakest, tests, design.study.lesion.strength);
            let weakest = weakest[weakest.len() - count..].into();
            others.push((SetKind::LeastTuned, weakest));
        }
    }
    for (kind, set) in others {
        left.take(add_own(laboratory, cell, neurons, kind, &[set], controls, &mut *progress))?;
    }
    left.check()
}

/// Lesions the `random` sets: those of a study's own cells in every prompt that has a label, those of
/// the paper's lesion in the label's prompts.
fn run_random(
    bench: &mut Bench<'_, '_>,
    cell: &Cell<'_>,
    neurons: &LayerNeurons,
    controls: &mut LayerControls,
    progress: Progress<'_>,
) -> Result<(), StudyError> {
    let design = bench.design;
    let size = cell.matched.len();
    let kind = SetKind::Random;
    if cell.sets == SetChoice::Labelled {
        let sets = design.random_set_plan().any(&mut bench.drawn, cell.layer, size);
        return add_own(&mut bench.laboratory, cell, neurons, kind, &sets, controls, progress);
    }
    let lesioned = bench.lesion_random_sets(cell.layer, size, progress)?;
    let labelled = design.labelled();
    let pick = |drops: &[Drops], prompts: &[usize]| -> Vec<Drops> {
        places_among(prompts, &labelled).into_iter().map(|place| drops[place]).collect()
    };
    for (draw, set) in lesioned.iter().enumerate() {
        let drops = pick(&set.drops, &cell.prompts);
        let other_drops = pick(&set.drops, &cell.other_prompts);
        controls.lesions.push(neurons.lesion(kind, draw, &set.neurons, drops, other_drops));
    }
    Ok(())
}
