//! Part 1: which neurons respond to the contrast.

pub(crate) mod activations;
pub(crate) mod detectable;
pub(crate) mod diagnose;
pub(crate) mod mask_differences;
pub(crate) mod neuron_sets;
pub(crate) mod observations;
pub(crate) mod replication;
pub(crate) mod select;
pub(crate) mod sentence_activations;
