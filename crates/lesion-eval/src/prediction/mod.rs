//! Part 2: the model's predictions.

pub(crate) mod neuron_effects;
pub(crate) mod neuron_view;
pub(crate) mod never_right;
pub(crate) mod predict;
pub(crate) mod random_cloud;
pub(crate) mod sentence;
pub(crate) mod sentence_lesion;
