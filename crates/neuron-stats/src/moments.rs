//! Mean, variance, skewness and kurtosis, at once or batch by batch.

use std::iter::Sum;

use rayon::prelude::*;

use crate::{
    error::StatsError,
    input_checks::check_neurons,
    matrix::{Matrix, Sample},
};

/// Neurons that one task takes.
const BLOCK: usize = 256;

/// The first four moments of a set of values, as sums of powers of the deviations from the mean.
///
/// Two of them [merge](Self::merge) into those of both sets together, so that values may come in
/// batches and from several threads. Merging is numerically stable: it agrees with the two-pass
/// result to about 1e-12 relative to the size of the sums.
///
/// References: Chan, Golub and `LeVeque` (1983), The American Statistician 37; Pébay (2008),
/// *Formulas for robust, one-pass parallel computation of covariances and arbitrary-order
/// statistical moments*, Sandia report SAND2008-6212.
///
/// ```
/// use neuron_stats::Moments;
///
/// let first = Moments::of(&[1.0, 2.0]);
/// let both = first.merge(Moments::of(&[3.0, 10.0]));
/// assert_eq!(both.count(), 4);
/// assert_eq!(both.mean(), 4.0);
/// assert!((both.variance() - 50.0 / 3.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    count: u64,
    mean: f64,
    /// Sums of the second, third and fourth powers of the deviations.
    m2: f64,
    m3: f64,
    m4: f64,
}

impl Moments {
    /// The moments of `values`, which should be finite, by two passes.
    #[must_use]
    pub fn of<S: Sample>(values: &[S]) -> Self {
        let n = values.len() as f64;
        let sum: f64 = values.iter().map(|&value| value.into()).sum();
        let mean = if values.is_empty() { 0.0 } else { sum / n };
        let mut powers = Powers::default();
        for &value in values {
            powers.add(value.into() - mean);
        }
        powers.moments(values.len() as u64, mean)
    }

    /// Adds one value.
    pub fn push(&mut self, value: f64) {
        *self = self.merge(Self { count: 1, mean: value, ..Self::default() });
    }

    /// The moments of both sets together.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        if self.count == 0 || other.count == 0 {
            return if self.count == 0 { other } else { self };
        }
        let n_a = self.count as f64;
        let n_b = other.count as f64;
        let n = n_a + n_b;
        let delta = other.mean - self.mean;
        let a = delta * n_a / n;
        let b = delta * n_b / n;
        Self {
            count: self.count + other.count,
            mean: self.mean + b,
            m2: self.m2 + other.m2 + a * b * n,
            m3: self.m3 + other.m3 + a * b * (a - b) * n + 3.0 * (a * other.m2 - b * self.m2),
            m4: self.m4
                + other.m4
                + a * b * (a * a - a * b + b * b) * n
                + 6.0 * (a * a * other.m2 + b * b * self.m2)
                + 4.0 * (a * other.m3 - b * self.m3),
        }
    }

    /// The number of values.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The mean, in the unit of the values; 0 without values.
    #[must_use]
    pub const fn mean(&self) -> f64 {
        self.mean
    }

    /// The sample variance `s² = Σ (x - x̄)² / (n - 1)`, in the squared unit; NaN for `n < 2`.
    #[must_use]
    pub fn variance(&self) -> f64 {
        if self.count < 2 { f64::NAN } else { self.m2 / (self.count as f64 - 1.0) }
    }

    /// The skewness `g₁ = m₃ / m₂^1.5` with `m_k = Σ (x - x̄)^k / n`; 0 for a symmetric
    /// distribution. NaN for values without variation.
    #[must_use]
    pub fn skewness(&self) -> f64 {
        if self.is_constant() {
            return f64::NAN;
        }
        let n = self.count as f64;
        self.m3 / n / (self.m2 / n).powf(1.5)
    }

    /// The excess kurtosis `g₂ = m₄ / m₂² - 3` with `m_k = Σ (x - x̄)^k / n`; 0 for a normal
    /// distribution, positive for heavier tails. NaN for values without variation.
    #[must_use]
    pub fn excess_kurtosis(&self) -> f64 {
        if self.is_constant() {
            return f64::NAN;
        }
        let n = self.count as f64;
        self.m4 / n / (self.m2 / n).powi(2) - 3.0
    }

    /// Whether the deviations are no more than the rounding of the mean.
    fn is_constant(&self) -> bool {
        let deviation = (self.m2 / self.count as f64).sqrt();
        deviation.is_nan() || deviation <= f64::EPSILON * self.mean.abs()
    }
}

