//! Scaled dot-product attention with products of the heads where they lie. Burn 0.22.1's flex copies
//! each head into a tensor of its own.

use rayon::prelude::*;

use crate::ops::cpu::{
    matrix_product::{Matrix, add_product},
    softmax::softmax,
};

/// `softmax(Q Kᵀ / sqrt(size)) V` of each head. Queries, keys, values and the result are batches of
/// `[seq, hidden]`, the heads side by side.
pub(crate) fn attention_kernel(
    queries: &[f32],
    keys: &[f32],
    values: &[f32],
    [length, width]: [usize; 2],
    heads: usize,
) -> Vec<f32> {
    let size = width / heads;
    let head_shape = [length, size];
    let sequence = length * width;
    let square = length * length;
    let scale = 1.0 / (size as f32).sqrt();
    let mut attended = vec![0.0; queries.len()];
    let inputs = queries.par_chunks(sequence).zip(keys.par_chunks(sequence));
    let inputs = inputs.zip(values.par_chunks(sequence));
    let sequences = attended.par_chunks_mut(sequence).zip(inputs);
    sequences.for_each_init(
        || vec![0.0; heads * square],
        |scores, (attended, ((queries, keys), values))| {
            scores.fill(0.0);
            for (head, scores) in scores.chunks_exact_mut(square).enumerate() {
                let queries = Matrix::new(&queries[head * size..], head_shape, width);
                let keys = Matrix::new(&keys[head * size..], head_shape, width);
                add_product(queries, keys.transposed(), scores, length);
            }
            softmax(scores, length, scale);
            for (head, scores) in scores.chunks_exact(square).enumerate() {
                let scores = Matrix::new(scores, [length, length], length);
                let values = Matrix::new(&values[head * size..], head_shape, width);
                add_product(scores, values, &mut attended[head * size..], width);
            }
        },
    );
    attended
}
