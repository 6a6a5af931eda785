//! LayerNorm in place and vectorised.
#![expect(clippy::inline_always, reason = "vectorised only inside the function that dispatches")]

use rayon::prelude::*;

use crate::ops::{
    cpu::vectorised::{CHUNK, vectorised},
    norm_kind::NormKind,
};

/// Normalises each row of `x`, which is as long as `gamma`: `(x - mean) / sqrt(variance + epsilon) *
/// gamma + beta`, with 0 for the mean in an RMS norm.
pub(crate) fn normalise(x: &mut [f32], gamma: &[f32], beta: &[f32], epsilon: f32, kind: NormKind) {
    let size = gamma.len();
    x.par_chunks_mut((CHUNK / size).max(1) * size).for_each(|rows| {
        vectorised(
            #[inline(always)]
            || {
                for row in rows.chunks_exact_mut(size) {
                    normalise_row(row, gamma, beta, epsilon, kind);
                }
            },
        );
    });
}

#[inline(always)]
fn normalise_row(row: &mut [f32], gamma: &[f32], beta: &[f32], epsilon: f32, kind: NormKind) {
    let size = row.len() as f32;
    let mean = match kind {
        NormKind::Layer => {
            let all = sum(
                row,
                #[inline(always)]
                |x| x,
            );
            all / size
        }
        NormKind::Rms => 0.0,
    };
    let variance = sum(
        row,
        #[inline(always)]
        |x| (x - mean) * (x - mean),
    ) / size;
    let scale = 1.0 / (variance + epsilon).sqrt();
    for ((x, gamma), beta) in row.iter_mut().zip(gamma).zip(beta) {
        *x = ((*x - mean) * scale).mul_add(*gamma, *beta);
    }
}

/// The sum of `term` of each value, in many sums side by side.
#[inline(always)]
fn sum(row: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    const SUMS: usize = 64;
    let mut sums = [0.0; SUMS];
    let parts = row.chunks_exact(SUMS);
    let rest: f32 = parts.remainder().iter().map(|&x| term(x)).sum();
    for part in parts {
        for (sum, &x) in sums.iter_mut().zip(part) {
            *sum += term(x);
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nan_stays_a_nan() {
        let mut rows = [1.0, f32::NAN, 3.0, 1.0, 2.0, 3.0];
        normalise(&mut rows, &[1.0; 3], &[0.0; 3], 0.0, NormKind::Layer);
        assert!(rows[..3].iter().all(|x| x.is_nan()) && rows[4] == 0.0, "{rows:?}");
    }
}
