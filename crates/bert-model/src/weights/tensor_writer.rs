//! The parts that every block of BERT is made of, written under their names.

use burn::{
    module::Param,
    nn::Linear,
    tensor::{Tensor, TensorData},
};

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

/// Adds the matrices of some linear layers of one input as one, and their biases.
pub(crate) fn save_joint_linear(layers: &[&Linear], name: &str, tensors: &mut NamedTensors) {
    let weights = layers.iter().map(|linear| linear.weight.val().transpose()).collect();
    tensors.push((format!("{name}.weight"), Tensor::cat(weights, 0).into_data()));
    let biases = layers.iter().filter_map(|linear| linear.bias.as_ref().map(Param::val));
    let biases: Vec<Tensor<1>> = biases.collect();
    if !biases.is_empty() {
        tensors.push((format!("{name}.bias"), Tensor::cat(biases, 0).into_data()));
    }
}

/// Adds `{name}.weight` and, if there is one, `{name}.bias`.
pub(crate) fn save_norm(norm: &LayerNorm, name: &str, tensors: &mut NamedTensors) {
    tensors.push((format!("{name}.weight"), norm.gamma.val().into_data()));
    if let Some(beta) = &norm.beta {
        tensors.push((format!("{name}.bias"), beta.val().into_data()));
    }
}
