//! Whether neurons that were selected on some stimuli also respond on held-out ones.

use crate::selection::select::Selection;

/// The neurons of one label in one layer on the held-out stimuli.
#[derive(Clone, Debug, PartialEq)]
pub struct Replication {
    /// The layer.
    pub layer: usize,
    /// The label.
    pub label: String,
    /// Number of neurons that carry it.
    pub neurons: usize,
    /// Number of these that differ in the same direction on the held-out stimuli.
    pub same_direction: usize,
    /// Number of these that are significant on the held-out stimuli and carry the same label.
    pub replicated: usize,
}

/// Compares a selection with one on held-out stimuli.
#[must_use]
pub fn replicate(selection: &Selection, held_out: &Selection) -> Vec<Replication> {
    let mut replications = Vec::new();
    for layer in 0..selection.layers {
        for label in [&selection.contrast.a, &selection.contrast.b] {
            replications.push(replicate_set(selection, held_out, layer, label));
        }
    }
    replications
}

fn replicate_set(
    selection: &Selection,
    held_out: &Selection,
    layer: usize,
    label: &str,
) -> Replication {
    let neurons = selection.set(layer, label);
    let significant = held_out.set(layer, label);
    let start = selection.columns(layer).start;
    let same_direction = neurons.iter().filter(|&&neuron| {
        selection.tests[start + neuron].t * held_out.tests[start + neuron].t > 0.0
    });
    Replication {
        layer,
        label: label.to_owned(),
        neurons: neurons.len(),
        same_direction: same_direction.count(),
        replicated: neurons.iter().filter(|neuron| significant.contains(neuron)).count(),
    }
}
