//! Quantiles of sorted values.

/// The `p` quantile of finite values in ascending order, for `p` in `[0, 1]` and in the unit of the
/// values: linear between the two at either side of position `p (n - 1)`, as `numpy.quantile` has
/// it. NaN without values.
///
/// Never falls as `p` grows. Hyndman and Fan (1996), The American Statistician 50, definition 7.
#[must_use]
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let position = p * sorted.len().saturating_sub(1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "p lies in [0, 1]")]
    let index = position as usize;
    let Some(&low) = sorted.get(index) else { return f64::NAN };
    let high = sorted.get(index + 1).map_or(low, |&high| high);
    // In halves, as the difference of two finite numbers may be infinite.
    let half = low / 2.0 + (high / 2.0 - low / 2.0) * (position - index as f64);
    (2.0 * half).max(low).min(high)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "the values must be equal in every bit")]

    use super::*;

    #[test]
    fn quantiles_are_numpys() {
        // numpy.quantile([-3.0, 0.5, 1.0, 4.0, 10.0], p)
        let values = [-3.0, 0.5, 1.0, 4.0, 10.0];
        for (p, expected) in [
            (0.0, -3.0),
            (0.025, -2.65),
            (0.1, -1.6),
            (0.25, 0.5),
            (0.5, 1.0),
            (0.6, 2.2),
            (0.9, 7.6),
            (0.975, 9.4),
            (1.0, 10.0),
        ] {
            let quantile = quantile(&values, p);
            assert!((quantile - expected).abs() < 1e-14, "{p}: {quantile} is not {expected}");
        }
    }

    #[test]
    fn extreme_values_have_finite_quantiles() {
        assert!(quantile(&[], 0.5).is_nan());
        for p in [0.0, 0.3, 1.0] {
            assert_eq!(quantile(&[7.0], p), 7.0);
            assert_eq!(quantile(&[0.1; 9], p), 0.1);
        }
        assert_eq!(quantile(&[-f64::MAX, f64::MAX], 0.5), 0.0);
        assert_eq!(quantile(&[-f64::MAX, f64::MAX], 1.0), f64::MAX);
        let least = f64::from_bits(1);
        assert_eq!(quantile(&[least, least], 0.5), least);
    }
}
