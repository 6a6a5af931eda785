//! GELU with the exact erf.

use burn::tensor::{Tensor, activation};

use crate::ops::cpu::{
    gelu_kernel::gelu_in_place,
    tensor_values::{in_place, is_plain_cpu},
};

/// `GELU(x) = x Φ(x)`: on the CPU by [`gelu_in_place`], elsewhere as the backend computes it.
pub(crate) fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if is_plain_cpu(&x.device()) { in_place(x, gelu_in_place) } else { activation::gelu(x) }
}
