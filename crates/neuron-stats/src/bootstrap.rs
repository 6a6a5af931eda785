//! Percentile intervals by a bootstrap of clusters.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use rayon::prelude::*;

use crate::{error::StatsError, input_checks::check_level, moments::Moments, quantile::quantile};

/// The cluster bootstrap: the uncertainty of a statistic whose measurements come in clusters.
///
/// Sentences from one template, for example, are more alike than others; to resample them one by one
/// would treat them as independent and give too narrow an interval. So whole clusters are drawn, each
/// with all of its measurements, and only clusters need to be independent.
///
/// An interval needs draws in its tails: with 1,000 of them, 25 lie on either side of a 95 %
/// interval. Each draw takes 8 bytes, and each thread 8 bytes per cluster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// Number of resamples, drawn independently.
    pub draws: usize,
    /// Random seed of the draws. Draw `i` is stream `i` of the `ChaCha8` generator with this seed.
    pub seed: u64,
    /// Confidence level of the interval, such as 0.95; in `(0, 1)`.
    pub level: f64,
}

/// The interval of a statistic, in the unit of the statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BootstrapInterval {
    /// The lower end, finite.
    pub low: f64,
    /// The upper end, finite and no less than the lower one.
    pub high: f64,
    /// Number of draws whose statistic was finite.
    pub draws: usize,
}

impl Bootstrap {
    /// Largest number of draws and of clusters: 67,108,864.
    pub const MOST: usize = 1 << 26;

    /// The percentile interval of `statistic`: its `(1 - level) / 2` and `(1 + level) / 2` quantiles
    /// over resamples of the clusters `0..clusters`, linear between draws.
    ///
    /// Each resample draws as many clusters as there are, with replacement. `statistic` gets their
    /// indices as drawn, with repeats, and must depend on nothing else: the interval is then the same
    /// for any number of threads.
    ///
    /// # Coverage
    ///
    /// The interval is conditional on everything that is not resampled: it estimates how much the
    /// statistic would vary over other clusters of the same kind, given the same model, the same items
    /// within a cluster and the same earlier choices, such as the selection of neurons. It is
    /// approximate. With few clusters it is too narrow (for a mean over 10 clusters, a 95 % interval
    /// covers some 90 %), and it does not correct a bias or skewness of the statistic.
    ///
    /// # Draws without a statistic
    ///
    /// A draw whose statistic is NaN or infinite, for example because a group is absent from it, is
    /// left out, so that the interval is also conditional on the statistic being defined. At least nine
    /// draws in ten must remain. This bound refuses a statistic that depends on a single cluster, which
    /// a quarter of draws or more miss: nothing in the data tells how such a cluster would vary. Two
    /// clusters of eight or more are missed by a tenth of draws, and are refused too.
    ///
    /// References: Efron and Tibshirani (1993), *An Introduction to the Bootstrap*, chapter 13;
    /// Davison and Hinkley (1997), *Bootstrap Methods and their Application*, section 3.8, on
    /// hierarchical data.
    ///
    /// ```
    /// use neuron_stats::Bootstrap;
    ///
    /// // Whether the model was right, in sentences from four templates.
    /// let right = [vec![1.0, 1.0, 1.0], vec![0.0, 1.0], vec![1.0, 1.0], vec![0.0, 0.0, 1.0]];
    /// let accuracy = |templates: &[usize]| {
    ///     let sentences = || templates.iter().flat_map(|&template| &right[template]);
    ///     sentences().sum::<f64>() / sentences().count() as f64
    /// };
    /// let bootstrap = Bootstrap { draws: 1000, seed: 0, level: 0.95 };
    /// let interval = bootstrap.interval(right.len(), accuracy)?;
    /// assert!(interval.low < 0.6 && interval.high > 0.9);
    /// # Ok::<(), neuron_stats::StatsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If there are fewer than two clusters or more than [`Self::MOST`] ([`StatsError::Clusters`]),
    /// `level` is not in `(0, 1)` ([`StatsError::Level`]), `draws` is 0 ([`StatsError::NoDraws`]) or
    /// above [`Self::MOST`] ([`StatsError::TooManyDraws`]), or the statistic is finite in fewer than
    /// nine draws in ten ([`StatsError::TooFewFiniteDraws`]).
    pub fn interval(
        &self,
        clusters: usize,
        statistic: impl Fn(&[usize]) -> f64 + Sync,
    ) -> Result<BootstrapInterval, StatsError> {
        check_level(self.level)?;
        let mut values = self.finite_statistics(clusters, statistic)?;
        values.sort_unstable_by(f64::total_cmp);
        let tail = (1.0 - self.level) / 2.0;
        Ok(BootstrapInterval {
            low: quantile(&values, tail),
            high: quantile(&values, 1.0 - tail),
            draws: values.len(),
        })
    }

