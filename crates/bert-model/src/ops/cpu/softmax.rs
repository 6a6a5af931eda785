//! Softmax, vectorised.
#![expect(clippy::inline_always, reason = "vectorised only inside the function that dispatches")]

use std::f32::consts::LOG2_E;

use crate::ops::cpu::{exp2::exp2, vectorised::vectorised};

/// The softmax of `scale` times each row of `scores`.
pub(crate) fn softmax(scores: &mut [f32], length: usize, scale: f32) {
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
    use super::*;

    #[test]
    fn a_nan_stays_a_nan() {
        let mut scores = [1.0, f32::NAN, 3.0, 0.0];
        softmax(&mut scores, 2, 1.0);
        assert!(scores[..2].iter().all(|x| x.is_nan()), "{scores:?}");
        assert!(
            (scores[2] - 0.952_574_1).abs() < 1e-6 && (scores[2] + scores[3] - 1.0).abs() < 1e-6
        );
    }
}
