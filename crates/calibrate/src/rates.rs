//! Rates with their uncertainty, and the test that p-values are uniform.

/// The share of trials in which something happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Number of times that it happened.
    pub hits: usize,
    /// Number of times that it could.
    pub trials: usize,
    /// Standard error of the share.
    error: f64,
}

/// 97.5 % quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

impl Rate {
    /// The rate of independent trials.
    #[must_use]
    pub fn of(outcomes: impl IntoIterator<Item = bool>) -> Self {
        let mut hits = 0;
        let mut trials = 0;
        for outcome in outcomes {
            hits += usize::from(outcome);
            trials += 1;
        }
        let share = hits as f64 / trials as f64;
        Self { hits, trials, error: (share * (1.0 - share) / trials as f64).sqrt() }
    }

    /// The rate of trials of which those of a cluster, `(hits, trials)`, may depend on each other.
    #[must_use]
    pub fn of_clusters(clusters: &[(usize, usize)]) -> Self {
        let hits: usize = clusters.iter().map(|cluster| cluster.0).sum();
        let trials: usize = clusters.iter().map(|cluster| cluster.1).sum();
        let share = hits as f64 / trials as f64;
        let count = clusters.len() as f64;
        // The ratio estimator's linearisation.
        let squares: f64 = clusters
            .iter()
            .map(|&(hits, trials)| (hits as f64 - share * trials as f64).powi(2))
            .sum();
        let error = (squares * count / (count - 1.0)).sqrt() / trials as f64;
        Self { hits, trials, error }
    }

    /// The share of trials.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.hits as f64 / self.trials as f64
    }

    /// Its standard error.
    #[must_use]
    pub fn standard_error(&self) -> f64 {
        self.error
    }

    /// Wilson's 95 % interval of the share of independent trials.
    #[must_use]
    pub fn interval(&self) -> (f64, f64) {
        let n = self.trials as f64;
        let share = self.share();
        let centre = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let spread = (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        let half = Z / (1.0 + Z * Z / n) * spread;
        ((centre - half).max(0.0), (centre + half).min(1.0))
    }

    /// True if the share is at most a nominal one, within two standard errors. These are those at the
    /// nominal share, and larger if the trials depend on each other.
    #[must_use]
    pub fn is_at_most(&self, nominal: f64) -> bool {
        let error = |share: f64| (share * (1.0 - share) / self.trials as f64).sqrt();
        let independent = error(self.share());
        let mut inflation = 1.0;
        if independent > 0.0 {
            inflation = (self.error / independent).max(1.0);
        }
        self.share() <= nominal + 2.0 * inflation * error(nominal)
    }
}

/// p of Kolmogorov and Smirnov's test that values are uniform between 0 and 1.
///
/// Asymptotic, with Stephens's correction for the number of values.
#[must_use]
pub fn kolmogorov_smirnov_p(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let mut distance = 0.0_f64;
    for (index, value) in sorted.iter().enumerate() {
        let below = index as f64 / n;
        let above = (index + 1) as f64 / n;
        distance = distance.max(value - below).max(above - value);
    }
    let scaled = distance * (n.sqrt() + 0.12 + 0.11 / n.sqrt());
    // Below this the series converges slowly, and p is 1 to four digits.
    if scaled < 0.3 {
        return 1.0;
    }
    let mut p = 0.0;
    let mut sign = 1.0;
    for k in 1..=100 {
        p += 2.0 * sign * (-2.0 * (f64::from(k) * scaled).powi(2)).exp();
        sign = -sign;
    }
    p.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_wilsons() {
        let rate = Rate::of((0..200).map(|trial| trial < 9));
        let (low, high) = rate.interval();
        // statsmodels.stats.proportion.proportion_confint(9, 200, method="wilson")
        assert!((low - 0.023_853).abs() < 1e-6 && (high - 0.083_297).abs() < 1e-6, "{low} {high}");
        assert!(rate.is_at_most(0.05));
        assert!(!Rate::of((0..200).map(|trial| trial < 17)).is_at_most(0.05));
    }

    #[test]
    fn clusters_of_equal_trials_have_a_larger_error() {
        let alike = Rate::of_clusters(&[(10, 10), (0, 10), (0, 10), (10, 10)]);
        let independent = Rate::of((0..40).map(|trial| trial % 2 == 0));
        assert!((alike.share() - 0.5).abs() < 1e-12);
        assert!(alike.standard_error() > 2.0 * independent.standard_error());
    }

    #[test]
    fn uniform_values_have_a_large_p() {
        let uniform: Vec<f64> = (0..50).map(|i| (f64::from(i) + 0.5) / 50.0).collect();
        assert!(kolmogorov_smirnov_p(&uniform) > 0.999);
        let squares: Vec<f64> = uniform.iter().map(|value| value * value).collect();
        // D is 0.2599; scipy.special.kolmogorov(D * (50 ** 0.5 + 0.12 + 0.11 / 50 ** 0.5))
        let p = kolmogorov_smirnov_p(&squares);
        assert!((p - 0.001_794).abs() < 1e-6, "{p}");
    }
}
