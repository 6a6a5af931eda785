/// Pearson's correlation of two lists, between -1 and 1. NaN if the lists have different lengths or
/// fewer than two values, or one of them does not vary.
#[must_use]
pub fn pearson(a: &[f64], b: &[f64]) -> f64 {
    if a.len() != b.len() || a.len() < 2 {
        return f64::NAN;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let mean_a = mean(a);
    let mean_b = mean(b);
    let mut ab = 0.0;
    let mut aa = 0.0;
    let mut bb = 0.0;
    for (a, b) in a.iter().zip(b) {
        let deviation_a = a - mean_a;
        let deviation_b = b - mean_b;
        ab += deviation_a * deviation_b;
        aa += deviation_a * deviation_a;
        bb += deviation_b * deviation_b;
    }
    (ab / (aa.sqrt() * bb.sqrt())).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::pearson;

    #[test]
    fn it_agrees_with_scipy() {
        // scipy.stats.pearsonr([1, 2, 3, 5], [2, 1, 4, 3]).statistic, SciPy 1.17.1
        let found = pearson(&[1.0, 2.0, 3.0, 5.0], &[2.0, 1.0, 4.0, 3.0]);
        assert!((found - 0.529_150_262_212_918).abs() < 1e-15, "{found}");
        assert!((pearson(&[1.0, 2.0], &[5.0, 9.0]) - 1.0).abs() < 1e-15);
        assert!((pearson(&[1.0, 2.0, 3.0], &[-1.0, -2.0, -3.0]) + 1.0).abs() < 1e-15);
    }

    #[test]
    fn it_is_undefined_if_a_list_does_not_vary() {
        for (a, b) in [(&[1.0, 1.0][..], &[1.0, 2.0][..]), (&[1.0], &[1.0]), (&[1.0, 2.0], &[1.0])]
        {
            assert!(pearson(a, b).is_nan());
        }
    }
}
