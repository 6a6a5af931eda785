//! Linear layers on the CPU: bias and residual stream are laid down first, and the product is added
//! onto them. Burn 0.22.1's flex zeroes a buffer for the product, copies it, and goes over it again
//! for each of the two, which is a tenth of a lesioned pass.

use burn::{
    nn::Linear,
    tensor::{Tensor, TensorData},
};
use burn_flex::{Flex, FlexTensor};
use gemm::Parallelism;

use crate::parts::is_plain_cpu;

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
    let weight = layer.weight.val();
    let [_, width] = weight.dims();
    let rows = batch * length;
    let mut out = Vec::with_capacity(rows * width);
    let bias = layer.bias.as_ref().map(|bias| in_order(bias.val()));
    match (onto.map(in_order), &bias) {
        (Some(onto), Some(bias)) => {
            for row in values(&onto).chunks_exact(width) {
                out.extend(row.iter().zip(values(bias)).map(|(row, bias)| row + bias));
            }
        }
        (Some(onto), None) => out.extend_from_slice(values(&onto)),
        (None, Some(bias)) => (0..rows).for_each(|_| out.extend_from_slice(values(bias))),
        (None, None) => out.resize(rows * width, 0.0),
    }
    let (x, weight) = (in_order(x), in_order(weight));
    add_product(values(&x), values(&weight), &mut out, [rows, inner, width]);
    Tensor::from_data(TensorData::new(out, [batch, length, width]), &device)
}

/// A tensor of the flex backend; copied only where its rows are not one after the other.
fn in_order<const D: usize>(tensor: Tensor<D>) -> FlexTensor {
    let tensor = tensor.try_into_primitive::<Flex>();
    tensor.expect("all tensors of a model are on one device").to_contiguous()
}

fn values(tensor: &FlexTensor) -> &[f32] {
    let (start, count) = (tensor.layout().start_offset(), tensor.layout().num_elements());
    &tensor.storage()[start..start + count]
}

/// Adds the product of `x`, `[rows, inner]`, and `weight`, `[inner, width]`, to `out`.
#[expect(unsafe_code, reason = "Burn's own products take no buffer to add to; `gemm` is unsafe")]
fn add_product(x: &[f32], weight: &[f32], out: &mut [f32], [rows, inner, width]: [usize; 3]) {
    let sizes = [x.len(), weight.len(), out.len()];
    assert_eq!(sizes, [rows * inner, inner * width, rows * width], "matrices of these shapes");
    // Steps from column to column, and from row to row.
    let (of_x, of_weight, of_out) = ([1, inner as isize], [1, width as isize], [1, width as isize]);
    // SAFETY: With these sizes and steps `gemm` reads and writes row-major matrices that fill the
    // three slices, as was asserted, and `out` is borrowed by nobody else.
    unsafe {
        gemm::gemm(
            rows,
            width,
            inner,
            out.as_mut_ptr(),
            of_out[0],
            of_out[1],
            true,
            x.as_ptr(),
            of_x[0],
            of_x[1],
            weight.as_ptr(),
            of_weight[0],
            of_weight[1],
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::Rayon(0),
        );
    }
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
