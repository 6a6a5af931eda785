//! Lesions of several layers at once, against the sum of the single layers' lesions.

use std::{collections::BTreeSet, fmt, sync::Arc};

use neuron_stats::Bootstrap;

use crate::{
    engine::{
        laboratory::Laboratory,
        trial::{Drops, Outcome, Read, Trial},
    },
    error::StudyError,
    parts::template_bootstrap::{Templates, by_prompt, mean_over},
    passes::progress::Progress,
    selection::neuron_sets::NeuronSets,
};

/// Layers that are lesioned together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerPattern {
    /// How the layers were chosen.
    pub kind: PatternKind,
    /// The layers, ascending.
    pub layers: Vec<usize>,
}

/// How the layers of a joint lesion were chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternKind {
    /// One layer by itself.
    Single,
    /// From the lowest up to some layer.
    Up,
    /// From some layer to the highest.
    Down,
    /// Given by the study.
    Given,
}

impl fmt::Display for PatternKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Single => "single",
            Self::Up => "up",
            Self::Down => "down",
            Self::Given => "given",
        })
    }
}

impl LayerPattern {
    /// The patterns of a study: every one of `layers` by itself, all cumulative patterns from the
    /// bottom and from the top, and the given ones. No layers occur twice.
    #[must_use]
    pub fn all(layers: &[usize], given: &[Vec<usize>]) -> Vec<Self> {
        let mut patterns = Vec::new();
        for &layer in layers {
            patterns.push(Self::new(PatternKind::Single, &[layer]));
        }
        for count in 2..=layers.len() {
            patterns.push(Self::new(PatternKind::Up, &layers[..count]));
        }
        for count in 2..layers.len() {
            patterns.push(Self::new(PatternKind::Down, &layers[layers.len() - count..]));
        }
        for layers in given {
            let pattern = Self::new(PatternKind::Given, layers);
            if !patterns.iter().any(|other| other.layers == pattern.layers) {
                patterns.push(pattern);
            }
        }
        patterns
    }

    fn new(kind: PatternKind, layers: &[usize]) -> Self {
        let mut layers = layers.to_vec();
        layers.sort_unstable();
        layers.dedup();
        Self { kind, layers }
    }

    /// The layers as text, `2 3 4`.
    #[must_use]
    pub fn name(&self) -> String {
        self.layers.iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
    }
}

/// The effect of a lesion of several layers on the prompts of one label.
#[derive(Clone, Debug, PartialEq)]
pub struct Joint {
    /// The layers.
    pub pattern: LayerPattern,
    /// The label of the prompts and of the lesioned neurons.
    pub label: String,
    /// Number of neurons in all layers together.
    pub neurons: usize,
    /// The prompts, as indices into the study's.
    pub prompts: Vec<usize>,
    /// The outcome in each prompt.
    pub outcomes: Vec<Outcome>,
    /// The mean fall of the right word.
    pub drop: Drops,
    /// The mean sum of the falls under each layer's lesion by itself.
    pub sum: Drops,
    /// The interval of the synergy, the joint margin drop less that sum; none with too few templates.
    pub synergy_interval: Option<(f64, f64)>,
    /// The mean probability of the right word without the lesion, and with it.
    pub prob: (f64, f64),
}

impl Joint {
    /// The joint margin drop less the sum of the single ones: above 0 the layers do more together.
    #[must_use]
    pub fn synergy(&self) -> f64 {
        self.drop.margin - self.sum.margin
    }
}

/// Lesions the matched neurons of every pattern's layers in every prompt that has a label.
///
/// # Errors
/// If the model cannot be run or gives logits that are not finite, the journal cannot be written, or
/// `progress` cancels the run.
pub fn joint(
    laboratory: &mut Laboratory<'_>,
    sets: &NeuronSets,
    patterns: &[LayerPattern],
    bootstrap: Bootstrap,
    progress: Progress<'_>,
) -> Result<Vec<Joint>, StudyError> {
    let patterns = add_single_layers(patterns);
    let mut trials = Vec::new();
    let mut cells = Vec::new();
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
            let neurons: usize = layers.iter().map(|(_, neurons)| neurons.len()).sum();
            cells.push((pattern, label, neurons, prompts.clone()));
        }
    }
    let mut outcomes = laboratory.run("joint", &trials, Read::Probabilities, progress)?.into_iter();
    let mut joints: Vec<Joint> = Vec::with_capacity(cells.len());
    for (pattern, label, neurons, prompts) in cells {
        let outcomes: Vec<Outcome> = outcomes.by_ref().take(prompts.len()).collect();
        let drops: Vec<Drops> = outcomes.iter().map(Outcome::drops).collect();
        let count = outcomes.len() as f64;
        let clean: f64 = outcomes.iter().map(|outcome| outcome.clean.prob(0)).sum();
        let lesioned: f64 = outcomes.iter().map(|outcome| outcome.lesioned.prob(0)).sum();
        joints.push(Joint {
            pattern: pattern.clone(),
            label: label.to_owned(),
            neurons,
            prompts,
            outcomes,
            drop: Drops::mean(&drops),
            sum: Drops::NONE,
            synergy_interval: None,
            prob: (clean / count, lesioned / count),
        });
    }
    let templates = Templates::of(laboratory.prompts);
    for index in 0..joints.len() {
        let sums = sum_single_layers(&joints, &joints[index]);
        joints[index].sum = Drops::mean(&sums);
        joints[index].synergy_interval = synergy_interval(
            &joints[index],
            &sums,
            &templates,
            laboratory.prompts.len(),
            bootstrap,
        )?;
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
fn sum_single_layers(joints: &[Joint], joint: &Joint) -> Vec<Drops> {
    let mut singles: Vec<&Joint> = Vec::with_capacity(joint.pattern.layers.len());
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
    joint: &Joint,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_grow_from_both_ends_and_none_occurs_twice() {
        let all = LayerPattern::all(&[0, 1, 2], &[vec![2, 0, 2], vec![0, 2], vec![1, 0]]);
        let found: Vec<_> =
            all.iter().map(|pattern| (pattern.kind.to_string(), pattern.name())).collect();
        let expected = [
            ("single", "0"),
            ("single", "1"),
            ("single", "2"),
            ("up", "0 1"),
            ("up", "0 1 2"),
            ("down", "1 2"),
            ("given", "0 2"),
        ];
        assert_eq!(found, expected.map(|(kind, name)| (kind.to_owned(), name.to_owned())));
    }
}
