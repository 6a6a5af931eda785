//! Means and squared deviations of a block of neurons, and of batches of samples.

use std::ops::Range;

use crate::{
    matrix::{Matrix, Sample},
    t_test::test_kind::TestKind,
};

/// Neurons that one task takes: their rows are long enough to stream, and all of their rows fit in
/// a second-level cache for the second pass.
pub(crate) const BLOCK: usize = 512;

/// What a test needs of one neuron: means, and sums of squared deviations from them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Summary {
    pub(crate) mean_a: f64,
    pub(crate) mean_b: f64,
    /// `mean_a - mean_b`, but without the rounding of these, which may be far greater than it.
    pub(crate) difference: f64,
    /// Of side a; of the differences `a - b` in a paired test.
    pub(crate) squares_a: f64,
    /// Of side b; 0 in a paired test.
    pub(crate) squares_b: f64,
    /// The largest `|value|` of both sides.
    pub(crate) largest: f64,
}

impl Summary {
    /// The summary of the samples of both, after Chan, Golub and `LeVeque` (1983), The American
    /// Statistician 37; `counts` are those of the two sides, first here and then in `other`.
    pub(crate) fn merge(
        self,
        other: Self,
        kind: TestKind,
        [(a, b), (other_a, other_b)]: [(f64, f64); 2],
    ) -> Self {
        let (delta_a, delta_b) = (other.mean_a - self.mean_a, other.mean_b - self.mean_b);
        let (share_a, share_b) = (other_a / (a + other_a), other_b / (b + other_b));
        let (shift_a, shift_b) = (delta_a * share_a, delta_b * share_b);
        let (shift, between_a, between_b) = match kind {
            TestKind::Paired => {
                let delta = other.difference - self.difference;
                (delta * share_a, delta * share_a * a * delta, 0.0)
            }
            TestKind::Student | TestKind::Welch => {
                (shift_a - shift_b, shift_a * a * delta_a, shift_b * b * delta_b)
            }
        };
        Self {
            mean_a: self.mean_a + shift_a,
            mean_b: self.mean_b + shift_b,
            difference: self.difference + shift,
            squares_a: self.squares_a + other.squares_a + between_a,
            squares_b: self.squares_b + other.squares_b + between_b,
            largest: self.largest.max(other.largest),
        }
    }
}

/// Summarises a block of neurons, each by two passes.
pub(crate) fn summarise<S: Sample>(
    kind: TestKind,
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    block: Range<usize>,
) -> Vec<Summary> {
    match kind {
        TestKind::Paired => summarise_pairs(a, b, block),
        TestKind::Student | TestKind::Welch => summarise_sides(a, b, block),
    }
}

fn summarise_pairs<S: Sample>(
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    block: Range<usize>,
) -> Vec<Summary> {
    let (first_a, first_b) = (FirstPass::of(a, block.clone()), FirstPass::of(b, block.clone()));
    let rough = first_a.means.iter().zip(&first_b.means);
    let rough: Vec<f64> = rough.map(|(a, b)| a - b).collect();
    let mut pairs = Deviations::new(block.len());
    for (row_a, row_b) in a.rows().zip(b.rows()) {
        let (row_a, row_b) = (&row_a[block.clone()], &row_b[block.clone()]);
        let row = row_a.iter().zip(row_b).zip(&rough);
        pairs.add(row.map(|((&a, &b), rough)| a.into() - b.into() - rough));
    }
    let n = a.samples() as f64;
    let summary = |neuron: usize| Summary {
        mean_a: first_a.means[neuron],
        mean_b: first_b.means[neuron],
        difference: rough[neuron] + pairs.sums[neuron] / n,
        squares_a: pairs.squares_about_mean(neuron, n),
        squares_b: 0.0,
        largest: first_a.largest[neuron].or_magnitude(first_b.largest[neuron]).into(),
    };
    (0..block.len()).map(summary).collect()
}

fn summarise_sides<S: Sample>(
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    block: Range<usize>,
) -> Vec<Summary> {
    let side = |matrix: Matrix<'_, S>| {
        let first = FirstPass::of(matrix, block.clone());
        let mut deviations = Deviations::new(block.len());
        for row in matrix.rows() {
            let row = row[block.clone()].iter().zip(&first.means);
            deviations.add(row.map(|(&value, mean)| value.into() - mean));
        }
        (first, deviations)
    };
    let ((first_a, a_about), (first_b, b_about)) = (side(a), side(b));
    let (n_a, n_b) = (a.samples() as f64, b.samples() as f64);
    let summary = |neuron: usize| {
        let (rough_a, rough_b) = (first_a.means[neuron], first_b.means[neuron]);
        let (more_a, more_b) = (a_about.sums[neuron] / n_a, b_about.sums[neuron] / n_b);
        Summary {
            mean_a: rough_a + more_a,
            mean_b: rough_b + more_b,
            difference: (rough_a - rough_b) + (more_a - more_b),
            squares_a: a_about.squares_about_mean(neuron, n_a),
            squares_b: b_about.squares_about_mean(neuron, n_b),
            largest: first_a.largest[neuron].or_magnitude(first_b.largest[neuron]).into(),
        }
    };
    (0..block.len()).map(summary).collect()
}

/// What one look at the samples of a block of neurons gives.
struct FirstPass<S> {
    /// Summed relative to the first sample, so that a mean far from 0 costs no digits.
    means: Vec<f64>,
    /// The largest magnitudes.
    largest: Vec<S>,
}

impl<S: Sample> FirstPass<S> {
    fn of(matrix: Matrix<'_, S>, block: Range<usize>) -> Self {
        let first = &matrix.values()[block.clone()];
        let mut largest = vec![S::default(); block.len()];
        let mut means = vec![0.0; block.len()];
        for row in matrix.rows() {
            let row = &row[block.clone()];
            for ((sum, &value), &first) in means.iter_mut().zip(row).zip(first) {
                *sum += value.into() - first.into();
            }
            for (largest, &value) in largest.iter_mut().zip(row) {
                *largest = largest.or_magnitude(value);
            }
        }
        for (mean, &first) in means.iter_mut().zip(first) {
            *mean = first.into() + *mean / matrix.samples() as f64;
        }
        Self { means, largest }
    }
}

/// Sums of the deviations of several neurons, each from a mean that is itself rounded.
struct Deviations {
    sums: Vec<f64>,
    squares: Vec<f64>,
}

impl Deviations {
    fn new(neurons: usize) -> Self {
        Self { sums: vec![0.0; neurons], squares: vec![0.0; neurons] }
    }

    /// Adds one sample of every neuron.
    fn add(&mut self, deviations: impl Iterator<Item = f64>) {
        let sums = self.sums.iter_mut().zip(&mut self.squares);
        for ((sum, square), deviation) in sums.zip(deviations) {
            *sum += deviation;
            *square += deviation * deviation;
        }
    }

    /// The corrected two-pass formula (Chan, Golub and `LeVeque` 1983, The American Statistician
    /// 37), which takes the rounding of the mean out again.
    fn squares_about_mean(&self, neuron: usize, n: f64) -> f64 {
        let sum = self.sums[neuron];
        (self.squares[neuron] - sum * sum / n).max(0.0)
    }
}
