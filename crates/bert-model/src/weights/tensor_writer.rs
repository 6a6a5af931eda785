//! The parts that every block of BERT is made of, written under their names.

use burn::{nn::Linear, tensor::TensorData};

use crate::ops::layer_norm::LayerNorm;

/// Tensors by Hugging Face name, in Hugging Face layout.
pub(crate) type NamedTensors = Vec<(String, TensorData)>;

/// Adds `{name}.weight` and, if there is one, `{name}.bias`.
pub(crate) fn save_linear(linear: &Linear, name: &str, tensors: &mut NamedTensors) {
    tensors.push((format!("{name}.weight"), linear.weight.val().transpose().into_data()));
    if let Some(bias) = &linear.bias {
        tensors.push((format!("{name}.bias"), bias.val().into_data()));
    }
}

/// Adds `{name}.weight` and `{name}.bias`.
pub(crate) fn save_norm(norm: &LayerNorm, name: &str, tensors: &mut NamedTensors) {
    tensors.push((format!("{name}.weight"), norm.gamma.val().into_data()));
    tensors.push((format!("{name}.bias"), norm.beta.val().into_data()));
}
