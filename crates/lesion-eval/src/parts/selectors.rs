//! Selectors: other ways to choose neurons than by t, and how much the lesion of what they choose does.

use std::sync::Arc;

use neuron_stats::{Alternative, dice, strongest};
use rand::seq::SliceRandom;
use study_record::{Range, Selector, Study, tables::SelectorRow};

use crate::{
    engine::{
        batch_share::LeftBatches,
        trial::{Drops, Outcome, Read, Trial, mean_drops},
    },
    error::StudyError,
    parts::{
        dose::choose_sizes,
        laboratory_part::{
            Bench, Design, EncodedTable, LaboratoryPart, PartResult, Trials, check_words_are_scored,
        },
        layer_controls::central_range,
        random_sets::choose_any,
        selector_scores::{PASSES_PER_PROMPT, Scores, ScoresByPrompt, score_by_stimuli},
        template_bootstrap::{Templates, by_prompt, mean_over},
    },
    passes::progress::Progress,
    random::{Purpose, stream},
};

/// The part `selectors`: in one layer, neurons that each [`Selector`] chooses for a label, lesioned in the
/// label's prompts.
pub(crate) struct Selectors;

impl LaboratoryPart for Selectors {
    fn check(&self, study: &Study) -> Result<(), StudyError> {
        check_words_are_scored(study)
    }

    fn trials(&self, design: &Design<'_>) -> Trials {
        let settings = &design.study.selectors;
        let sizes = choose_sizes(settings.sizes.get(), design.neurons());
        let sets = Selector::ALL.len() + settings.draws.get();
        let prompts = design.labelled().len();
        let passes = prompts * PASSES_PER_PROMPT;
        Trials::starting_at(design.layer, prompts * sizes.len() * sets)
            .at_most()
            .and_passes(design.layer, passes)
    }

    fn run(
        &self,
        bench: &mut Bench<'_, '_>,
        progress: Progress<'_>,
    ) -> Result<PartResult, StudyError> {
        let layer = bench.layer_of_interest()?;
        let mut cells = Vec::new();
        for (side, label) in bench.lesioned.labels().into_iter().enumerate() {
            let prompts = bench.laboratory.labelled(label);
            let most = bench.lesioned.set(layer, label).len();
            if !prompts.is_empty() && most > 0 {
                cells.push(Cell { layer, side, label, prompts, most });
            }
        }
        if cells.is_empty() {
            return Ok(PartResult::table(EncodedTable::new(Vec::<SelectorRow>::new())?));
        }
        let by_prompt = ScoresByPrompt::compute(bench, layer, &mut *progress)?;
        let all = self.trials(&bench.design).count;
        let mut done = 0;
        let mut rows = Vec::new();
        let mut left = LeftBatches::default();
        for cell in &cells {
            let choosers = list_choosers(bench, cell, &by_prompt)?;
            for size in choose_sizes(bench.design.study.selectors.sizes.get(), cell.most) {
                let mut watch = |now, _| progress(done + now, all);
                let lesioned = lesion_size(bench, cell, &choosers, size, &mut watch);
                let Some((found, trials)) = left.take(lesioned)? else { continue };
                rows.extend(found);
                done += trials;
            }
        }
        left.check()?;
        Ok(PartResult::table(EncodedTable::new(rows)?))
    }
}

/// A label with neurons and prompts.
struct Cell<'a> {
    layer: usize,
    /// 0 for label a, 1 for label b.
    side: usize,
    label: &'a str,
    prompts: Vec<usize>,
    /// Size of the label's lesioned set.
    most: usize,
}

/// A selector with the scores by which it chooses neurons for each of the label's prompts.
struct Chooser {
    selector: Selector,
    /// Share of held-out stimuli whose side it predicts, if it predicts any.
    accuracy: Option<f64>,
    /// For each prompt of the cell, which of `scores` is used.
    half: Vec<usize>,
    scores: Vec<Scores>,
}

impl Chooser {
    /// The set that is lesioned in each prompt of the cell.
    fn choose(&self, size: usize) -> Vec<Arc<[usize]>> {
        let mut sets: Vec<Arc<[usize]>> = Vec::with_capacity(self.scores.len());
        for scores in &self.scores {
            let mut set = strongest(scores, size, Alternative::Greater);
            set.sort_unstable();
            sets.push(set.into());
        }
        self.half.iter().map(|&half| sets[half].clone()).collect()
    }
}

/// Every selector that can choose, `t` first. One that uses prompts chooses for either half of the label's
/// templates by the prompts of the other half.
fn list_choosers(
    bench: &Bench<'_, '_>,
    cell: &Cell<'_>,
    by_prompt: &ScoresByPrompt,
) -> Result<Vec<Chooser>, StudyError> {
    let by_stimuli = score_by_stimuli(bench, cell.layer, cell.label)?;
    let halves = split_templates(&bench.design, cell);
    let half: Vec<usize> =
        cell.prompts.iter().map(|prompt| usize::from(halves[1].contains(prompt))).collect();
    let mut choosers = Vec::new();
    for (selector, scores) in by_stimuli.scores {
        let is_probe = selector == Selector::Probe;
        choosers.push(Chooser {
            selector,
            accuracy: is_probe.then_some(by_stimuli.probe_accuracy),
            half: vec![0; cell.prompts.len()],
            scores: vec![scores],
        });
    }
    for &selector in Selector::ALL {
        let by_first = by_prompt.mean(selector, &halves[0]);
        let by_second = by_prompt.mean(selector, &halves[1]);
        let Some((by_first, by_second)) = by_first.zip(by_second) else { continue };
        let scores = vec![by_second, by_first];
        choosers.push(Chooser { selector, accuracy: None, half: half.clone(), scores });
    }
    Ok(choosers)
}

