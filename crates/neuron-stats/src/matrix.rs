//! A borrowed, checked `[samples, neurons]` matrix of measurements.

use std::ops::Range;

use rayon::prelude::*;

use crate::error::StatsError;

mod sealed {
    pub trait Sealed: Default {
        /// The greater one of `self` and `|value|`, without the care for NaN that `f64::max` takes.
        fn or_magnitude(self, value: Self) -> Self;
    }

    impl Sealed for f32 {
        fn or_magnitude(self, value: Self) -> Self {
            if value.abs() > self { value.abs() } else { self }
        }
    }

    impl Sealed for f64 {
        fn or_magnitude(self, value: Self) -> Self {
            if value.abs() > self { value.abs() } else { self }
        }
    }
}

/// A type of measurement: `f32` as models compute them, or `f64`.
///
/// Both convert to `f64` exactly, and every statistic of this crate accumulates in `f64`.
pub trait Sample: sealed::Sealed + Copy + Into<f64> + Send + Sync {}

impl Sample for f32 {}
impl Sample for f64 {}

/// Measurements of `neurons` neurons (columns) over `samples` samples (rows), row-major.
///
/// The view borrows its values. It is never empty and every value is finite, so that no statistic
/// has to check again.
///
/// ```
/// use neuron_stats::Matrix;
///
/// let activations = [0.1_f32, 2.0, 0.3, 4.0, 0.5, 6.0];
/// let matrix = Matrix::new(&activations, 3, 2)?;
/// assert_eq!(matrix.rows().next(), Some(&[0.1, 2.0][..]));
/// assert_eq!(matrix.column(1).collect::<Vec<f64>>(), [2.0, 4.0, 6.0]);
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a, S> {
    values: &'a [S],
    samples: usize,
    neurons: usize,
}

impl<'a, S: Sample> Matrix<'a, S> {
    /// Views `values` as `samples` rows of `neurons` columns.
    ///
    /// # Errors
    ///
    /// If there are no rows or columns ([`StatsError::EmptyMatrix`]), `values` has another length than
    /// `samples * neurons` ([`StatsError::Shape`]), or a value is NaN or infinite
    /// ([`StatsError::NotFinite`], of the first such value).
    pub fn new(values: &'a [S], samples: usize, neurons: usize) -> Result<Self, StatsError> {
        if samples == 0 || neurons == 0 {
            return Err(StatsError::EmptyMatrix { samples, neurons });
        }
        if samples.checked_mul(neurons) != Some(values.len()) {
            return Err(StatsError::Shape { samples, neurons, len: values.len() });
        }
        if let Some(index) = first_not_finite(values) {
            return Err(StatsError::NotFinite {
                sample: index / neurons,
                neuron: index % neurons,
                value: values[index].into(),
            });
        }
        Ok(Self { values, samples, neurons })
    }

    /// Views whole rows of values that are known to be finite, at least one row.
    pub(crate) const fn of_finite(values: &'a [S], neurons: usize) -> Self {
        Self { values, samples: values.len() / neurons, neurons }
    }

    /// The number of rows, at least 1.
    #[must_use]
    pub const fn samples(&self) -> usize {
        self.samples
    }

    /// The number of columns, at least 1.
    #[must_use]
    pub const fn neurons(&self) -> usize {
        self.neurons
    }

    /// All values, row after row.
    #[must_use]
    pub const fn values(&self) -> &'a [S] {
        self.values
    }

    /// The rows in order, each the values of all neurons in one sample.
    #[must_use]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a [S]> + use<'a, S> {
        self.values.chunks_exact(self.neurons)
    }

    /// The values of one neuron in every sample; empty if there is no such neuron.
    pub fn column(&self, neuron: usize) -> impl Iterator<Item = f64> + use<'a, S> {
        let from = if neuron < self.neurons { neuron } else { self.values.len() };
        self.values[from..].iter().step_by(self.neurons).map(|&value| value.into())
    }

    /// The mean of each neuron in `block`, read row by row.
    pub(crate) fn block_means(&self, block: Range<usize>) -> Vec<f64> {
        let mut sums = vec![0.0; block.len()];
        for row in self.rows() {
            for (sum, &value) in sums.iter_mut().zip(&row[block.clone()]) {
                *sum += value.into();
            }
        }
        sums.iter().map(|sum| sum / self.samples as f64).collect()
    }
}

/// Index of the first NaN or infinity.
fn first_not_finite<S: Sample>(values: &[S]) -> Option<usize> {
    const CHUNK: usize = 1 << 14;
    // Only a chunk that fails is searched.
    let chunk = values.par_chunks(CHUNK).position_first(|chunk| !all_finite(chunk))?;
    let start = chunk * CHUNK;
    let place = values[start..].iter().position(|&value| !value.into().is_finite())?;
    Some(start + place)
}

/// Whether no value is NaN or infinite. `0 * x` is 0 for every finite x and NaN for all others, and
/// a sum vectorises, in contrast to a search.
fn all_finite<S: Sample>(values: &[S]) -> bool {
    let (lanes, rest) = values.as_chunks::<16>();
    let mut sums = [0.0_f64; 16];
    for lane in lanes {
        for (sum, &value) in sums.iter_mut().zip(lane) {
            *sum += 0.0 * value.into();
        }
    }
    sums.iter().sum::<f64>() == 0.0 && rest.iter().all(|&value| value.into().is_finite())
}