impl Sum for Moments {
    fn sum<I: Iterator<Item = Self>>(moments: I) -> Self {
        moments.fold(Self::default(), Self::merge)
    }
}

/// The moments of every neuron over the samples.
///
/// Their sum, `moments(matrix).into_iter().sum::<Moments>()`, is that of all values pooled.
#[must_use]
pub fn moments<S: Sample>(matrix: Matrix<'_, S>) -> Vec<Moments> {
    let mut moments = vec![Moments::default(); matrix.neurons()];
    moments.par_chunks_mut(BLOCK).enumerate().for_each(|(index, moments)| {
        let block = index * BLOCK..index * BLOCK + moments.len();
        let means = matrix.block_means(block.clone());
        let mut powers = vec![Powers::default(); block.len()];
        for row in matrix.rows() {
            let row = row[block.clone()].iter().zip(&means);
            for (powers, (&value, mean)) in powers.iter_mut().zip(row) {
                powers.add(value.into() - mean);
            }
        }
        for ((moments, powers), &mean) in moments.iter_mut().zip(powers).zip(&means) {
            *moments = powers.moments(matrix.samples() as u64, mean);
        }
    });
    moments
}

/// The moments of every neuron over samples that come in batches.
///
/// ```
/// use neuron_stats::{Matrix, MomentsAccumulator};
///
/// let mut moments = MomentsAccumulator::new(2);
/// moments.push(Matrix::new(&[1.0, 5.0, 3.0, 5.0], 2, 2)?)?;
/// moments.push(Matrix::new(&[8.0, 5.0], 1, 2)?)?;
/// assert_eq!(moments.neurons()[0].mean(), 4.0);
/// assert_eq!(moments.neurons()[1].variance(), 0.0);
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MomentsAccumulator {
    neurons: Vec<Moments>,
}

impl MomentsAccumulator {
    /// No samples yet of this many neurons.
    ///
    /// # Panics
    ///
    /// If there is not enough memory.
    #[must_use]
    pub fn new(neurons: usize) -> Self {
        Self { neurons: vec![Moments::default(); neurons] }
    }

    /// Adds the samples of one batch.
    ///
    /// # Errors
    ///
    /// If the batch has another number of neurons ([`StatsError::NeuronCounts`]).
    pub fn push<S: Sample>(&mut self, batch: Matrix<'_, S>) -> Result<(), StatsError> {
        self.include(&moments(batch))
    }

    /// Adds the samples of another accumulator.
    ///
    /// # Errors
    ///
    /// If the other has another number of neurons ([`StatsError::NeuronCounts`]).
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        self.include(&other.neurons)
    }

    /// The moments so far of each neuron.
    #[must_use]
    pub fn neurons(&self) -> &[Moments] {
        &self.neurons
    }

    fn include(&mut self, more: &[Moments]) -> Result<(), StatsError> {
        check_neurons(self.neurons.len(), more.len())?;
        for (moments, &more) in self.neurons.iter_mut().zip(more) {
            *moments = moments.merge(more);
        }
        Ok(())
    }
}

/// Sums of powers of deviations from a mean that is itself rounded.
#[derive(Debug, Clone, Copy, Default)]
struct Powers {
    p1: f64,
    p2: f64,
    p3: f64,
    p4: f64,
}

impl Powers {
    fn add(&mut self, deviation: f64) {
        let square = deviation * deviation;
        self.p1 += deviation;
        self.p2 += square;
        self.p3 += deviation * square;
        self.p4 += square * square;
    }

    /// Moves the sums to the true mean, which is `p1 / count` away.
    fn moments(self, count: u64, mean: f64) -> Moments {
        if count == 0 {
            return Moments::default();
        }
        let n = count as f64;
        let shift = self.p1 / n;
        Moments {
            count,
            mean: mean + shift,
            m2: (self.p2 - shift * self.p1).max(0.0),
            m3: self.p3 - 3.0 * shift * self.p2 + 2.0 * shift * shift * self.p1,
            m4: (self.p4 - 4.0 * shift * self.p3 + 6.0 * shift * shift * self.p2
                - 3.0 * shift.powi(3) * self.p1)
                .max(0.0),
        }
    }
}
