//! The neurons of each label that are lesioned.

use std::{collections::BTreeSet, sync::Arc};

use neuron_stats::TTest;
use serde::{Deserialize, Serialize};
use study_record::{SetRule, Strength};

use crate::{
    error::{NeuronSetProblem, StudyError},
    selection::select::Selection,
    share::floor_share,
    texts::contrast::Contrast,
};

/// Chooses from the significant neurons of both labels of one layer.
pub(crate) fn choose_by_rule(
    rule: SetRule,
    mut sets: [Vec<usize>; 2],
    tests: &[TTest],
    strength: Strength,
) -> [Arc<[usize]>; 2] {
    let most = match rule {
        SetRule::Significant => usize::MAX,
        SetRule::Top(count) => count,
        SetRule::Share(share) => {
            let smaller = sets[0].len().min(sets[1].len());
            smaller.min(floor_share(share, tests.len()))
        }
    };
    for set in &mut sets {
        if set.len() > most {
            sort_by_strength(set, tests, strength);
            set.truncate(most);
            set.sort_unstable();
        }
    }
    sets.map(Arc::from)
}

/// The strength of a neuron. One without variance has no t: it is the weakest of all.
fn measure_strength(strength: Strength, test: &TTest) -> f64 {
    if !test.defined {
        return 0.0;
    }
    match strength {
        Strength::T => test.t.abs(),
        Strength::Difference => (test.mean_a - test.mean_b).abs(),
    }
}

/// Sorts neurons of one layer by falling strength.
pub(crate) fn sort_by_strength(neurons: &mut [usize], tests: &[TTest], strength: Strength) {
    let measure = |neuron: usize| measure_strength(strength, &tests[neuron]);
    neurons.sort_by(|&a, &b| measure(b).total_cmp(&measure(a)).then(a.cmp(&b)));
}

/// The strongest neurons of a layer, whether significant or not, in ascending order.
///
/// # Panics
/// If the model has no such layer.
#[must_use]
pub fn strongest_neurons(
    selection: &Selection,
    layer: usize,
    count: usize,
    strength: Strength,
) -> Vec<usize> {
    let tests = &selection.tests[selection.columns(layer)];
    let mut neurons: Vec<usize> = (0..tests.len()).collect();
    sort_by_strength(&mut neurons, tests, strength);
    neurons.truncate(count);
    neurons.sort_unstable();
    neurons
}

/// A set of neurons for each label in each layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeuronSets {
    labels: [String; 2],
    /// The neurons of both labels in each layer, ascending.
    layers: Vec<[Arc<[usize]>; 2]>,
}

impl NeuronSets {
    /// Chooses from the significant neurons of each label.
    #[must_use]
    pub fn choose(selection: &Selection, rule: SetRule, strength: Strength) -> Self {
        let contrast = &selection.contrast;
        let mut layers = Vec::with_capacity(selection.layers);
        for layer in 0..selection.layers {
            let tests = &selection.tests[selection.columns(layer)];
            let sets = [selection.set(layer, &contrast.a), selection.set(layer, &contrast.b)];
            layers.push(choose_by_rule(rule, sets, tests, strength));
        }
        Self::new(contrast, layers)
    }

    /// The sets of both labels in each layer.
    pub(crate) fn new(contrast: &Contrast, layers: Vec<[Arc<[usize]>; 2]>) -> Self {
        Self { labels: [contrast.a.clone(), contrast.b.clone()], layers }
    }

    /// The neurons of `label` in `layer`; none if the label or layer does not exist.
    #[must_use]
    pub fn set(&self, layer: usize, label: &str) -> Arc<[usize]> {
        match (self.layers.get(layer), self.side(label)) {
            (Some(sets), Some(side)) => sets[side].clone(),
            _ => Arc::from([]),
        }
    }

    fn side(&self, label: &str) -> Option<usize> {
        self.labels.iter().position(|other| other == label)
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
    /// One entry per layer and label; sets that are not listed are empty.
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
    /// The neurons that the controlled lesions take; by default all that carry the label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesioned: Option<Vec<usize>>,
}

impl NeuronSetFile {
    /// The file of these sets.
    #[must_use]
    pub fn new(significant: &NeuronSets, lesioned: &NeuronSets) -> Self {
        let mut sets = Vec::new();
        for layer in 0..significant.layers() {
            for label in significant.labels() {
                sets.push(NeuronSetEntry {
                    layer,
                    label: label.to_owned(),
                    neurons: significant.set(layer, label).to_vec(),
                    lesioned: Some(lesioned.set(layer, label).to_vec()),
                });
            }
        }
        Self { sets }
    }

