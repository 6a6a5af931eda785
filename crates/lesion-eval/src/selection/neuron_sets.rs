//! Which neurons of each label are lesioned.

use std::{collections::BTreeSet, fmt, str::FromStr, sync::Arc};

use neuron_stats::TTest;
use serde::{Deserialize, Serialize};

use crate::{
    error::StudyError, selection::select::Selection, share::whole, texts::stimuli::Contrast,
};

/// Which of a label's significant neurons a lesion takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SetRule {
    /// All of them.
    Significant,
    /// The strongest so many, fewer where there are not as many.
    Top(usize),
    /// Equally many of both labels, the strongest, at most this share of the layer, so that other
    /// neurons are left to compare with.
    Share(f64),
}

impl SetRule {
    /// Checks that there can be such sets.
    ///
    /// # Errors
    /// [`StudyError::Share`] for a share that is none, [`StudyError::Impossible`] for no neuron.
    pub fn check(self) -> Result<(), StudyError> {
        match self {
            Self::Share(share) if !(share > 0.0 && share < 1.0) => Err(StudyError::Share { share }),
            Self::Top(0) => {
                let problem = "the top 0 neurons are none; ask for 1 or more".to_owned();
                Err(StudyError::Impossible { problem })
            }
            _ => Ok(()),
        }
    }

    /// Chooses from the significant neurons of both labels of one layer.
    pub(crate) fn choose(
        self,
        mut sets: [Vec<usize>; 2],
        tests: &[TTest],
        strength: Strength,
    ) -> [Arc<[usize]>; 2] {
        let most = match self {
            Self::Significant => usize::MAX,
            Self::Top(count) => count,
            Self::Share(share) => {
                sets[0].len().min(sets[1].len()).min(whole(share * tests.len() as f64))
            }
        };
        for set in &mut sets {
            if set.len() > most {
                strength.sort(set, tests);
                set.truncate(most);
                set.sort_unstable();
            }
        }
        sets.map(Arc::from)
    }
}

/// What makes a neuron strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// |t|.
    T,
    /// |effect size|.
    Effect,
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::T => "t",
            Self::Effect => "effect",
        })
    }
}

impl FromStr for Strength {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "t" => Ok(Self::T),
            "effect" => Ok(Self::Effect),
            other => Err(format!("`{other}` is no strength; `t` and `effect` are")),
        }
    }
}

impl Strength {
    /// A neuron without variance has no t: it is the weakest of all.
    pub(crate) fn of(self, test: &TTest) -> f64 {
        match self {
            _ if !test.defined => 0.0,
            Self::T => test.t.abs(),
            Self::Effect => test.effect.abs(),
        }
    }

    /// Sorts neurons of one layer by falling strength.
    pub(crate) fn sort(self, neurons: &mut [usize], tests: &[TTest]) {
        let strength = |neuron: usize| self.of(&tests[neuron]);
        neurons.sort_by(|&a, &b| strength(b).total_cmp(&strength(a)).then(a.cmp(&b)));
    }
}

/// A set of neurons for each label in each layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeuronSets {
    labels: [String; 2],
    /// For each layer the neurons of both labels, ascending.
    layers: Vec<[Arc<[usize]>; 2]>,
}

impl NeuronSets {
    /// Chooses from the significant neurons of each label.
    #[must_use]
    pub fn choose(selection: &Selection, rule: SetRule, strength: Strength) -> Self {
        let labels = [&selection.contrast.a, &selection.contrast.b].map(Clone::clone);
        let layers = (0..selection.layers)
            .map(|layer| {
                let tests = &selection.tests[selection.columns(layer)];
                let sets = [&labels[0], &labels[1]].map(|label| selection.set(layer, label));
                rule.choose(sets, tests, strength)
            })
            .collect();
        Self { labels, layers }
    }

    /// Sets that were chosen layer by layer.
    pub(crate) fn new(contrast: &Contrast, layers: Vec<[Arc<[usize]>; 2]>) -> Self {
        Self { labels: [contrast.a.clone(), contrast.b.clone()], layers }
    }

