//! LayerNorm, and its kind without a mean.

use burn::{
    module::{Module, Param},
    tensor::{Tensor, TensorData, module::layer_norm},
};

use crate::ops::{
    cpu::{
        layer_norm_kernel::normalise,
        tensor_values::{in_order, in_place, is_plain_cpu, values},
    },
    norm_kind::NormKind,
};

/// `(x - mean) / sqrt(variance + epsilon) * gamma + beta` over the last dimension. An RMS norm is the same with 0
/// for the mean.
#[derive(Module, Debug)]
pub(crate) struct LayerNorm {
    /// `[size]`.
    pub(crate) gamma: Param<Tensor<1>>,
    /// `[size]`; none in models whose LayerNorms have no bias.
    pub(crate) beta: Option<Param<Tensor<1>>>,
    #[module(skip)]
    pub(crate) epsilon: f64,
    #[module(skip)]
    pub(crate) kind: NormKind,
}

impl LayerNorm {
    /// `x`: `[.., size]`.
    pub(crate) fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        if !is_plain_cpu(&x.device()) {
            return self.forward_by_burn(x);
        }
        in_place(x, |x| self.normalise(x))
    }

    /// [`LayerNorm::forward`] of a tensor that is still needed.
    pub(crate) fn forward_kept<const D: usize>(&self, x: &Tensor<D>) -> Tensor<D> {
        let device = x.device();
        if !is_plain_cpu(&device) {
            return self.forward_by_burn(x.clone());
        }
        let mut normalised = values(&in_order(x.clone())).to_vec();
        self.normalise(&mut normalised);
        Tensor::from_data(TensorData::new(normalised, x.dims()), &device)
    }

    /// Normalises rows of `size` values.
    #[expect(clippy::cast_possible_truncation, reason = "a small number to add, such as 1e-12")]
    fn normalise(&self, rows: &mut [f32]) {
        let gamma = in_order(self.gamma.val());
        let beta = match &self.beta {
            Some(beta) => in_order(beta.val()),
            None => in_order(self.gamma.val().zeros_like()),
        };
        let epsilon = self.epsilon as f32;
        normalise(rows, values(&gamma), values(&beta), epsilon, self.kind);
    }

    fn forward_by_burn<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let beta = self.beta.as_ref().map(Param::val);
        match self.kind {
            NormKind::Layer => layer_norm(x, self.gamma.val(), beta, self.epsilon),
            NormKind::Rms => {
                let scaled = x.clone() / self.deviation(&x);
                let scaled = scaled * self.gamma.val().unsqueeze::<D>();
                match beta {
                    Some(beta) => scaled + beta.unsqueeze::<D>(),
                    None => scaled,
                }
            }
        }
    }

    /// The divisor of each row.
    fn deviation<const D: usize>(&self, x: &Tensor<D>) -> Tensor<D> {
        let variance = match self.kind {
            NormKind::Layer => x.clone().var_bias(D - 1),
            NormKind::Rms => (x.clone() * x.clone()).mean_dim(D - 1),
        };
        (variance + self.epsilon).sqrt()
    }

    /// Rows less what the norm subtracts from each.
    fn centred<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match self.kind {
            NormKind::Layer => x.clone() - x.mean_dim(D - 1),
            NormKind::Rms => x,
        }
    }

    /// Takes `directions`, `[n, size]`, of its output back to its input. Its scale is frozen at the
    /// standard deviation of `input`, `[1, size]`, which makes it linear.
    pub(crate) fn pull_back(&self, input: &Tensor<2>, directions: Tensor<2>) -> Tensor<2> {
        let scaled = directions * self.gamma.val().unsqueeze::<2>();
        // Subtracting the mean is its own transpose.
        self.centred(scaled) / self.deviation(input)
    }

    /// Takes `directions`, `[n, size]`, of its input on to its output: the transpose of
    /// [`LayerNorm::pull_back`].
    pub(crate) fn carry(&self, input: &Tensor<2>, directions: Tensor<2>) -> Tensor<2> {
        let centred = self.centred(directions);
        centred / self.deviation(input) * self.gamma.val().unsqueeze::<2>()
    }

    /// The gradient at `input`, `[.., size]`, from the one at its output, in the same shape.
    pub(crate) fn backward<const D: usize>(
        &self,
        input: Tensor<D>,
        gradient: Tensor<D>,
    ) -> Tensor<D> {
        let sigma = self.deviation(&input);
        let normalised = self.centred(input) / sigma.clone();
        let scaled = gradient * self.gamma.val().unsqueeze::<D>();
        let along = (scaled.clone() * normalised.clone()).mean_dim(D - 1);
        (self.centred(scaled) - normalised * along) / sigma
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_what_burn_computes(
            [batch, length, size] in [1_usize..9, 1_usize..17, 8_usize..200],
            around in -3.0..3.0,
            biased: bool,
            kind in prop_oneof![Just(NormKind::Layer), Just(NormKind::Rms)],
        ) {
            let device = Device::flex();
            let random = |around| Distribution::Normal(around, 1.0);
            let gamma = Tensor::<1>::random([size], random(0.0), &device);
            let beta = Tensor::<1>::random([size], random(0.0), &device);
            let norm = LayerNorm {
                gamma: Param::from_tensor(gamma),
                beta: biased.then(|| Param::from_tensor(beta)),
                epsilon: 1e-12,
                kind,
            };
            let x = Tensor::<3>::random([length, batch, size], random(around), &device);
            // A view whose rows are not one after the other.
            let x = x.swap_dims(0, 1);
            let before = x.clone().into_data();
            let expected = norm.forward_by_burn(x.clone());
            let found = norm.forward(x.clone());
            prop_assert_eq!(found.dims(), [batch, length, size]);
            let error: f32 = (found - expected).abs().max().into_scalar();
            prop_assert!(error < 1e-5, "{}", error);
            prop_assert_eq!(x.into_data(), before);
        }
    }
}
