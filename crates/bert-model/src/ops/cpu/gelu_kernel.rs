//! GELU with the exact erf, in parallel and vectorised. Burn 0.22.1's flex computes one scalar after
//! the other, which takes as long as a matrix product of the MLP.
#![expect(clippy::inline_always, reason = "vectorised only inside the function that dispatches")]

use rayon::prelude::*;

use crate::ops::cpu::{
    exp2::{exp2, polynomial},
    vectorised::{CHUNK, vectorised},
};

/// Replaces each x by `GELU(x) = x Φ(x)`, within 3e-7 of the exact value, or the rounding of x if that
/// is more.
pub(crate) fn gelu_in_place(values: &mut [f32]) {
    values.par_chunks_mut(CHUNK).for_each(|chunk| {
        vectorised(
            #[inline(always)]
            || chunk.iter_mut().for_each(|x| *x = gelu_of(*x)),
        );
    });
}

/// For larger t, Φ(-t) is 0 in f32.
const LARGEST: f32 = 16.0;

/// `Φ(-t) exp(t²/2) ≈ P(t) / Q(t)` for t ≥ 0, lowest powers first, to 6e-8 of `t Φ(-t)`. Fitted by
/// `fit_gelu.py`.
const P: [f32; 3] = [0.500_000_3, 0.223_306_76, 0.042_874_318];
const Q: [f32; 4] = [1.0, 1.244_527_1, 0.578_504, 0.106_040_314];

/// `GELU(x)` as `max(x, 0) - |x| Φ(-|x|)`, whose second term is small wherever it is inexact.
#[inline(always)]
fn gelu_of(x: f32) -> f32 {
    // Comparisons instead of `min` and `max`, which would hide a NaN.
    let t = if x.abs() > LARGEST { LARGEST } else { x.abs() };
    let ratio = polynomial(&P, t) / polynomial(&Q, t);
    let tail = exp2(t * t * (-0.5 * std::f32::consts::LOG2_E)) * ratio;
    let positive = if x < 0.0 { 0.0 } else { x };
    (-t).mul_add(tail, positive)
}

#[cfg(test)]
mod tests {
    use statrs::function::erf::erf;

    use super::*;

    fn exact(x: f32) -> f64 {
        let x = f64::from(x);
        0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2))
    }

    #[test]
    fn it_is_exact_up_to_rounding() {
        let mut values: Vec<f32> = (-800_000..=800_000).map(|i| i as f32 / 1e5).collect();
        let before = values.clone();
        gelu_in_place(&mut values);
        for (x, found) in before.into_iter().zip(values) {
            assert!((f64::from(found) - exact(x)).abs() <= 3e-7, "{x}: {found}");
        }
    }

    #[test]
    fn large_values_are_themselves_or_0() {
        let far = [9.0, 100.0, 1e30, f32::INFINITY];
        let mut above = far;
        let mut below = far.map(|x| -x);
        gelu_in_place(&mut above);
        gelu_in_place(&mut below);
        assert_eq!(above.map(f32::to_bits), far.map(f32::to_bits));
        assert!(below.iter().all(|x| x.abs() < 1e-17), "{below:?}");
        let mut others = [0.0, -0.0, f32::NAN];
        gelu_in_place(&mut others);
        assert!(others[..2] == [0.0, 0.0] && others[2].is_nan(), "{others:?}");
    }
}
