//! Scaled dot-product attention of several heads (Vaswani et al. 2017, arXiv:1706.03762).

use burn::tensor::{Tensor, TensorData, activation};

use crate::ops::cpu::{
    attention_kernel::attention_kernel,
    tensor_values::{in_order, is_plain_cpu, values},
};

/// The queries, keys and values of tokens: `[batch, seq, hidden]` each, the heads side by side.
#[derive(Clone, Debug)]
pub struct Projections {
    /// The queries.
    pub queries: Tensor<3>,
    /// The keys.
    pub keys: Tensor<3>,
    /// The values.
    pub values: Tensor<3>,
}

/// `softmax(Q Kᵀ / sqrt(size)) V` of each head, the heads side by side: `[batch, seq, hidden]`.
pub(crate) fn dot_product_attention(projections: Projections, heads: usize) -> Tensor<3> {
    if is_plain_cpu(&projections.queries.device()) {
        attention_on_cpu(projections, heads)
    } else {
        attention_by_burn(projections, heads)
    }
}

/// The gradients at the projections, from the one at [`dot_product_attention`], in the same shape.
pub(crate) fn dot_product_attention_backward(
    projections: Projections,
    heads: usize,
    gradient: Tensor<3>,
) -> Projections {
    let [batch, length, width] = gradient.dims();
    let size = width / heads;
    let root = (size as f64).sqrt();
    let split = |tensor: Tensor<3>| tensor.reshape([batch, length, heads, size]).swap_dims(1, 2);
    let join = |tensor: Tensor<4>| tensor.swap_dims(1, 2).reshape([batch, length, width]);
    let [queries, keys, values] =
        [projections.queries, projections.keys, projections.values].map(split);
    let scores = queries.clone().matmul(keys.clone().swap_dims(2, 3)) / root;
    let weights = activation::softmax(scores, 3);
    let gradient = split(gradient);
    let at_weights = gradient.clone().matmul(values.swap_dims(2, 3));
    let mean = (at_weights.clone() * weights.clone()).sum_dim(3);
    let at_scores = weights.clone() * (at_weights - mean) / root;
    Projections {
        queries: join(at_scores.clone().matmul(keys)),
        keys: join(at_scores.swap_dims(2, 3).matmul(queries)),
        values: join(weights.swap_dims(2, 3).matmul(gradient)),
    }
}

fn attention_by_burn(projections: Projections, heads: usize) -> Tensor<3> {
    let Projections { queries, keys, values } = projections;
    let [batch, length, width] = queries.dims();
    let size = width / heads;
    let split = |projected: Tensor<3>| {
        // [batch, heads, seq, size]
        projected.reshape([batch, length, heads, size]).swap_dims(1, 2)
    };
    let scores = split(queries).matmul(split(keys).swap_dims(2, 3)) / (size as f64).sqrt();
    let attended = activation::softmax(scores, 3).matmul(split(values));
    attended.swap_dims(1, 2).reshape([batch, length, width])
}

fn attention_on_cpu(projections: Projections, heads: usize) -> Tensor<3> {
    let device = projections.queries.device();
    let shape = projections.queries.dims();
    let Projections { queries, keys, values: weighted } = projections;
    let [queries, keys, weighted] = [queries, keys, weighted].map(in_order);
    let [_, length, width] = shape;
    let attended = attention_kernel(
        values(&queries),
        values(&keys),
        values(&weighted),
        [length, width],
        heads,
    );
    Tensor::from_data(TensorData::new(attended, shape), &device)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_what_burn_computes(
            [batch, length] in [1_usize..5, 1_usize..90],
            [heads, size] in [1_usize..5, 1_usize..40],
        ) {
            let random = |rows| {
                let normal = Distribution::Normal(0.0, 2.0);
                Tensor::random([rows, length, heads * size], normal, &Device::flex())
            };
            // A view of a part.
            let queries = random(batch + 1).narrow(0, 1, batch);
            let projections = Projections { queries, keys: random(batch), values: random(batch) };
            let expected = attention_by_burn(projections.clone(), heads);
            let found = attention_on_cpu(projections, heads);
            let error: f32 = (found - expected).abs().max().into_scalar();
            prop_assert!(error < 3e-5, "{}", error);
        }
    }
}
