//! The interval of a mean whose measurements come in clusters.

use crate::{error::StatsError, input_checks::check_level, student_t::distribution::StudentT};

/// The t interval of the mean of all measurements, which come in `clusters`, in the unit of the
/// measurements.
///
/// Only clusters need to be independent. With N measurements x in G clusters and their mean m, it is
///
/// ```text
/// m ± t √( G / (G − 1) Σ_clusters (Σ_cluster (x − m))² ) / N      t of G − 1 degrees of freedom
/// ```
///
/// If all clusters have one measurement, this is the interval of a one-sample t-test. It assumes that
/// the clusters' sums are about normally distributed. Unlike a bootstrap, it reaches levels very close
/// to 1: the intervals of K means at level `1 − alpha / K` contain all K true means with a probability
/// of at least `1 − alpha` (Bonferroni), so also that of the mean that turns out the largest.
///
/// Empty clusters are left out.
///
/// References: Liang and Zeger (1986), *Longitudinal data analysis using generalized linear models*,
/// for the variance; Cameron and Miller (2015), *A practitioner's guide to cluster-robust inference*,
/// for the factor and the degrees of freedom.
///
/// ```
/// use neuron_stats::clustered_mean_interval;
///
/// let drops = [vec![0.3, 0.5], vec![0.1], vec![0.4, 0.2], vec![0.6]];
/// let (low, high) = clustered_mean_interval(&drops, 0.95)?;
/// assert!(low < 0.35 && 0.35 < high);
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
///
/// # Errors
///
/// If fewer than two clusters have a measurement ([`StatsError::TooFewSamples`]), a measurement is NaN
/// or infinite ([`StatsError::NotFinite`], with its cluster as the sample and its place in it as the
/// neuron), or `level` is not in `(0, 1)` ([`StatsError::Level`]).
pub fn clustered_mean_interval(
    clusters: &[Vec<f64>],
    level: f64,
) -> Result<(f64, f64), StatsError> {
    check_level(level)?;
    let mut sum = 0.0;
    let mut count = 0.0;
    let mut groups = 0;
    for (sample, cluster) in clusters.iter().enumerate() {
        for (neuron, &value) in cluster.iter().enumerate() {
            if !value.is_finite() {
                return Err(StatsError::NotFinite { sample, neuron, value });
            }
            sum += value;
            count += 1.0;
        }
        groups += usize::from(!cluster.is_empty());
    }
    if groups < 2 {
        return Err(StatsError::TooFewSamples { needed: 2, got: groups });
    }
    let mean = sum / count;
    let mut squares = 0.0;
    for cluster in clusters {
        let deviation: f64 = cluster.iter().map(|value| value - mean).sum();
        squares += deviation * deviation;
    }
    let groups = groups as f64;
    let error = (groups / (groups - 1.0) * squares).sqrt() / count;
    let half_width = StudentT::new(groups - 1.0)?.critical_value(1.0 - level)? * error;
    Ok((mean - half_width, mean + half_width))
}
