//! Powers of two, for kernels that run vectorised.
#![expect(clippy::inline_always, reason = "vectorised only inside the function that dispatches")]

/// `2^r` for |r| ≤ 1/2, lowest power first, to a relative error of 1.5e-7. Fitted by `fit_gelu.py`.
const EXP2: [f32; 6] =
    [1.000_000_1, 0.693_146_95, 0.240_221_22, 0.055_507_426, 0.009_675_46, 0.001_326_697];

/// `2^y` for y ≤ 0; at y < -126 the smallest normal number.
#[inline(always)]
pub(crate) fn exp2(y: f32) -> f32 {
    // Adding 1.5 x 2^23 leaves the nearest whole number in the last bits.
    const ROUND: f32 = 12_582_912.0;
    let y = if y < -126.0 { -126.0 } else { y };
    let rounded = y + ROUND;
    let power = f32::from_bits(rounded.to_bits().wrapping_add(127) << 23);
    power * polynomial(&EXP2, y - (rounded - ROUND))
}

/// The polynomial with these coefficients, lowest power first, at x.
#[inline(always)]
pub(crate) fn polynomial<const N: usize>(coefficients: &[f32; N], x: f32) -> f32 {
    coefficients.iter().rev().fold(0.0, |sum, &coefficient| sum.mul_add(x, coefficient))
}