    /// The neurons of `label` in `layer`; none where there is no such label or layer.
    #[must_use]
    pub fn set(&self, layer: usize, label: &str) -> Arc<[usize]> {
        let side = self.labels.iter().position(|own| own == label);
        let found = side.and_then(|side| Some(self.layers.get(layer)?[side].clone()));
        found.unwrap_or_else(|| Arc::from([]))
    }

    /// The other label.
    #[must_use]
    pub fn other(&self, label: &str) -> &str {
        &self.labels[usize::from(self.labels[0] == label)]
    }

    /// Both labels.
    #[must_use]
    pub fn labels(&self) -> [&str; 2] {
        [&self.labels[0], &self.labels[1]]
    }

    /// Number of layers.
    #[must_use]
    pub fn layers(&self) -> usize {
        self.layers.len()
    }
}

/// The neuron sets of a study as a file, so that another backend, another copy of the model or
/// another person lesions exactly these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeuronSetFile {
    /// One entry for each layer and label; one that is not listed is empty.
    pub sets: Vec<NeuronSetEntry>,
}

/// The neurons of one label in one layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeuronSetEntry {
    /// The layer.
    pub layer: usize,
    /// The label.
    pub label: String,
    /// The neurons that carry the label; the paper's lesion takes all of them.
    pub neurons: Vec<usize>,
    /// Those that the controlled lesions take; all of them where this is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesioned: Option<Vec<usize>>,
}

impl NeuronSetFile {
    /// The file of these sets.
    #[must_use]
    pub fn new(significant: &NeuronSets, lesioned: &NeuronSets) -> Self {
        let entry = |layer: usize, label: &str| NeuronSetEntry {
            layer,
            label: label.to_owned(),
            neurons: significant.set(layer, label).to_vec(),
            lesioned: Some(lesioned.set(layer, label).to_vec()),
        };
        let layers = 0..significant.layers();
        let sets = layers
            .flat_map(|layer| significant.labels().map(|label| entry(layer, label)))
            .collect();
        Self { sets }
    }

    /// The neurons that carry `label` in `layer`, without duplicates; none where the file lists none
    /// in this layer. They are not checked against a model.
    ///
    /// # Errors
    /// [`StudyError::Impossible`] where the file lists no such label at all.
    pub fn labelled(&self, layer: usize, label: &str) -> Result<BTreeSet<usize>, StudyError> {
        let own = || self.sets.iter().filter(|entry| entry.label == label);
        if own().next().is_none() {
            let known: BTreeSet<&str> = self.sets.iter().map(|of| of.label.as_str()).collect();
            let known = known.into_iter().map(|label| format!("\"{label}\""));
            let known = known.collect::<Vec<_>>().join(", ");
            let problem = format!("no neuron set has the label \"{label}\"; found: {known}");
            return Err(StudyError::Impossible { problem });
        }
        let neurons = own().filter(|entry| entry.layer == layer).flat_map(|entry| &entry.neurons);
        Ok(neurons.copied().collect())
    }

