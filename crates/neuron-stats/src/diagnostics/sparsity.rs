//! How few neurons, and how few values, carry the activations.

use rayon::prelude::*;

use crate::{
    error::StatsError,
    matrix::{Matrix, Sample},
};

/// The share of all values that are exactly 0, between 0 and 1.
#[must_use]
pub fn share_of_zeros<S: Sample>(matrix: Matrix<'_, S>) -> f64 {
    share_where(matrix, |value| value == 0.0)
}

/// The share of all values with `|value| < threshold`, between 0 and 1; `threshold` has the unit of
/// the values.
///
/// # Errors
///
/// If `threshold` is not positive and finite ([`StatsError::Threshold`]).
pub fn share_below<S: Sample>(matrix: Matrix<'_, S>, threshold: f64) -> Result<f64, StatsError> {
    if threshold > 0.0 && threshold.is_finite() {
        Ok(share_where(matrix, |value| value.abs() < threshold))
    } else {
        Err(StatsError::Threshold { threshold })
    }
}

/// How concentrated the squared norm `Σ value²` is on few neurons.
///
/// Element `k` of the result is the share that the `k` neurons with the largest sums of squares over
/// all samples have in the whole: it rises from 0 at `k = 0` to 1 at all neurons, and it equals
/// `k / neurons` if all neurons weigh the same. These are the points of the Lorenz curve seen from
/// the top. All elements but the first are NaN if the values are all 0 or their squares overflow.
///
/// ```
/// use neuron_stats::{Matrix, concentration};
///
/// let shares = concentration(Matrix::new(&[1.0, 3.0, 0.0, 1.0, 3.0, 0.0], 2, 3)?);
/// assert_eq!(shares, [0.0, 0.9, 1.0, 1.0]);
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
#[must_use]
pub fn concentration<S: Sample>(matrix: Matrix<'_, S>) -> Vec<f64> {
    let mut squares = vec![0.0_f64; matrix.neurons()];
    for row in matrix.rows() {
        for (sum, &value) in squares.iter_mut().zip(row) {
            *sum += value.into() * value.into();
        }
    }
    squares.sort_unstable_by(|a, b| b.total_cmp(a));
    // Summed in the same order as the parts, so that the last share is exactly 1.
    let total: f64 = squares.iter().sum();
    let mut part = 0.0;
    let shares = squares.iter().map(|square| {
        part += square;
        if total.is_finite() { part / total } else { f64::NAN }
    });
    std::iter::once(0.0).chain(shares).collect()
}

fn share_where<S: Sample>(matrix: Matrix<'_, S>, test: impl Fn(f64) -> bool + Sync) -> f64 {
    let values = matrix.values();
    let count = values.par_iter().filter(|&&value| test(value.into())).count();
    count as f64 / values.len() as f64
}
