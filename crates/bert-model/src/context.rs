//! What tokens attend to, on the CPU: products of the heads where they lie, and a vectorised softmax.
//! Burn 0.22.1's flex lays out each head by itself, and its exponential is scalar.
#![expect(clippy::inline_always, reason = "vectorised only inside the function that dispatches")]

use std::f32::consts::LOG2_E;

use burn::tensor::{Tensor, TensorData, activation};
use rayon::prelude::*;

use crate::{
    Projections,
    cpu::{Matrix, add_product, in_order, is_plain_cpu, values, vectorised},
    gelu::exp2,
};

/// What each head attends to, `softmax(Q Kᵀ / sqrt(size)) V`, the heads side by side:
/// `[batch, seq, hidden]`.
pub(crate) fn context(projections: Projections, heads: usize) -> Tensor<3> {
    // Gradients and other devices need the backend's own operations.
    if is_plain_cpu(&projections.queries.device()) {
        where_heads_lie(projections, heads)
    } else {
        by_heads(projections, heads)
    }
}

fn by_heads(Projections { queries, keys, values }: Projections, heads: usize) -> Tensor<3> {
    let [batch, length, width] = queries.dims();
    let size = width / heads;
    let split = |projected: Tensor<3>| {
        // [batch, heads, seq, size]
        projected.reshape([batch, length, heads, size]).swap_dims(1, 2)
    };
    let scores = split(queries).matmul(split(keys).swap_dims(2, 3)) / (size as f64).sqrt();
    let context = activation::softmax(scores, 3).matmul(split(values));
    context.swap_dims(1, 2).reshape([batch, length, width])
}

fn where_heads_lie(projections: Projections, heads: usize) -> Tensor<3> {
    let device = projections.queries.device();
    let [batch, length, width] = projections.queries.dims();
    let size = width / heads;
    let (row, square) = (length * width, length * length);
    let Projections { queries, keys, values: given } = projections;
    let [queries, keys, given] = [queries, keys, given].map(in_order);
    let mut out = vec![0.0; batch * row];
    let rows = out.par_chunks_mut(row).zip(values(&queries).par_chunks(row));
    let rows = rows.zip(values(&keys).par_chunks(row)).zip(values(&given).par_chunks(row));
    let scores = || vec![0.0; heads * square];
    rows.for_each_init(scores, |scores, (((out, queries), keys), given)| {
        let shape = [length, size];
        scores.fill(0.0);
        for (head, scores) in scores.chunks_exact_mut(square).enumerate() {
            let queries = Matrix::new(&queries[head * size..], shape, width);
            let keys = Matrix::new(&keys[head * size..], shape, width);
            add_product(queries, keys.transposed(), scores, length);
        }
        softmax(scores, length, 1.0 / (size as f32).sqrt());
        for (head, scores) in scores.chunks_exact(square).enumerate() {
            let scores = Matrix::new(scores, [length, length], length);
            let given = Matrix::new(&given[head * size..], shape, width);
            add_product(scores, given, &mut out[head * size..], width);
        }
    });
    Tensor::from_data(TensorData::new(out, [batch, length, width]), &device)
}

/// The softmax of `scale` times each row of `scores`.
fn softmax(scores: &mut [f32], length: usize, scale: f32) {
    vectorised(
        #[inline(always)]
        || softmax_rows(scores, length, scale),
    );
}

#[inline(always)]
fn softmax_rows(scores: &mut [f32], length: usize, scale: f32) {
    for row in scores.chunks_exact_mut(length) {
        let mut most = f32::NEG_INFINITY;
        for &x in &*row {
            most = most.max(x);
        }
        for x in row {
            *x = (*x - most) * (scale * LOG2_E);
        }
    }
    // All rows as one: a row of a sentence is shorter than a vector or two.
    for x in &mut *scores {
        *x = exp2(*x);
    }
    for row in scores.chunks_exact_mut(length) {
        let mut sum = 0.0;
        for &x in &*row {
            sum += x;
        }
        let share = 1.0 / sum;
        for x in row {
            *x *= share;
        }
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
            [batch, length] in [1_usize..5, 1_usize..90],
            [heads, size] in [1_usize..5, 1_usize..40],
        ) {
            let random = |rows| {
                let normal = Distribution::Normal(0.0, 2.0);
                Tensor::random([rows, length, heads * size], normal, &Device::flex())
            };
            // A view of a part.
            let queries = random(batch + 1).narrow(0, 1, batch);
            let all = Projections { queries, keys: random(batch), values: random(batch) };
            let expected = by_heads(all.clone(), heads);
            let off: f32 = (where_heads_lie(all, heads) - expected).abs().max().into_scalar();
            prop_assert!(off < 3e-5, "{}", off);
        }
    }

    #[test]
    fn not_a_number_stays_so() {
        let mut scores = [1.0, f32::NAN, 3.0, 0.0];
        softmax(&mut scores, 2, 1.0);
        assert!(scores[..2].iter().all(|x| x.is_nan()), "{scores:?}");
        assert!(
            (scores[2] - 0.952_574_1).abs() < 1e-6 && (scores[2] + scores[3] - 1.0).abs() < 1e-6
        );
    }
}