    /// The neurons that carry `label` in `layer`, without duplicates; none if the file lists none in
    /// this layer. They are not checked against a model.
    ///
    /// # Errors
    /// [`StudyError::NoSetOfLabel`] if no set of the file has this label.
    pub fn labelled(&self, layer: usize, label: &str) -> Result<BTreeSet<usize>, StudyError> {
        let known: BTreeSet<&str> = self.sets.iter().map(|entry| entry.label.as_str()).collect();
        let Some(label) = find_label(&known, label) else {
            let known = known.into_iter().map(str::to_owned).collect();
            return Err(StudyError::NoSetOfLabel { label: label.to_owned(), known });
        };
        let entries = self.sets.iter().filter(|entry| entry.label == label && entry.layer == layer);
        Ok(entries.flat_map(|entry| &entry.neurons).copied().collect())
    }

    /// The sets that the file lists: those of all neurons that carry a label, and those that the
    /// controlled lesions take.
    ///
    /// # Errors
    /// [`StudyError::NeuronSet`] if a layer, neuron or label does not exist, or a set is listed
    /// twice.
    pub fn sets(
        &self,
        contrast: &Contrast,
        layers: usize,
        neurons: usize,
    ) -> Result<(NeuronSets, NeuronSets), StudyError> {
        let mut significant =
            NeuronSets::new(contrast, vec![[Arc::from([]), Arc::from([])]; layers]);
        let mut lesioned = significant.clone();
        let mut seen = BTreeSet::new();
        for (index, entry) in self.sets.iter().enumerate() {
            entry
                .add_to(&mut significant, &mut lesioned, &mut seen, neurons)
                .map_err(|problem| StudyError::NeuronSet { index, problem })?;
        }
        Ok((significant, lesioned))
    }
}

/// The label that equals `name`. If none does, the only one that equals it in any letter case.
fn find_label<'a>(labels: &BTreeSet<&'a str>, name: &str) -> Option<&'a str> {
    if let Some(label) = labels.get(name) {
        return Some(label);
    }
    let lower = name.to_lowercase();
    let mut found = labels.iter().filter(|label| label.to_lowercase() == lower);
    match (found.next(), found.next()) {
        (Some(label), None) => Some(label),
        _ => None,
    }
}

impl NeuronSetEntry {
    /// Adds this entry's neurons to the sets. `seen` are the layers and sides of earlier entries.
    fn add_to(
        &self,
        significant: &mut NeuronSets,
        lesioned: &mut NeuronSets,
        seen: &mut BTreeSet<(usize, usize)>,
        neurons: usize,
    ) -> Result<(), NeuronSetProblem> {
        let layer = self.layer;
        let Some(side) = significant.side(&self.label) else {
            let known = significant.labels.clone();
            return Err(NeuronSetProblem::UnknownLabel { label: self.label.clone(), known });
        };
        let layers = significant.layers();
        if layer >= layers {
            return Err(NeuronSetProblem::NoSuchLayer { layer, layers });
        }
        if !seen.insert((layer, side)) {
            return Err(NeuronSetProblem::SecondSet { layer, label: self.label.clone() });
        }
        significant.layers[layer][side] = check_neurons(&self.neurons, neurons)?;
        let others = &significant.layers[layer][1 - side];
        if let Some(&neuron) = self.neurons.iter().find(|neuron| others.contains(neuron)) {
            return Err(NeuronSetProblem::BothLabels { neuron, layer });
        }
        let taken = self.lesioned.as_ref().unwrap_or(&self.neurons);
        lesioned.layers[layer][side] = check_neurons(taken, neurons)?;
        Ok(())
    }
}

/// The listed neurons in ascending order, each once.
fn check_neurons(list: &[usize], neurons: usize) -> Result<Arc<[usize]>, NeuronSetProblem> {
    if let Some(&neuron) = list.iter().find(|&&neuron| neuron >= neurons) {
        return Err(NeuronSetProblem::NoSuchNeuron { neuron, neurons });
    }
    let set: BTreeSet<usize> = list.iter().copied().collect();
    Ok(set.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_found_as_written_before_any_letter_case() {
        let months = BTreeSet::from(["May", "may"]);
        assert_eq!(
            ["may", "May", "MAY"].map(|name| find_label(&months, name)),
            [Some("may"), Some("May"), None]
        );
        assert_eq!(find_label(&BTreeSet::from(["L", "V"]), "l"), Some("L"));
    }

    fn contrast() -> Contrast {
        Contrast { a: "him".into(), b: "her".into(), words: true }
    }

    fn entry(layer: usize, label: &str, neurons: &[usize]) -> NeuronSetEntry {
        NeuronSetEntry { layer, label: label.into(), neurons: neurons.to_vec(), lesioned: None }
    }

    #[test]
    fn a_file_contains_the_listed_sets_and_nothing_else() {
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
    fn labels_are_found_and_unknown_ones_are_errors() {
        let file = NeuronSetFile { sets: vec![entry(1, "her", &[3, 1, 3]), entry(0, "him", &[2])] };
        assert_eq!(file.labelled(1, "her").unwrap(), [1, 3].into());
        assert_eq!(file.labelled(0, "her").unwrap(), [].into());
        let error = file.labelled(1, "it").unwrap_err().to_string();
        assert_eq!(error, "no neuron set has the label \"it\"; found: \"her\", \"him\"");
    }

    #[test]
    fn invalid_entries_are_errors() {
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
