//! The parts that every block of BERT is made of, written under their names.

use burn::{
    nn::Linear,
    tensor::{Tensor, TensorData},
};

use crate::{config::family_traits::Layout, ops::layer_norm::LayerNorm};

/// Tensors by Hugging Face name, in Hugging Face layout.
pub(crate) type NamedTensors = Vec<(String, TensorData)>;

/// Adds `{name}.weight` and, if there is one, `{name}.bias` of a linear layer outside the layers.
pub(crate) fn save_linear(linear: &Linear, name: &str, tensors: &mut NamedTensors) {
    save_linears(&[linear], name, Layout::OutIn, tensors);
}

/// Adds the matrices of some linear layers of one input as one, and their biases.
pub(crate) fn save_linears(
    linears: &[&Linear],
    name: &str,
    layout: Layout,
    tensors: &mut NamedTensors,
) {
    let [_, width] = linears[0].weight.dims();
    save_linears_by_block(linears, width, name, layout, tensors);
}

/// Adds the matrices of some linear layers of one input as one, and their biases, in which blocks of so many outputs of
/// each follow each other.
pub(crate) fn save_linears_by_block(
    linears: &[&Linear],
    block: usize,
    name: &str,
    layout: Layout,
    tensors: &mut NamedTensors,
) {
    let mut weights = Vec::new();
    let mut biases: Vec<Tensor<1>> = Vec::new();
    let [_, width] = linears[0].weight.dims();
    for start in (0..width).step_by(block) {
        for linear in linears {
            weights.push(linear.weight.val().narrow(1, start, block));
            biases.extend(linear.bias.as_ref().map(|bias| bias.val().narrow(0, start, block)));
        }
    }
    let mut weight: Tensor<2> = Tensor::cat(weights, 1);
    if layout == Layout::OutIn {
        weight = weight.transpose();
    }
    tensors.push((format!("{name}.weight"), weight.into_data()));
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