/// The label's prompts in two random halves of their templates.
fn split_templates(design: &Design<'_>, cell: &Cell<'_>) -> [Vec<usize>; 2] {
    let templates = Templates::of(design.prompts).only(|prompt| cell.prompts.contains(&prompt));
    let mut groups = templates.groups().to_vec();
    groups.shuffle(&mut stream(design.study.seed, Purpose::Selectors, cell.side, 0));
    let (first, second) = groups.split_at(groups.len() / 2);
    [first.concat(), second.concat()]
}

/// Lesions as many neurons as `size` that each chooser chooses, and random sets. Returns a row for each
/// chooser, and the number of trials.
fn lesion_size(
    bench: &mut Bench<'_, '_>,
    cell: &Cell<'_>,
    choosers: &[Chooser],
    size: usize,
    progress: Progress<'_>,
) -> Result<(Vec<SelectorRow>, usize), StudyError> {
    let design = bench.design;
    let mut lesions: Vec<Vec<Arc<[usize]>>> =
        choosers.iter().map(|chooser| chooser.choose(size)).collect();
    lesions.extend(draw_random_sets(&design, cell, size));
    let mut trials = Vec::with_capacity(lesions.len() * cell.prompts.len());
    for sets in &lesions {
        for (&prompt, set) in cell.prompts.iter().zip(sets) {
            trials.push(Trial::single(prompt, cell.layer, set.clone()));
        }
    }
    let key = format!("selectors {} {size}", cell.label);
    let outcomes = bench.laboratory.run(&key, &trials, Read::Candidates, progress)?;
    let drops: Vec<Drops> = outcomes.iter().map(Outcome::drops).collect();
    let drops: Vec<&[Drops]> = drops.chunks(cell.prompts.len()).collect();
    let (chosen, random) = drops.split_at(choosers.len());
    let random: Vec<f64> = random.iter().map(|drops| mean_drops(drops).margin).collect();
    let random_sets = random.len();
    let (random_low, random_high) = central_range(random).unzip();

    let intervals = Intervals::new(&design, cell);
    let drops_t = chosen[0];
    let mut rows = Vec::with_capacity(choosers.len());
    for ((chooser, sets), drops) in choosers.iter().zip(&lesions).zip(chosen) {
        let mean = mean_drops(drops);
        let (margin_low, margin_high) = intervals.of(|place| drops[place].margin)?.unzip();
        let beyond = |place: usize| drops[place].margin - drops_t[place].margin;
        let is_t = chooser.selector == Selector::T;
        let beyond_interval = if is_t { None } else { intervals.of(beyond)? };
        let (beyond_t_low, beyond_t_high) = beyond_interval.unzip();
        rows.push(SelectorRow {
            layer: cell.layer,
            neuron_set: cell.label.to_owned(),
            selector: chooser.selector,
            neurons: size,
            prompts: cell.prompts.len(),
            dice_t: mean_dice(sets, &lesions[0]),
            logit_drop: mean.logit,
            margin_drop: mean.margin,
            margin_low,
            margin_high,
            beyond_t: mean.margin - mean_drops(drops_t).margin,
            beyond_t_low,
            beyond_t_high,
            random_sets,
            random_low,
            random_high,
            probe_accuracy: chooser.accuracy,
        });
    }
    Ok((rows, trials.len()))
}

/// The random sets of one size, each for every prompt; none if the set is the whole layer.
fn draw_random_sets(design: &Design<'_>, cell: &Cell<'_>, size: usize) -> Vec<Vec<Arc<[usize]>>> {
    let neurons = design.neurons();
    let mut sets = Vec::new();
    if size < neurons {
        for number in 0..design.study.selectors.draws.get() {
            let index = 2 + 2 * size + cell.side;
            let mut rng = stream(design.study.seed, Purpose::Selectors, index, number);
            sets.push(vec![choose_any(neurons, size, &mut rng); cell.prompts.len()]);
        }
    }
    sets
}

/// The mean overlap of the sets of two choosers.
fn mean_dice(sets: &[Arc<[usize]>], others: &[Arc<[usize]>]) -> f64 {
    let overlaps = sets.iter().zip(others).map(|(set, other)| dice(set, other));
    overlaps.sum::<f64>() / sets.len() as f64
}

/// Intervals of means over the prompts of a cell.
struct Intervals<'a> {
    design: Design<'a>,
    prompts: &'a [usize],
    templates: Templates,
}

impl<'a> Intervals<'a> {
    fn new(design: &Design<'a>, cell: &'a Cell<'_>) -> Self {
        let templates = Templates::of(design.prompts).only(|prompt| cell.prompts.contains(&prompt));
        Self { design: *design, prompts: &cell.prompts, templates }
    }

    /// The interval of the mean of a value of each prompt, by its place in the cell.
    fn of(&self, value: impl Fn(usize) -> f64) -> Result<Option<Range>, StudyError> {
        let values: Vec<f64> = (0..self.prompts.len()).map(value).collect();
        let values = by_prompt(self.design.prompts.len(), self.prompts, &values);
        let bootstrap = self.design.bootstrap();
        self.templates.interval(bootstrap, |prompts| mean_over(prompts, &values))
    }
}
