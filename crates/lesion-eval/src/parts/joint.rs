//! Lesions of several layers at once, against the sum of the single layers' lesions.

use std::{collections::BTreeSet, sync::Arc};

use neuron_stats::Bootstrap;
use study_record::{PatternKind, tables::JointRow};

use crate::{
    engine::{
        laboratory::Laboratory,
        trial::{Drops, Outcome, Read, Trial, mean_drops},
    },
    error::StudyError,
    parts::{
        laboratory_part::{Bench, Design, EncodedTable, LaboratoryPart, Trials},
        layer_pattern::LayerPattern,
        template_bootstrap::{Templates, by_prompt, mean_over},
    },
    passes::progress::{Progress, report},
    selection::neuron_sets::NeuronSets,
};

/// The part `joint`.
pub(crate) struct Joint;

impl LaboratoryPart for Joint {
    fn trials(&self, design: &Design<'_>) -> Trials {
        let prompts = design.labelled_prompts();
        let patterns = add_single_layers(design.patterns);
        let first_layers = patterns.iter().filter_map(|pattern| pattern.layers.first());
        Trials::by_layer(first_layers.map(|&layer| (layer, prompts)))
    }

    fn run(
        &self,
        bench: &mut Bench<'_, '_>,
        progress: Progress<'_>,
    ) -> Result<Vec<EncodedTable>, StudyError> {
        let Bench { design, lesioned, laboratory, .. } = bench;
        let joints = run_patterns(laboratory, lesioned, design.patterns, &mut *progress)?;
        let templates = Templates::of(design.prompts);
        let mut rows = Vec::with_capacity(joints.len());
        for (done, joint) in joints.iter().enumerate() {
            let sums = sum_single_layers(&joints, joint);
            let interval = synergy_interval(
                joint,
                &sums,
                &templates,
                design.prompts.len(),
                design.bootstrap(),
            )?;
            rows.push(joint.row(mean_drops(&sums), interval));
            report(progress, done + 1, joints.len())?;
        }
        Ok(vec![EncodedTable::new(rows)?])
    }
}

/// A lesion of several layers in the prompts of one label.
struct JointLesion {
    pattern: LayerPattern,
    /// The label of the prompts and of the lesioned neurons.
    label: String,
    /// Number of neurons in all layers together.
    neurons: usize,
    /// The prompts, as indices into the study's.
    prompts: Vec<usize>,
    /// The outcome in each prompt.
    outcomes: Vec<Outcome>,
}

impl JointLesion {
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
            prob_clean: clean / count,
            prob_lesioned: lesioned / count,
        }
    }
}

/// Lesions the matched neurons of every pattern's layers in every prompt that has a label.
fn run_patterns(
    laboratory: &mut Laboratory<'_>,
    sets: &NeuronSets,
    patterns: &[LayerPattern],
    progress: Progress<'_>,
) -> Result<Vec<JointLesion>, StudyError> {
    let patterns = add_single_layers(patterns);
    let mut trials = Vec::new();
    let mut joints: Vec<JointLesion> = Vec::new();
    for label in sets.labels() {
        let prompts = laboratory.labelled(label);
        if prompts.is_empty() {
            continue;
        }
        for pattern in &patterns {
            let layers: Vec<(usize, Arc<[usize]>)> =
                pattern.layers.iter().map(|&layer| (layer, sets.set(layer, label))).collect();
            for &prompt in &prompts {
                trials.push(Trial { prompt, layers: layers.clone() });
            }
            joints.push(JointLesion {
                pattern: pattern.clone(),
                label: label.to_owned(),
                neurons: layers.iter().map(|(_, neurons)| neurons.len()).sum(),
                prompts: prompts.clone(),
                outcomes: Vec::new(),
            });
        }
    }
    let mut outcomes = laboratory.run("joint", &trials, Read::Probabilities, progress)?.into_iter();
    for joint in &mut joints {
        joint.outcomes = outcomes.by_ref().take(joint.prompts.len()).collect();
    }
    Ok(joints)
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

/// The interval of the synergy; none for a single layer.
fn synergy_interval(
    joint: &JointLesion,
    sums: &[Drops],
    templates: &Templates,
    prompts: usize,
    bootstrap: Bootstrap,
) -> Result<Option<(f64, f64)>, StudyError> {
    if joint.pattern.layers.len() == 1 {
        return Ok(None);
    }
    let synergies: Vec<f64> = joint
        .outcomes
        .iter()
        .zip(sums)
        .map(|(outcome, sum)| outcome.drops().margin - sum.margin)
        .collect();
    let synergies = by_prompt(prompts, &joint.prompts, &synergies);
    templates
        .only(|prompt| joint.prompts.contains(&prompt))
        .interval(bootstrap, |prompts| mean_over(prompts, &synergies))
}
