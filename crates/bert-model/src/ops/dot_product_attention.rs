//! Scaled dot-product attention of several heads (Vaswani et al. 2017, arXiv:1706.03762).

use burn::tensor::{Tensor, TensorData, activation};

use crate::ops::{
    cpu::{
        attention_kernel::attention_kernel,
        tensor_values::{in_order, is_plain_cpu, values},
    },
    head_counts::HeadCounts,
    reach::Reach,
};

/// The queries, keys and values of tokens: `[batch, seq, width]` each, the heads side by side. Keys and values may
/// have fewer heads than queries. Rotary positions are not in them yet, so that a token's are the same wherever
/// it stands.
#[derive(Clone, Debug)]
pub struct Projections {
    /// The queries.
    pub queries: Tensor<3>,
    /// The keys.
    pub keys: Tensor<3>,
    /// The values.
    pub values: Tensor<3>,
}

/// `softmax(Q Kᵀ / sqrt(size)) V` of each head, the heads of queries side by side: `[batch, seq, width]`.
pub(crate) fn dot_product_attention(
    projections: Projections,
    heads: HeadCounts,
    reach: Reach,
) -> Tensor<3> {
    if is_plain_cpu(&projections.queries.device()) {
        attention_on_cpu(projections, heads, reach)
    } else {
        attention_by_burn(projections, heads, reach)
    }
}

/// [`dot_product_attention`] of one token of each row, at these positions: the queries are `[batch, 1,
/// width]`, the keys and values those of all tokens. Returns `[batch, 1, width]`.
pub(crate) fn attention_by_one(
    projections: Projections,
    heads: HeadCounts,
    reach: Reach,
    positions: &[usize],
) -> Tensor<3> {
    let [batch, length, _] = projections.keys.dims();
    let [_, _, width] = projections.queries.dims();
    let size = width / heads.queries;
    let keys = heads.split(projections.keys).swap_dims(2, 3);
    let queries = projections.queries.reshape([batch, heads.queries, 1, size]);
    // [batch, heads, 1, seq]
    let mut scores = queries.matmul(keys) / (size as f64).sqrt();
    if !reach.is_all_of(length) {
        let penalties = reach.penalties(positions.iter().copied(), length, &scores.device());
        scores = scores + penalties.reshape([batch, 1, 1, length]);
    }
    let attended = activation::softmax(scores, 3).matmul(heads.split(projections.values));
    attended.swap_dims(1, 2).reshape([batch, 1, width])
}

/// [`dot_product_attention`] of the tokens of each row from `first` on: the queries are `[batch, tokens, width]`, the
/// keys and values those of all tokens. Returns `[batch, tokens, width]`.
pub(crate) fn attention_from(
    projections: Projections,
    heads: HeadCounts,
    reach: Reach,
    first: usize,
) -> Tensor<3> {
    let [_, length, _] = projections.keys.dims();
    let [batch, tokens, width] = projections.queries.dims();
    let size = width / heads.queries;
    let queries = projections.queries.reshape([batch, tokens, heads.queries, size]);
    let keys = heads.split(projections.keys).swap_dims(2, 3);
    // [batch, heads, tokens, seq]
    let mut scores = queries.swap_dims(1, 2).matmul(keys) / (size as f64).sqrt();
    if !reach.is_all_of(length) {
        let penalties = reach.penalties(first..first + tokens, length, &scores.device());
        scores = scores + penalties.unsqueeze::<4>();
    }
    let attended = activation::softmax(scores, 3).matmul(heads.split(projections.values));
    attended.swap_dims(1, 2).reshape([batch, tokens, width])
}

