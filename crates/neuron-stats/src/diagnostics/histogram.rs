//! Counts of values between given edges.

use crate::{
    error::StatsError,
    matrix::{Matrix, Sample},
};

/// A histogram over fixed bins, filled batch by batch.
///
/// Bin `i` holds the values in `[edges[i], edges[i + 1])`; the last bin holds its upper edge too.
/// Values outside of all bins are counted apart.
///
/// ```
/// use neuron_stats::{Histogram, Matrix};
///
/// let mut histogram = Histogram::new(vec![0.0, 1.0, 2.0])?;
/// histogram.push(Matrix::new(&[-0.5, 0.0, 1.0, 1.5, 2.0, 2.5], 3, 2)?);
/// assert_eq!(histogram.counts(), [1, 3]);
/// assert_eq!((histogram.below(), histogram.above()), (1, 1));
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    edges: Vec<f64>,
    counts: Vec<u64>,
    below: u64,
    above: u64,
}

impl Histogram {
    /// An empty histogram between the given edges, in the unit of the values.
    ///
    /// # Errors
    ///
    /// If there are fewer than two edges, or they are not finite and strictly ascending
    /// ([`StatsError::Edges`]).
    pub fn new(edges: Vec<f64>) -> Result<Self, StatsError> {
        let finite = edges.iter().all(|edge| edge.is_finite());
        if edges.len() < 2 || !finite || !edges.is_sorted_by(|a, b| a < b) {
            return Err(StatsError::Edges { edges });
        }
        let counts = vec![0; edges.len() - 1];
        Ok(Self { edges, counts, below: 0, above: 0 })
    }

    /// Counts all values of a batch.
    pub fn push<S: Sample>(&mut self, batch: Matrix<'_, S>) {
        let last = self.counts.len();
        for value in batch.values().iter().map(|&value| -> f64 { value.into() }) {
            let edges_up_to = self.edges.partition_point(|&edge| edge <= value);
            match edges_up_to {
                0 => self.below += 1,
                bin if bin <= last => self.counts[bin - 1] += 1,
                _ if value <= self.edges[last] => self.counts[last - 1] += 1,
                _ => self.above += 1,
            }
        }
    }

    /// The edges, one more than there are bins.
    #[must_use]
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// The number of values in each bin.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The number of values below the first edge.
    #[must_use]
    pub const fn below(&self) -> u64 {
        self.below
    }

    /// The number of values above the last edge.
    #[must_use]
    pub const fn above(&self) -> u64 {
        self.above
    }
}
