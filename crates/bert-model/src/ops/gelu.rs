//! GELU with the exact erf.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use burn::tensor::{Tensor, activation};

use crate::ops::cpu::{
    gelu_kernel::gelu_in_place,
    tensor_values::{in_place, is_plain_cpu},
};

/// `GELU(x) = x Φ(x)`: on the CPU by [`gelu_in_place`], elsewhere as the backend computes it.
pub(crate) fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if is_plain_cpu(&x.device()) { in_place(x, gelu_in_place) } else { activation::gelu(x) }
}

/// `Φ(x)`, the distribution function of the normal distribution.
pub(crate) fn normal_cdf<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    ((x * FRAC_1_SQRT_2).erf() + 1) * 0.5
}

/// The derivative of GELU, `Φ(x) + x φ(x)`.
pub(crate) fn gelu_derivative<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let density = (x.clone() * x.clone() * -0.5).exp() * (0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2);
    normal_cdf(x.clone()) + x * density
}