/// The gradients at the projections, from the one at [`dot_product_attention`], in the same shape.
pub(crate) fn dot_product_attention_backward(
    projections: Projections,
    heads: HeadCounts,
    reach: Reach,
    gradient: Tensor<3>,
) -> Projections {
    let [batch, length, width] = gradient.dims();
    let size = width / heads.queries;
    let root = (size as f64).sqrt();
    let split =
        |tensor: Tensor<3>| tensor.reshape([batch, length, heads.queries, size]).swap_dims(1, 2);
    let queries = split(projections.queries);
    let keys = heads.split(projections.keys);
    let values = heads.split(projections.values);
    let scores = queries.clone().matmul(keys.clone().swap_dims(2, 3)) / root;
    let scores = hide(scores, reach);
    let weights = activation::softmax(scores, 3);
    let gradient = split(gradient);
    let at_weights = gradient.clone().matmul(values.swap_dims(2, 3));
    let mean = (at_weights.clone() * weights.clone()).sum_dim(3);
    let at_scores = weights.clone() * (at_weights - mean) / root;
    let at_queries = at_scores.clone().matmul(keys);
    Projections {
        queries: at_queries.swap_dims(1, 2).reshape([batch, length, width]),
        keys: heads.join_backward(at_scores.swap_dims(2, 3).matmul(queries)),
        values: heads.join_backward(weights.swap_dims(2, 3).matmul(gradient)),
    }
}

/// Scores, `[batch, heads, seq, seq]`, that softmax makes 0 for tokens out of reach.
fn hide(scores: Tensor<4>, reach: Reach) -> Tensor<4> {
    let [.., length] = scores.dims();
    if reach.is_all_of(length) {
        return scores;
    }
    let penalties = reach.penalties(0..length, length, &scores.device());
    scores + penalties.unsqueeze::<4>()
}

fn attention_by_burn(projections: Projections, heads: HeadCounts, reach: Reach) -> Tensor<3> {
    let Projections { queries, keys, values } = projections;
    let [batch, length, width] = queries.dims();
    let size = width / heads.queries;
    // [batch, heads, seq, size]
    let queries = queries.reshape([batch, length, heads.queries, size]).swap_dims(1, 2);
    let scores = queries.matmul(heads.split(keys).swap_dims(2, 3)) / (size as f64).sqrt();
    let attended = activation::softmax(hide(scores, reach), 3).matmul(heads.split(values));
    attended.swap_dims(1, 2).reshape([batch, length, width])
}

fn attention_on_cpu(projections: Projections, heads: HeadCounts, reach: Reach) -> Tensor<3> {
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
        reach,
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
            [key_values, group, size] in [1_usize..4, 1_usize..4, 1_usize..40],
            reach in prop_oneof![
                Just(Reach::All),
                Just(Reach::Left),
                (0_usize..90).prop_map(Reach::Window),
                (0_usize..90).prop_map(Reach::LeftWindow),
            ],
            at in 0_usize..90,
        ) {
            let heads = HeadCounts { queries: key_values * group, key_values };
            let random = |rows, heads| {
                let normal = Distribution::Normal(0.0, 2.0);
                Tensor::random([rows, length, heads * size], normal, &Device::flex())
            };
            // A view of a part.
            let queries = random(batch + 1, heads.queries).narrow(0, 1, batch);
            let [keys, values] = [0; 2].map(|_| random(batch, key_values));
            let projections = Projections { queries, keys, values };
            let expected = attention_by_burn(projections.clone(), heads, reach);
            let found = attention_on_cpu(projections.clone(), heads, reach);
            let error: f32 = (found - expected.clone()).abs().max().into_scalar();
            prop_assert!(error < 3e-5, "{}", error);
            let at = at % length;
            let end = length - at;
            let queries = projections.queries.clone().narrow(1, at, end);
            let found =
                attention_from(Projections { queries, ..projections.clone() }, heads, reach, at);
            let error: f32 =
                (found - expected.clone().narrow(1, at, end)).abs().max().into_scalar();
            prop_assert!(error < 3e-5, "{}", error);
            let queries = projections.queries.narrow(1, at, 1);
            let projections = Projections { queries, ..projections };
            let found = attention_by_one(projections, heads, reach, &vec![at; batch]);
            let error: f32 = (found - expected.narrow(1, at, 1)).abs().max().into_scalar();
            prop_assert!(error < 3e-5, "{}", error);
        }
    }
}
