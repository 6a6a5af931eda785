/// Pearson's correlation of two lists, between -1 and 1. Not a number where the lists have other
/// lengths, fewer than two values, or one of them does not vary.
#[must_use]
pub fn pearson(a: &[f64], b: &[f64]) -> f64 {
    if a.len() != b.len() || a.len() < 2 {
        return f64::NAN;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    (ab / (aa.sqrt() * bb.sqrt())).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::pearson;

    #[test]
    fn it_is_that_of_scipy() {
        // scipy.stats.pearsonr([1, 2, 3, 5], [2, 1, 4, 3]).statistic, SciPy 1.17.1
        let found = pearson(&[1.0, 2.0, 3.0, 5.0], &[2.0, 1.0, 4.0, 3.0]);
        assert!((found - 0.529_150_262_212_918).abs() < 1e-15, "{found}");
        assert!((pearson(&[1.0, 2.0], &[5.0, 9.0]) - 1.0).abs() < 1e-15);
        assert!((pearson(&[1.0, 2.0, 3.0], &[-1.0, -2.0, -3.0]) + 1.0).abs() < 1e-15);
    }

    #[test]
    fn it_is_undefined_where_nothing_varies() {
        for (a, b) in [(&[1.0, 1.0][..], &[1.0, 2.0][..]), (&[1.0], &[1.0]), (&[1.0, 2.0], &[1.0])]
        {
            assert!(pearson(a, b).is_nan());
        }
    }
}
