//! Scaled dot-product attention with products of the heads where they lie. Burn 0.22.1's flex copies
//! each head into a tensor of its own.

use rayon::prelude::*;

use crate::ops::{
    cpu::{
        matrix_product::{Matrix, add_product},
        softmax::softmax,
    },
    head_counts::HeadCounts,
    reach::Reach,
};

/// `softmax(Q Kᵀ / sqrt(size)) V` of each head. Queries and the result are batches of `[seq, width]`, the heads side
/// by side; keys and values may have fewer heads.
pub(crate) fn attention_kernel(
    queries: &[f32],
    keys: &[f32],
    values: &[f32],
    [length, width]: [usize; 2],
    heads: HeadCounts,
    reach: Reach,
) -> Vec<f32> {
    let size = width / heads.queries;
    let head_shape = [length, size];
    let sequence = length * width;
    let read_width = size * heads.key_values;
    let read_sequence = length * read_width;
    let square = length * length;
    let scale = 1.0 / (size as f32).sqrt();
    let mut attended = vec![0.0; queries.len()];
    let inputs = queries.par_chunks(sequence).zip(keys.par_chunks(read_sequence));
    let inputs = inputs.zip(values.par_chunks(read_sequence));
    let sequences = attended.par_chunks_mut(sequence).zip(inputs);
    sequences.for_each_init(
        || vec![0.0; heads.queries * square],
        |scores, (attended, ((queries, keys), values))| {
            scores.fill(0.0);
            for (head, scores) in scores.chunks_exact_mut(square).enumerate() {
                let queries = Matrix::new(&queries[head * size..], head_shape, width);
                let read = head / heads.group() * size;
                let keys = Matrix::new(&keys[read..], head_shape, read_width);
                add_product(queries, keys.transposed(), scores, length);
            }
            if !reach.is_all_of(length) {
                fill_beyond(reach, scores, length, f32::NEG_INFINITY);
            }
            softmax(scores, length, scale);
            if !reach.is_all_of(length) {
                // Softmax leaves the smallest numbers, not 0.
                fill_beyond(reach, scores, length, 0.0);
            }
            for (head, scores) in scores.chunks_exact(square).enumerate() {
                let scores = Matrix::new(scores, [length, length], length);
                let read = head / heads.group() * size;
                let values = Matrix::new(&values[read..], head_shape, read_width);
                add_product(scores, values, &mut attended[head * size..], width);
            }
        },
    );
    attended
}

/// Sets what tokens do not read, in squares of `length` rows and columns.
fn fill_beyond(reach: Reach, scores: &mut [f32], length: usize, value: f32) {
    for (row, scores) in scores.chunks_exact_mut(length).enumerate() {
        let position = row % length;
        for (other, score) in scores.iter_mut().enumerate() {
            if !reach.includes(position, other) {
                *score = value;
            }
        }
    }
}
