//! Linear layers on the CPU: bias and residual stream are laid down first, and the product is added
//! onto them. Burn 0.22.1's flex zeroes a buffer for the product, copies it, and goes over it again
//! for each of the two.

use burn::{
    nn::Linear,
    tensor::{Tensor, TensorData},
};

use crate::cpu::{Matrix, add_product, in_order, in_place, is_plain_cpu, values};

/// `x W + b`, plus `onto` where there is one: `x` is `[batch, seq, in]`, the rest
/// `[batch, seq, out]`.
pub(crate) fn linear(layer: &Linear, x: Tensor<3>, onto: Option<Tensor<3>>) -> Tensor<3> {
    let device = x.device();
    // Gradients and other devices need the backend's own operation.
    if !is_plain_cpu(&device) {
        let product = layer.forward(x);
        return match onto {
            Some(onto) => product + onto,
            None => product,
        };
    }
    let [batch, length, inner] = x.dims();
    let (x, weight) = (in_order(x), in_order(layer.weight.val()));
    let (rows, width) = (batch * length, weight.layout().shape()[1]);
    let bias = layer.bias.as_ref().map(|bias| in_order(bias.val()));
    let bias = bias.as_ref().map(values);
    let add = |out: &mut [f32]| {
        let x = Matrix::new(values(&x), [rows, inner], inner);
        add_product(x, Matrix::new(values(&weight), [inner, width], width), out, width);
    };
    if let Some(onto) = onto {
        return in_place(onto, |out| {
            for row in out.chunks_exact_mut(width) {
                row.iter_mut().zip(bias.unwrap_or_default()).for_each(|(out, bias)| *out += bias);
            }
            add(out);
        });
    }
    let mut out = bias.map_or_else(|| vec![0.0; rows * width], |bias| bias.repeat(rows));
    add(&mut out);
    Tensor::from_data(TensorData::new(out, [batch, length, width]), &device)
}

#[cfg(test)]
mod tests {
    use burn::{
        module::Param,
        tensor::{Device, Distribution},
    };
    use proptest::prelude::*;

    use super::*;

    fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
    }

    fn largest(tensor: Tensor<3>) -> f32 {
        tensor.abs().max().into_scalar()
    }

    proptest! {
        #[test]
        fn it_is_what_burn_computes(
            [batch, length, inner, width] in [1_usize..9, 1_usize..17, 1_usize..70, 1_usize..70],
            biased: bool,
            onto: bool,
        ) {
            let mut layer = Linear {
                weight: Param::from_tensor(random([inner, width])),
                bias: biased.then(|| Param::from_tensor(random([width]))),
            };
            // A view of a part, and one whose rows are not one after the other.
            let part = random([batch + 2, length, inner]).narrow(0, 1, batch);
            let turned = random([length, batch, inner]).swap_dims(0, 1);
            for x in [part, turned] {
                let stream = onto.then(|| random([length, batch, width]).swap_dims(0, 1));
                let mut expected = layer.forward(x.clone());
                if let Some(stream) = &stream {
                    expected = expected + stream.clone();
                }
                let found = linear(&layer, x.clone(), stream);
                prop_assert_eq!(found.dims(), [batch, length, width]);
                prop_assert!(largest(found - expected) < 1e-4);
                // The transposed weights are a view too.
                layer.weight = Param::from_tensor(random([width, inner]).transpose());
            }
        }
    }

    #[test]
    fn what_it_adds_to_stays_as_it_was() {
        let layer = Linear { weight: Param::from_tensor(random([4, 4])), bias: None };
        let x = random([2, 3, 4]);
        let before = x.clone().into_data();
        linear(&layer, x.clone(), Some(x.clone()));
        assert_eq!(x.into_data(), before);
    }
}
