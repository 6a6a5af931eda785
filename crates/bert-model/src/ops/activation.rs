//! Activation functions.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use burn::tensor::{Tensor, activation};

use crate::ops::cpu::{
    gelu_kernel::gelu_in_place,
    sigmoid_kernel::{gelu_tanh_in_place, silu_in_place},
    tensor_values::{in_place, is_plain_cpu},
};

/// The function between the two matrices of an MLP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// `x Φ(x)`, with the normal distribution by erf.
    #[default]
    Gelu,
    /// `x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2`, which is near GELU.
    GeluTanh,
    /// `max(x, 0)`.
    Relu,
    /// `x / (1 + exp(-x))`.
    Silu,
}

/// The names that `transformers` has for each function.
const NAMES: [(Activation, &[&str]); 4] = [
    (Activation::Gelu, &["gelu", "gelu_python"]),
    (
        Activation::GeluTanh,
        &["gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_python_tanh", "gelu_accurate"],
    ),
    (Activation::Relu, &["relu"]),
    (Activation::Silu, &["silu", "swish"]),
];

/// `√(2/π)`: [`Activation::GeluTanh`] is `x σ(2 √(2/π) (x + 0.044715 x³))`.
const ROOT: f64 = FRAC_2_SQRT_PI * FRAC_1_SQRT_2;
/// The coefficient of x³ in [`Activation::GeluTanh`].
const CUBIC: f64 = 0.044_715;

impl Activation {
    /// The function of this name in `transformers`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        NAMES.into_iter().find(|(_, names)| names.contains(&name)).map(|(function, _)| function)
    }

    /// All names that [`Activation::named`] knows.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().flat_map(|(_, names)| names).copied()
    }

    /// True if the function of 0 is 0, so that zeroing a neuron before it and after it is the same.
    #[must_use]
    pub fn is_zero_at_zero(self) -> bool {
        match self {
            Self::Gelu | Self::GeluTanh | Self::Relu | Self::Silu => true,
        }
    }

    /// `f(x)`: on the CPU by kernels, elsewhere as the backend computes it.
    pub(crate) fn forward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        let on_cpu = is_plain_cpu(&x.device());
        match self {
            Self::Gelu if on_cpu => in_place(x, gelu_in_place),
            Self::Gelu => activation::gelu(x),
            Self::GeluTanh if on_cpu => in_place(x, gelu_tanh_in_place),
            Self::GeluTanh => x.clone() * self.factor(x),
            Self::Relu => activation::relu(x),
            Self::Silu if on_cpu => in_place(x, silu_in_place),
            Self::Silu => activation::silu(x),
        }
    }

    /// `f(x) / x`, which is `Φ(x)` for GELU.
    pub(crate) fn factor<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Gelu => normal_cdf(x),
            Self::GeluTanh => {
                let cubic = x.clone() * x.clone() * x.clone() * CUBIC;
                activation::sigmoid((x + cubic) * (2.0 * ROOT))
            }
            Self::Relu => x.greater_elem(0.0).float(),
            Self::Silu => activation::sigmoid(x),
        }
    }

    /// The derivative of f; that of ReLU at 0 is 0.
    pub(crate) fn derivative<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        let factor = self.factor(x.clone());
        match self {
            Self::Gelu => {
                let density = (x.clone() * x.clone() * -0.5).exp() * (0.5 * ROOT);
                factor + x * density
            }
            Self::GeluTanh => {
                let slope = (x.clone() * x.clone() * (3.0 * CUBIC) + 1.0) * (2.0 * ROOT);
                factor.clone() + x * slope * factor.clone() * (-factor + 1.0)
            }
            Self::Relu => factor,
            Self::Silu => factor.clone() + x * factor.clone() * (-factor + 1.0),
        }
    }
}

/// `Φ(x)`, the distribution function of the normal distribution.
fn normal_cdf<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    ((x * FRAC_1_SQRT_2).erf() + 1) * 0.5
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use statrs::function::erf::erf;

    use super::*;

    /// The definition of a function, in f64.
    fn exact(function: Activation, x: f64) -> f64 {
        match function {
            Activation::Gelu => 0.5 * x * (1.0 + erf(x * FRAC_1_SQRT_2)),
            Activation::GeluTanh => 0.5 * x * (1.0 + (ROOT * (x + CUBIC * x.powi(3))).tanh()),
            Activation::Relu => x.max(0.0),
            Activation::Silu => x / (1.0 + (-x).exp()),
        }
    }

    fn values(tensor: Tensor<1>) -> Vec<f32> {
        tensor.into_data().try_into_vec().unwrap()
    }

    #[test]
    fn each_function_and_its_derivative_are_those_of_its_definition() {
        const STEP: f64 = 1e-5;
        let points: Vec<f32> = (-4000..=4000).map(|i| (i as f32 + 0.5) / 500.0).collect();
        let x = || Tensor::<1>::from_data(points.as_slice(), &Device::flex());
        for (function, _) in NAMES {
            let found = values(function.forward(x()));
            let slopes = values(function.derivative(x()));
            let factors = values(function.factor(x()));
            for (index, &point) in points.iter().enumerate() {
                let point = f64::from(point);
                let expected = exact(function, point);
                assert!((f64::from(found[index]) - expected).abs() < 1e-6, "{function:?} {point}");
                let factor = f64::from(factors[index]) * point;
                assert!((factor - expected).abs() < 2e-6, "{function:?} {point}");
                let slope =
                    (exact(function, point + STEP) - exact(function, point - STEP)) / (2.0 * STEP);
                assert!((f64::from(slopes[index]) - slope).abs() < 1e-5, "{function:?} {point}");
            }
            assert_eq!(exact(function, 0.0) == 0.0, function.is_zero_at_zero(), "{function:?}");
            let zero = Tensor::<1>::zeros([1], &Device::flex());
            assert_eq!(values(function.forward(zero)) == [0.0], function.is_zero_at_zero());
        }
    }
}
