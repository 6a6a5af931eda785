//! Lesions of several layers at once, against the sum of what each layer's lesion does by itself.

use std::fmt;

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

/// Which layers are lesioned together.
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
    /// As the study asks.
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
    /// Every one of `layers` by itself, all cumulative patterns from the bottom and from the top,
    /// and those given; none with the same layers twice.
    #[must_use]
    pub fn all(layers: &[usize], given: &[Vec<usize>]) -> Vec<Self> {
        let pattern = |kind, layers: &[usize]| {
            let mut layers = layers.to_vec();
            layers.sort_unstable();
            layers.dedup();
            Self { kind, layers }
        };
        let single = layers.iter().map(|&layer| pattern(PatternKind::Single, &[layer]));
        let up = (2..=layers.len()).map(|count| pattern(PatternKind::Up, &layers[..count]));
        let down = (2..layers.len())
            .map(|count| pattern(PatternKind::Down, &layers[layers.len() - count..]));
        let given = given.iter().map(|layers| pattern(PatternKind::Given, layers));
        let mut all: Vec<Self> = single.chain(up).chain(down).collect();
        for given in given {
            if !all.iter().any(|other| other.layers == given.layers) {
                all.push(given);
            }
        }
        all
    }

    /// The layers as text, `2 3 4`.
    #[must_use]
    pub fn name(&self) -> String {
        self.layers.iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
    }
}

/// What a lesion of several layers did to the prompts of one label.
#[derive(Clone, Debug, PartialEq)]
pub struct Joint {
    /// The layers.
    pub pattern: LayerPattern,
    /// The label of the prompts and of the lesioned neurons.
    pub label: String,
    /// Neurons in all layers together.
    pub neurons: usize,
    /// The prompts, as indices into the study's.
    pub prompts: Vec<usize>,
    /// What happened in each.
    pub outcomes: Vec<Outcome>,
    /// The mean fall of the right word.
    pub drop: Drops,
    /// The mean sum of the falls under each layer's lesion by itself.
    pub sum: Drops,
    /// The interval of the synergy, the joint margin drop less that sum; none where there are too
    /// few templates.
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
/// Where the model cannot be run, or gives logits that are not finite.
pub fn joint(
    laboratory: &mut Laboratory<'_>,
    sets: &NeuronSets,
    patterns: &[LayerPattern],
    bootstrap: Bootstrap,
    progress: Progress<'_>,
) -> Result<Vec<Joint>, StudyError> {
    let mut patterns = patterns.to_vec();
    // The sums need every layer by itself.
    let mut layers: Vec<usize> = patterns.iter().flat_map(|of| of.layers.clone()).collect();
    layers.sort_unstable();
    layers.dedup();
    for layer in layers {
        if !patterns.iter().any(|of| of.layers == [layer]) {
            let single = LayerPattern { kind: PatternKind::Single, layers: vec![layer] };
            patterns.push(single);
        }
    }
    let mut trials = Vec::new();
    let mut cells = Vec::new();
    for label in sets.labels() {
        let prompts = laboratory.labelled(label);
        for pattern in patterns.iter().filter(|_| !prompts.is_empty()) {
            let lesioned: Vec<_> =
                pattern.layers.iter().map(|&layer| (layer, sets.set(layer, label))).collect();
            trials.extend(prompts.iter().map(|&prompt| Trial { prompt, layers: lesioned.clone() }));
            let neurons = lesioned.iter().map(|(_, neurons)| neurons.len()).sum::<usize>();
            cells.push((pattern.clone(), label.to_owned(), neurons, prompts.clone()));
        }
    }
    let mut outcomes = laboratory.run("joint", &trials, Read::Probabilities, progress)?.into_iter();
    let templates = Templates::of(laboratory.prompts);
    let mut found: Vec<Joint> = Vec::new();
    for (pattern, label, neurons, prompts) in cells {
        let outcomes: Vec<Outcome> = outcomes.by_ref().take(prompts.len()).collect();
        let drops: Vec<Drops> = outcomes.iter().map(Outcome::drops).collect();
        let of_cell = |prob: fn(&Outcome) -> f64| {
            outcomes.iter().map(prob).sum::<f64>() / outcomes.len() as f64
        };
        let prob = (of_cell(|of| of.clean.prob(0)), of_cell(|of| of.lesioned.prob(0)));
        let nothing = Drops { logit: 0.0, margin: 0.0 };
        found.push(Joint {
            drop: Drops::mean(&drops),
            pattern,
            label,
            neurons,
            prompts,
            outcomes,
            sum: nothing,
            synergy_interval: None,
            prob,
        });
    }
    for index in 0..found.len() {
        let of = &found[index];
        let single = |layer: &usize| {
            found.iter().find(|other| other.pattern.layers == [*layer] && other.label == of.label)
        };
        let parts: Vec<&Joint> = of.pattern.layers.iter().filter_map(single).collect();
        let sums: Vec<Drops> = (0..of.prompts.len())
            .map(|prompt| {
                let part = |of: &&Joint| of.outcomes[prompt].drops();
                Drops {
                    logit: parts.iter().map(|of| part(of).logit).sum(),
                    margin: parts.iter().map(|of| part(of).margin).sum(),
                }
            })
            .collect();
        let synergies = of.outcomes.iter().zip(&sums);
        let synergies: Vec<f64> =
            synergies.map(|(joint, sum)| joint.drops().margin - sum.margin).collect();
        let value = by_prompt(laboratory.prompts.len(), &of.prompts, &synergies);
        let (sum, single) = (Drops::mean(&sums), of.pattern.layers.len() == 1);
        let interval = if single {
            None
        } else {
            let own = templates.only(|prompt| of.prompts.contains(&prompt));
            own.interval(bootstrap, |drawn| mean_over(drawn, &value))?
        };
        (found[index].sum, found[index].synergy_interval) = (sum, interval);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_grow_from_both_ends_and_none_stands_twice() {
        let all = LayerPattern::all(&[0, 1, 2], &[vec![2, 0, 2], vec![0, 2], vec![1, 0]]);
        let found: Vec<_> = all.iter().map(|of| (of.kind.to_string(), of.name())).collect();
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