    /// The standard error of `statistic`, in its unit: the standard deviation over the resamples of
    /// [`interval`](Self::interval). It does not depend on the level.
    ///
    /// Of a mean over G clusters of the same size it is expected to be `√((G − 1) / G)` of the usual
    /// standard error, as clusters are drawn from those at hand and not from all. Its square, times
    /// `G / (G − 1)`, is the variance of such a mean that a [`MetaAnalysis`](crate::MetaAnalysis)
    /// takes.
    ///
    /// Reference: Efron and Tibshirani (1993), *An Introduction to the Bootstrap*, chapter 6.
    ///
    /// # Errors
    ///
    /// If only one draw is finite ([`StatsError::TooFewSamples`]), and as for
    /// [`interval`](Self::interval), except that any level is valid.
    pub fn standard_error(
        &self,
        clusters: usize,
        statistic: impl Fn(&[usize]) -> f64 + Sync,
    ) -> Result<f64, StatsError> {
        let values = self.finite_statistics(clusters, statistic)?;
        if values.len() < 2 {
            return Err(StatsError::TooFewSamples { needed: 2, got: values.len() });
        }
        Ok(Moments::of(&values).variance().sqrt())
    }

    /// The standard error of the ratio of two sums over clusters: `Σ a / Σ b`, with an a and a b of each
    /// cluster.
    ///
    /// With the sum of a cluster's measurements as a and their number as b, it is that of the mean of all
    /// measurements, in their unit.
    ///
    /// ```
    /// use neuron_stats::Bootstrap;
    ///
    /// // Sums and numbers of measurements in four templates.
    /// let bootstrap = Bootstrap { draws: 10_000, seed: 0, level: 0.95 };
    /// let error = bootstrap.ratio_standard_error(&[1.0, 2.0, 3.0, 6.0], &[2.0; 4])?;
    /// // √((G − 1) / G) of the usual standard error of the mean of 0.5, 1, 1.5 and 3.
    /// assert!((error - 0.468).abs() < 0.01);
    /// # Ok::<(), neuron_stats::StatsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If there are not as many a as b ([`StatsError::ClusterSums`]), and as for
    /// [`standard_error`](Self::standard_error).
    pub fn ratio_standard_error(&self, a: &[f64], b: &[f64]) -> Result<f64, StatsError> {
        if a.len() != b.len() {
            return Err(StatsError::ClusterSums { a: a.len(), b: b.len() });
        }
        self.standard_error(a.len(), |clusters| {
            let mut sum_a = 0.0;
            let mut sum_b = 0.0;
            for &cluster in clusters {
                sum_a += a[cluster];
                sum_b += b[cluster];
            }
            sum_a / sum_b
        })
    }

    /// The finite statistics of all draws, in the order of the draws.
    fn finite_statistics(
        &self,
        clusters: usize,
        statistic: impl Fn(&[usize]) -> f64 + Sync,
    ) -> Result<Vec<f64>, StatsError> {
        let Self { draws, seed, .. } = *self;
        if !(2..=Self::MOST).contains(&clusters) {
            return Err(StatsError::Clusters { clusters, most: Self::MOST });
        }
        if draws == 0 {
            return Err(StatsError::NoDraws);
        }
        if draws > Self::MOST {
            return Err(StatsError::TooManyDraws { draws, most: Self::MOST });
        }
        let mut values: Vec<f64> = (0..draws)
            .into_par_iter()
            .map_init(
                || vec![0; clusters],
                |drawn, index| {
                    let mut rng = ChaCha8Rng::seed_from_u64(seed);
                    rng.set_stream(index as u64);
                    draw(drawn, &mut rng);
                    statistic(drawn)
                },
            )
            .collect();
        values.retain(|value| value.is_finite());
        let finite = values.len();
        if finite * 10 < draws * 9 {
            return Err(StatsError::TooFewFiniteDraws { finite, draws });
        }
        Ok(values)
    }
}

/// Draws as many clusters as there are, each with equal probability up to a bias of
/// `clusters / 2⁶⁴`.
#[expect(clippy::cast_possible_truncation, reason = "each is below the number of clusters")]
fn draw(drawn: &mut [usize], rng: &mut ChaCha8Rng) {
    let clusters = drawn.len() as u128;
    for cluster in drawn {
        *cluster = ((u128::from(rng.next_u64()) * clusters) >> 64) as usize;
    }
}
