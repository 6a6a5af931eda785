//! Means and squared deviations of a block of neurons, and of batches of samples.

use std::ops::Range;

use crate::{
    matrix::{Matrix, Sample},
    ttest::test_kind::TestKind,
};

/// Neurons that one task takes: their rows are long enough to stream, and all of their rows fit in
/// a second-level cache for the second pass.
pub(crate) const BLOCK: usize = 512;

/// The data of one neuron that a test needs: means, and sums of squared deviations from them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Summary {
    pub(crate) mean_a: f64,
    pub(crate) mean_b: f64,
    /// `mean_a - mean_b`, but without the rounding of these, which may be far greater than it.
    pub(crate) difference: f64,
    /// Squared deviations of side a; of the differences `a - b` in a paired test.
    pub(crate) squares_a: f64,
    /// Squared deviations of side b; 0 in a paired test.
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
        let delta_a = other.mean_a - self.mean_a;
        let delta_b = other.mean_b - self.mean_b;
        let share_a = other_a / (a + other_a);
        let share_b = other_b / (b + other_b);
        let shift_a = delta_a * share_a;
        let shift_b = delta_b * share_b;
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
    let first_a = FirstPass::new(a, block.clone());
    let first_b = FirstPass::new(b, block.clone());
    let rough = first_a.means.iter().zip(&first_b.means);
    let rough: Vec<f64> = rough.map(|(a, b)| a - b).collect();
    let mut pairs = Deviations::new(block.len());
    for (row_a, row_b) in a.rows().zip(b.rows()) {
        let row = row_a[block.clone()].iter().zip(&row_b[block.clone()]).zip(&rough);
        pairs.add(row.map(|((&a, &b), rough)| a.into() - b.into() - rough));
    }
    let n = a.samples() as f64;
    (0..block.len())
        .map(|neuron| Summary {
            mean_a: first_a.means[neuron],
            mean_b: first_b.means[neuron],
            difference: rough[neuron] + pairs.sums[neuron] / n,
            squares_a: pairs.squares_about_mean(neuron, n),
            squares_b: 0.0,
            largest: first_a.largest[neuron].or_magnitude(first_b.largest[neuron]).into(),
        })
        .collect()
}

fn summarise_sides<S: Sample>(
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    block: Range<usize>,
) -> Vec<Summary> {
    // Both passes over one side, then both over the other, whose rows take its place in the cache.
    let first_a = FirstPass::new(a, block.clone());
    let second_a = first_a.deviations(a, block.clone());
    let first_b = FirstPass::new(b, block.clone());
    let second_b = first_b.deviations(b, block.clone());
    let n_a = a.samples() as f64;
    let n_b = b.samples() as f64;
    let mut summaries = Vec::with_capacity(block.len());
    for neuron in 0..block.len() {
        let rough_a = first_a.means[neuron];
        let rough_b = first_b.means[neuron];
        let more_a = second_a.sums[neuron] / n_a;
        let more_b = second_b.sums[neuron] / n_b;
        summaries.push(Summary {
            mean_a: rough_a + more_a,
            mean_b: rough_b + more_b,
            difference: (rough_a - rough_b) + (more_a - more_b),
            squares_a: second_a.squares_about_mean(neuron, n_a),
            squares_b: second_b.squares_about_mean(neuron, n_b),
            largest: first_a.largest[neuron].or_magnitude(first_b.largest[neuron]).into(),
        });
    }
    summaries
}

/// Results of the first pass over the samples of a block of neurons.
struct FirstPass<S> {
    /// Summed relative to the first sample, so that a mean far from 0 costs no digits.
    means: Vec<f64>,
    /// The largest magnitudes.
    largest: Vec<S>,
}

impl<S: Sample> FirstPass<S> {
    fn new(matrix: Matrix<'_, S>, block: Range<usize>) -> Self {
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

    /// The second pass: deviations from the means of the first one.
    fn deviations(&self, matrix: Matrix<'_, S>, block: Range<usize>) -> Deviations {
        let mut deviations = Deviations::new(block.len());
        for row in matrix.rows() {
            let row = row[block.clone()].iter().zip(&self.means);
            deviations.add(row.map(|(&value, mean)| value.into() - mean));
        }
        deviations
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
