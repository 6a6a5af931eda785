//! Whether the neurons that were selected on some stimuli respond on others that were held out.

use crate::selection::select::Selection;

/// How the neurons of one label in one layer do on the held-out stimuli.
#[derive(Clone, Debug, PartialEq)]
pub struct Replication {
    /// The layer.
    pub layer: usize,
    /// The label.
    pub label: String,
    /// Neurons that carry it.
    pub neurons: usize,
    /// Of these, how many differ in the same direction on the held-out stimuli.
    pub same_direction: usize,
    /// Of these, how many are significant there and carry the same label.
    pub replicated: usize,
}

/// Compares a selection with one on held-out stimuli.
#[must_use]
pub fn replicate(selection: &Selection, held_out: &Selection) -> Vec<Replication> {
    let labels = [&selection.contrast.a, &selection.contrast.b];
    let of = |layer: usize, label: &String| {
        let neurons = selection.set(layer, label);
        let start = selection.columns(layer).start;
        let again = held_out.set(layer, label);
        let same = |&&neuron: &&usize| {
            let column = start + neuron;
            let (here, there) = (selection.tests[column].t, held_out.tests[column].t);
            here * there > 0.0
        };
        Replication {
            layer,
            label: label.clone(),
            neurons: neurons.len(),
            same_direction: neurons.iter().filter(same).count(),
            replicated: neurons.iter().filter(|neuron| again.contains(neuron)).count(),
        }
    };
    (0..selection.layers).flat_map(|layer| labels.map(|label| of(layer, label))).collect()
}
