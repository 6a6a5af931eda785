//! Kernels for the CPU, on slices of `f32`.
//!
//! Burn 0.22.1's flex backend allocates a new buffer for each step, which takes a tenth of a lesioned
//! pass, and computes exponentials one scalar at a time. These kernels work in place and vectorised.

pub(crate) mod attention_kernel;
pub(crate) mod exp2;
pub(crate) mod freed_memory;
pub(crate) mod gelu_kernel;
pub(crate) mod layer_norm_kernel;
pub(crate) mod matrix_product;
pub(crate) mod sigmoid_kernel;
pub(crate) mod softmax;
pub(crate) mod tensor_values;
pub(crate) mod vectorised;
