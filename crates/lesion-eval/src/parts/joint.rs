//! Lesions of several layers at once, against the sum of the single layers' lesions.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use neuron_stats::randomisation_p;
use study_record::{PatternKind, Question, SetChoice, tables::JointRow};

use crate::{
    engine::{
        batch_share::LeftBatches,
        laboratory::Laboratory,
        trial::{Drops, Outcome, Read, Trial, mean_drops},
    },
    error::StudyError,
    parts::{
        claim::{Claim, RandomComparison, standard_error},
        laboratory_part::{Bench, Design, EncodedTable, LaboratoryPart, PartResult, Trials},
        layer_pattern::LayerPattern,
        set_lesions::{LesionedSet, TRIALS_PER_RUN, places_among},
        template_bootstrap::{Templates, by_prompt, mean_over},
    },
    passes::progress::{Progress, report},
    selection::neuron_sets::NeuronSets,
};

/// The part `joint`.
pub(crate) struct Joint;

impl LaboratoryPart for Joint {
    fn trials(&self, design: &Design<'_>) -> Trials {
        let prompts = design.labelled().len();
        let sets = design.random_sets();
        let patterns = add_single_layers(design.patterns);
        let mut trials = Vec::new();
        for pattern in &patterns {
            trials.extend(pattern.layers.first().map(|&layer| (layer, prompts)));
        }
        for pattern in design.tested_patterns() {
            trials.extend(pattern.layers.first().map(|&layer| (layer, prompts * sets)));
        }
        Trials::by_layer(trials).at_most()
    }

    fn run(
        &self,
        bench: &mut Bench<'_, '_>,
        progress: Progress<'_>,
    ) -> Result<PartResult, StudyError> {
        let design = bench.design;
        let mut left = LeftBatches::default();
        let mut joints = list_lesions(&bench.laboratory, bench.lesioned, design.patterns);
        left.take(run_lesions(&mut bench.laboratory, &mut joints, &mut *progress))?;
        let mut random = run_all_random_sets(bench, &joints, &mut left, &mut *progress)?;
        left.check()?;
        let templates = Templates::of(design.prompts);
        let mut rows = Vec::with_capacity(joints.len());
        let mut claims = Vec::new();
        for (done, joint) in joints.iter().enumerate() {
            let sums = sum_single_layers(&joints, joint);
            let interval = synergy_interval(&design, joint, &sums, &templates)?;
            let mut row = joint.row(mean_drops(&sums), interval);
            if joint.is_tested(&design) {
                let random = random.remove(&done).unwrap_or_default();
                let random = random_synergies(&design, &joints, joint, &random);
                let claim = claim_synergy(&design, joint, &row, &sums, &random, &templates);
                let comparison = claim.comparison.as_ref();
                (row.random_low, row.random_high) =
                    comparison.map(|comparison| comparison.range).unzip();
                row.p_synergy = comparison.map(|comparison| comparison.p);
                claims.push(claim);
            }
            rows.push(row);
            report(progress, done + 1, joints.len())?;
        }
        Ok(PartResult { tables: vec![EncodedTable::new(rows)?], claims })
    }
}

/// A layer with some of its neurons.
type LayerSet = (usize, Arc<[usize]>);

/// A lesion of several layers in the prompts of one label.
struct JointLesion {
    pattern: LayerPattern,
    /// The label of the prompts and of the lesioned neurons.
    label: String,
    /// Number of neurons in all layers together.
    neurons: usize,
    /// The prompts, as indices into the study's.
    prompts: Vec<usize>,
    /// The neurons of each layer.
    layers: Vec<LayerSet>,
    /// The outcome in each prompt; empty before it is lesioned.
    outcomes: Vec<Outcome>,
}

impl JointLesion {
    /// True if its synergy is compared with that of random sets.
    fn is_tested(&self, design: &Design<'_>) -> bool {
        design.tested_patterns().any(|pattern| *pattern == self.pattern)
    }

    /// The layers with matched neurons, if these are at least two: the lower ones, and the last.
    fn split_layers(&self) -> Option<(Vec<LayerSet>, LayerSet)> {
        let mut layers = self.layers.clone();
        layers.retain(|(_, neurons)| !neurons.is_empty());
        let last = layers.pop()?;
        if layers.is_empty() { None } else { Some((layers, last)) }
    }

    /// Its row. `sum` is the mean sum of the falls under each layer's lesion by itself, `interval` that
    /// of the synergy.
    fn row(&self, sum: Drops, interval: Option<(f64, f64)>) -> JointRow {
        let drops: Vec<Drops> = self.outcomes.iter().map(Outcome::drops).collect();
        let drop = mean_drops(&drops);
        let (synergy_low, synergy_high) = interval.unzip();
        let count = self.outcomes.len() as f64;
        let clean: f64 = self.outcomes.iter().map(|outcome| outcome.clean.prob(0)).sum();
        let lesioned: f64 = self.outcomes.iter().map(|outcome| outcome.lesioned.prob(0)).sum();
        JointRow {
            pattern: self.pattern.kind,
            layers: self.pattern.name(),
            neuron_set: self.label.clone(),
            neurons: self.neurons,
            prompts: self.prompts.len(),
            logit_drop: drop.logit,
            margin_drop: drop.margin,
            sum_of_single: sum.margin,
            synergy: drop.margin - sum.margin,
            synergy_low,
            synergy_high,
            random_low: None,
            random_high: None,
            p_synergy: None,
            prob_clean: clean / count,
            prob_lesioned: lesioned / count,
        }
    }
}

