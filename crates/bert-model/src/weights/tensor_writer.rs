//! The parts that every block of BERT is made of, written under their names.

use burn::{nn::Linear, tensor::TensorData};

use crate::ops::layer_norm::LayerNorm;

/// Tensors by Hugging Face name, in Hugging Face layout.
pub(crate) type NamedTensors = Vec<(String, TensorData)>;

pub(crate) fn save_linear(linear: &Linear, name: &str, out: &mut NamedTensors) {
    out.push((format!("{name}.weight"), linear.weight.val().transpose().into_data()));
    out.extend(linear.bias.iter().map(|bias| (format!("{name}.bias"), bias.val().into_data())));
}

pub(crate) fn save_norm(norm: &LayerNorm, name: &str, out: &mut NamedTensors) {
    out.push((format!("{name}.weight"), norm.gamma.val().into_data()));
    out.push((format!("{name}.bias"), norm.beta.val().into_data()));
}