    /// The sets that the file lists: those of all neurons that carry a label, and those that the
    /// controlled lesions take.
    ///
    /// # Errors
    /// [`StudyError::NeuronSet`] for a layer, neuron or label that does not exist, and for a set
    /// that is listed twice.
    pub fn sets(
        &self,
        contrast: &Contrast,
        layers: usize,
        neurons: usize,
    ) -> Result<(NeuronSets, NeuronSets), StudyError> {
        let labels = [&contrast.a, &contrast.b].map(Clone::clone);
        let empty = NeuronSets { labels, layers: vec![[Arc::from([]), Arc::from([])]; layers] };
        let (mut significant, mut lesioned) = (empty.clone(), empty);
        let mut seen = Vec::new();
        for (index, entry) in self.sets.iter().enumerate() {
            let error = |problem: String| StudyError::NeuronSet { index, problem };
            let Some(side) = significant.labels.iter().position(|own| *own == entry.label) else {
                let [a, b] = &significant.labels;
                let label = &entry.label;
                return Err(error(format!("the label \"{label}\" is neither \"{a}\" nor \"{b}\"")));
            };
            if entry.layer >= layers {
                let last = layers.saturating_sub(1);
                let layer = entry.layer;
                return Err(error(format!("layer {layer} does not exist; there are 0 to {last}")));
            }
            if seen.contains(&(entry.layer, side)) {
                let (layer, label) = (entry.layer, &entry.label);
                return Err(error(format!("layer {layer} has a second set \"{label}\"")));
            }
            seen.push((entry.layer, side));
            let checked = |list: &[usize]| {
                if let Some(neuron) = list.iter().find(|&&neuron| neuron >= neurons) {
                    let last = neurons.saturating_sub(1);
                    return Err(error(format!(
                        "neuron {neuron} does not exist; a layer has 0 to {last}"
                    )));
                }
                let mut list = list.to_vec();
                list.sort_unstable();
                list.dedup();
                Ok(Arc::<[usize]>::from(list))
            };
            significant.layers[entry.layer][side] = checked(&entry.neurons)?;
            let other = &significant.layers[entry.layer][1 - side];
            if let Some(both) = entry.neurons.iter().find(|neuron| other.contains(neuron)) {
                let layer = entry.layer;
                return Err(error(format!("neuron {both} of layer {layer} has both labels")));
            }
            let taken = entry.lesioned.as_ref().unwrap_or(&entry.neurons);
            lesioned.layers[entry.layer][side] = checked(taken)?;
        }
        Ok((significant, lesioned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrast() -> Contrast {
        Contrast { a: "him".into(), b: "her".into(), words: true }
    }

    fn entry(layer: usize, label: &str, neurons: &[usize]) -> NeuronSetEntry {
        NeuronSetEntry { layer, label: label.into(), neurons: neurons.to_vec(), lesioned: None }
    }

    #[test]
    fn a_file_says_what_it_lists_and_nothing_else() {
        let mut file =
            NeuronSetFile { sets: vec![entry(1, "her", &[3, 1, 3]), entry(0, "him", &[2])] };
        file.sets[1].lesioned = Some(vec![]);
        let (significant, lesioned) = file.sets(&contrast(), 2, 4).unwrap();
        assert_eq!(*significant.set(1, "her"), [1, 3]);
        assert_eq!(*lesioned.set(1, "her"), [1, 3]);
        assert_eq!(*significant.set(0, "him"), [2]);
        assert!(lesioned.set(0, "him").is_empty() && significant.set(1, "him").is_empty());
        let again = NeuronSetFile::new(&significant, &lesioned);
        assert_eq!(again.sets(&contrast(), 2, 4).unwrap(), (significant, lesioned));
    }

    #[test]
    fn the_neurons_of_a_label_are_found_and_an_unknown_label_is_named() {
        let file = NeuronSetFile { sets: vec![entry(1, "her", &[3, 1, 3]), entry(0, "him", &[2])] };
        assert_eq!(file.labelled(1, "her").unwrap(), [1, 3].into());
        assert_eq!(file.labelled(0, "her").unwrap(), [].into());
        let error = file.labelled(1, "it").unwrap_err().to_string();
        assert_eq!(error, "no neuron set has the label \"it\"; found: \"her\", \"him\"");
    }

    #[test]
    fn what_does_not_exist_is_an_error() {
        for (entries, problem) in [
            (vec![entry(2, "him", &[])], "layer 2"),
            (vec![entry(0, "him", &[4])], "neuron 4"),
            (vec![entry(0, "it", &[])], "\"it\""),
            (vec![entry(0, "him", &[1]), entry(0, "him", &[2])], "second set"),
            (vec![entry(0, "him", &[1, 2]), entry(0, "her", &[2])], "both labels"),
        ] {
            let file = NeuronSetFile { sets: entries };
            let error = file.sets(&contrast(), 2, 4).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }
}