/// The lesions of the matched neurons of every pattern's layers, in every prompt that has a label.
fn list_lesions(
    laboratory: &Laboratory<'_>,
    sets: &NeuronSets,
    patterns: &[LayerPattern],
) -> Vec<JointLesion> {
    let patterns = add_single_layers(patterns);
    let mut joints: Vec<JointLesion> = Vec::new();
    for label in sets.labels() {
        let prompts = laboratory.labelled(label);
        if prompts.is_empty() {
            continue;
        }
        for pattern in &patterns {
            let layers: Vec<LayerSet> =
                pattern.layers.iter().map(|&layer| (layer, sets.set(layer, label))).collect();
            joints.push(JointLesion {
                pattern: pattern.clone(),
                label: label.to_owned(),
                neurons: layers.iter().map(|(_, neurons)| neurons.len()).sum(),
                prompts: prompts.clone(),
                layers,
                outcomes: Vec::new(),
            });
        }
    }
    joints
}

/// Runs these lesions.
fn run_lesions(
    laboratory: &mut Laboratory<'_>,
    joints: &mut [JointLesion],
    progress: Progress<'_>,
) -> Result<(), StudyError> {
    let mut trials = Vec::new();
    for joint in &*joints {
        for &prompt in &joint.prompts {
            trials.push(Trial { prompt, layers: joint.layers.clone() });
        }
    }
    let mut outcomes = laboratory.run("joint", &trials, Read::Probabilities, progress)?.into_iter();
    for joint in joints {
        joint.outcomes = outcomes.by_ref().take(joint.prompts.len()).collect();
    }
    Ok(())
}

/// The patterns, and each of their layers by itself: the sums need them.
fn add_single_layers(patterns: &[LayerPattern]) -> Vec<LayerPattern> {
    let mut patterns = patterns.to_vec();
    let layers: BTreeSet<usize> =
        patterns.iter().flat_map(|pattern| &pattern.layers).copied().collect();
    for layer in layers {
        if !patterns.iter().any(|pattern| pattern.layers == [layer]) {
            patterns.push(LayerPattern::new(PatternKind::Single, &[layer]));
        }
    }
    patterns
}

/// The sums, for each prompt, of the falls under each layer's lesion by itself.
fn sum_single_layers(joints: &[JointLesion], joint: &JointLesion) -> Vec<Drops> {
    let mut singles: Vec<&JointLesion> = Vec::with_capacity(joint.pattern.layers.len());
    for &layer in &joint.pattern.layers {
        singles.extend(
            joints
                .iter()
                .find(|other| other.pattern.layers == [layer] && other.label == joint.label),
        );
    }
    let mut sums = Vec::with_capacity(joint.prompts.len());
    for prompt in 0..joint.prompts.len() {
        let drops: Vec<Drops> =
            singles.iter().map(|single| single.outcomes[prompt].drops()).collect();
        sums.push(Drops {
            logit: drops.iter().map(|drops| drops.logit).sum(),
            margin: drops.iter().map(|drops| drops.margin).sum(),
        });
    }
    sums
}

/// The synergies in each prompt.
fn synergies(joint: &JointLesion, sums: &[Drops]) -> Vec<f64> {
    let drops = joint.outcomes.iter().map(|outcome| outcome.drops().margin);
    drops.zip(sums).map(|(drop, sum)| drop - sum.margin).collect()
}

/// The interval of the synergy; none for a single layer.
fn synergy_interval(
    design: &Design<'_>,
    joint: &JointLesion,
    sums: &[Drops],
    templates: &Templates,
) -> Result<Option<(f64, f64)>, StudyError> {
    if joint.pattern.layers.len() == 1 {
        return Ok(None);
    }
    let synergies = by_prompt(design.prompts.len(), &joint.prompts, &synergies(joint, sums));
    templates
        .only(|prompt| joint.prompts.contains(&prompt))
        .interval(design.bootstrap(), |prompts| mean_over(prompts, &synergies))
}

/// Random sets in the lower layers of a lesion, with its own set in the last layer.
#[derive(Default)]
struct RandomJointLesions {
    /// The random sets of each lower layer, by themselves.
    lower: Vec<Arc<Vec<LesionedSet>>>,
    /// The margin drops of all layers together, `[random sets][prompts]`.
    drops: Vec<Vec<f64>>,
}

