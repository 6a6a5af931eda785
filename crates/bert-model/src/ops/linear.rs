//! Linear layers. On the CPU the bias and the residual stream are written first, and the product is
//! added onto them. Burn 0.22.1's flex zeroes a buffer for the product, copies it, and reads it again
//! for each of the two.

use burn::{
    nn::Linear,
    tensor::{Tensor, TensorData},
};

use crate::ops::cpu::{
    matrix_product::{Matrix, add_product},
    tensor_values::{in_order, in_place, is_plain_cpu, values},
};

/// `x W + b`: `x` is `[batch, seq, in]`, the result `[batch, seq, out]`.
pub(crate) fn linear(layer: &Linear, x: Tensor<3>) -> Tensor<3> {
    let device = x.device();
    if !is_plain_cpu(&device) {
        return layer.forward(x);
    }
    let [batch, length, _] = x.dims();
    let [_, width] = layer.weight.dims();
    let rows = batch * length;
    let mut out = match &layer.bias {
        Some(bias) => values(&in_order(bias.val())).repeat(rows),
        None => vec![0.0; rows * width],
    };
    add_weighted(layer, x, &mut out);
    Tensor::from_data(TensorData::new(out, [batch, length, width]), &device)
}

/// `stream + x W + b`: `x` is `[batch, seq, in]`, `stream` and the result are `[batch, seq, out]`.
pub(crate) fn add_linear(layer: &Linear, x: Tensor<3>, stream: Tensor<3>) -> Tensor<3> {
    if !is_plain_cpu(&x.device()) {
        return layer.forward(x) + stream;
    }
    in_place(stream, |out| {
        if let Some(bias) = &layer.bias {
            let bias = in_order(bias.val());
            add_to_each_row(out, values(&bias));
        }
        add_weighted(layer, x, out);
    })
}

/// The gradient at the input of a linear layer, `[batch, seq, in]`, from the one at its output, `[batch,
/// seq, out]`: `gradient Wᵀ`.
pub(crate) fn linear_backward(layer: &Linear, gradient: Tensor<3>) -> Tensor<3> {
    let [batch, length, width] = gradient.dims();
    let weight = layer.weight.val();
    let [inner, _] = weight.dims();
    let gradient = gradient.reshape([batch * length, width]);
    gradient.matmul(weight.transpose()).reshape([batch, length, inner])
}

fn add_to_each_row(out: &mut [f32], bias: &[f32]) {
    for row in out.chunks_exact_mut(bias.len()) {
        for (out, bias) in row.iter_mut().zip(bias) {
            *out += bias;
        }
    }
}

/// Adds `x W` to `out`, the values of `[batch, seq, out]`.
fn add_weighted(layer: &Linear, x: Tensor<3>, out: &mut [f32]) {
    let [batch, length, inner] = x.dims();
    let [_, width] = layer.weight.dims();
    let x = in_order(x);
    let weight = in_order(layer.weight.val());
    let x = Matrix::new(values(&x), [batch * length, inner], inner);
    let weight = Matrix::new(values(&weight), [inner, width], width);
    add_product(x, weight, out, width);
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
        ) {
            let mut layer = Linear {
                weight: Param::from_tensor(random([inner, width])),
                bias: biased.then(|| Param::from_tensor(random([width]))),
            };
            // A view of a part, and one whose rows are not one after the other.
            let part = random([batch + 2, length, inner]).narrow(0, 1, batch);
            let turned = random([length, batch, inner]).swap_dims(0, 1);
            for x in [part, turned] {
                let stream = random([length, batch, width]).swap_dims(0, 1);
                let expected = layer.forward(x.clone());
                let expected_sum = expected.clone() + stream.clone();
                let found = linear(&layer, x.clone());
                prop_assert_eq!(found.dims(), [batch, length, width]);
                prop_assert!(largest(found - expected) < 1e-4);
                let found = add_linear(&layer, x.clone(), stream);
                prop_assert_eq!(found.dims(), [batch, length, width]);
                prop_assert!(largest(found - expected_sum) < 1e-4);
                // The transposed weights are a view too.
                layer.weight = Param::from_tensor(random([width, inner]).transpose());
            }
        }
    }

    #[test]
    fn the_stream_that_it_adds_to_is_unchanged() {
        let layer = Linear { weight: Param::from_tensor(random([4, 4])), bias: None };
        let x = random([2, 3, 4]);
        let before = x.clone().into_data();
        add_linear(&layer, x.clone(), x.clone());
        assert_eq!(x.into_data(), before);
    }
}
