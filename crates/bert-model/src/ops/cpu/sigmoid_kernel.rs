//! Activation functions that are x times a logistic function, in parallel and vectorised.
#![expect(clippy::inline_always, reason = "vectorised only inside the function that dispatches")]

use std::f32::consts::LOG2_E;

use rayon::prelude::*;

use crate::ops::cpu::{
    exp2::exp2,
    vectorised::{CHUNK, vectorised},
};

/// `2 √(2/π)`.
const TWICE_ROOT: f32 = 1.595_769;
/// The coefficient of x³ in GELU's approximation by tanh.
const CUBIC: f32 = 0.044_715;

/// Replaces each x by `x σ(2 √(2/π) (x + 0.044715 x³))`, GELU's approximation by tanh.
pub(crate) fn gelu_tanh_in_place(values: &mut [f32]) {
    values.par_chunks_mut(CHUNK).for_each(|chunk| {
        vectorised(
            #[inline(always)]
            || {
                for x in chunk.iter_mut() {
                    *x *= logistic(TWICE_ROOT * (CUBIC * *x * *x).mul_add(*x, *x));
                }
            },
        );
    });
}

/// Replaces each x by `x σ(x)`.
pub(crate) fn silu_in_place(values: &mut [f32]) {
    values.par_chunks_mut(CHUNK).for_each(|chunk| {
        vectorised(
            #[inline(always)]
            || chunk.iter_mut().for_each(|x| *x *= logistic(*x)),
        );
    });
}

/// `σ(x) = 1 / (1 + exp(-x))`.
#[inline(always)]
fn logistic(x: f32) -> f32 {
    let tail = exp2(x.abs() * -LOG2_E);
    let larger = 1.0 / (1.0 + tail);
    if x < 0.0 { tail * larger } else { larger }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_values_are_themselves_or_0_and_a_nan_stays_one() {
        for function in [gelu_tanh_in_place, silu_in_place] {
            let mut values = [1e4, -1e4, 1e30, -1e30, 0.0, f32::NAN];
            function(&mut values);
            let [large, below, larger, far_below, zero, nan] = values;
            assert_eq!([large, larger, zero].map(f32::to_bits), [1e4, 1e30, 0.0].map(f32::to_bits));
            assert!(below.abs() < 1e-30 && far_below.abs() < 1e-7, "{values:?}");
            assert!(nan.is_nan(), "{values:?}");
        }
    }
}