/// The random sets of every lesion that is tested, by its place. Those that need batches of other shares
/// are left.
fn run_all_random_sets(
    bench: &mut Bench<'_, '_>,
    joints: &[JointLesion],
    left: &mut LeftBatches,
    progress: Progress<'_>,
) -> Result<BTreeMap<usize, RandomJointLesions>, StudyError> {
    let mut found = BTreeMap::new();
    for (place, joint) in joints.iter().enumerate() {
        if joint.is_tested(&bench.design) {
            let random = left.take(run_random_sets(bench, joint, &mut *progress))?;
            found.extend(random.map(|random| (place, random)));
        }
    }
    Ok(found)
}

/// Lesions random sets in all layers of a lesion but the last one that has matched neurons, whose
/// matched set is kept. None with neurons in fewer than two layers.
fn run_random_sets(
    bench: &mut Bench<'_, '_>,
    joint: &JointLesion,
    progress: Progress<'_>,
) -> Result<RandomJointLesions, StudyError> {
    let Some((lower, last)) = joint.split_layers() else {
        return Ok(RandomJointLesions::default());
    };
    let plan = bench.design.random_set_plan();
    let mut left = LeftBatches::default();
    let mut random = RandomJointLesions::default();
    let mut sets = Vec::with_capacity(lower.len());
    for (layer, matched) in lower {
        let lesioned = bench.lesion_random_sets(layer, matched.len(), &mut *progress);
        random.lower.extend(left.take(lesioned)?);
        sets.push((layer, plan.any(&mut bench.drawn, layer, matched.len())));
    }
    let draws = sets.iter().map(|(_, sets)| sets.len()).min().unwrap_or_default();
    let draws: Vec<usize> = (0..draws).collect();
    let draws_per_run = (TRIALS_PER_RUN / joint.prompts.len()).max(1);
    for (number, draws) in draws.chunks(draws_per_run).enumerate() {
        let mut trials = Vec::with_capacity(draws.len() * joint.prompts.len());
        for &draw in draws {
            let mut layers: Vec<LayerSet> =
                sets.iter().map(|(layer, sets)| (*layer, sets[draw].clone())).collect();
            layers.push(last.clone());
            for &prompt in &joint.prompts {
                trials.push(Trial { prompt, layers: layers.clone() });
            }
        }
        let key = format!("joint random {} {} {number}", joint.pattern.name(), joint.label);
        let outcomes = bench.laboratory.run(&key, &trials, Read::Candidates, &mut *progress);
        let Some(outcomes) = left.take(outcomes)? else { continue };
        for outcomes in outcomes.chunks(joint.prompts.len()) {
            random.drops.push(outcomes.iter().map(|outcome| outcome.drops().margin).collect());
        }
    }
    left.check()?;
    Ok(random)
}

/// The synergies of random sets, `[random sets][prompts]`.
fn random_synergies(
    design: &Design<'_>,
    joints: &[JointLesion],
    joint: &JointLesion,
    random: &RandomJointLesions,
) -> Vec<Vec<f64>> {
    let Some((_, (last, _))) = joint.split_layers() else { return Vec::new() };
    let places = places_among(&joint.prompts, &design.labelled());
    let last_alone =
        joints.iter().find(|other| other.pattern.layers == [last] && other.label == joint.label);
    let last_drops: Vec<f64> = last_alone
        .into_iter()
        .flat_map(|single| &single.outcomes)
        .map(|outcome| outcome.drops().margin)
        .collect();
    let mut synergies = Vec::with_capacity(random.drops.len());
    for (draw, drops) in random.drops.iter().enumerate() {
        let mut by_prompt = Vec::with_capacity(drops.len());
        for ((drop, &place), last_drop) in drops.iter().zip(&places).zip(&last_drops) {
            let lower: f64 = random.lower.iter().map(|sets| sets[draw].drops[place].margin).sum();
            by_prompt.push(drop - lower - last_drop);
        }
        synergies.push(by_prompt);
    }
    synergies
}

fn claim_synergy(
    design: &Design<'_>,
    joint: &JointLesion,
    row: &JointRow,
    sums: &[Drops],
    random: &[Vec<f64>],
    templates: &Templates,
) -> Claim {
    let count = joint.prompts.len() as f64;
    let means: Vec<f64> = random.iter().map(|set| set.iter().sum::<f64>() / count).collect();
    let comparison = randomisation_p(row.synergy, &means)
        .map(|test| RandomComparison::new(&test, test.p_two_sided, standard_error(&means)));
    let mut excess = Vec::new();
    if !random.is_empty() {
        for (place, synergy) in synergies(joint, sums).into_iter().enumerate() {
            let sum: f64 = random.iter().map(|set| set[place]).sum();
            excess.push(synergy - sum / random.len() as f64);
        }
    }
    let excess = by_prompt(design.prompts.len(), &joint.prompts, &excess);
    let margins: Vec<f64> = joint.outcomes.iter().map(|outcome| outcome.clean.margin()).collect();
    let margins = by_prompt(design.prompts.len(), &joint.prompts, &margins);
    Claim {
        question: Question::Synergy,
        sets: SetChoice::Lesioned,
        layers: joint.pattern.name(),
        label: joint.label.clone(),
        value: row.synergy,
        interval: row.interval(),
        comparison,
        template_excess: templates.means(&excess),
        template_margins: templates.means(&margins),
    }
}
