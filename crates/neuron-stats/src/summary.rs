//! Means and squared deviations of a block of neurons, and of batches of samples.

use std::ops::Range;

use crate::{Matrix, Sample, TestKind};

/// Neurons that one task takes: their rows are long enough to stream, and all of their rows fit in
/// a second-level cache for the second pass.
pub(crate) const BLOCK: usize = 512;

/// What a test needs of one neuron: two means and the sums of squared deviations from them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Summary {
    pub(crate) mean_a: f64,
    pub(crate) mean_b: f64,
    /// Of side a; of the differences `a - b` in a paired test.
    pub(crate) squares_a: f64,
    /// Of side b; 0 in a paired test.
    pub(crate) squares_b: f64,
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
        let between = |delta: f64, n: f64, other: f64| delta * delta * n * (other / (n + other));
        let (between_a, between_b) = match kind {
            TestKind::Paired => (between(delta_a - delta_b, a, other_a), 0.0),
            TestKind::Student | TestKind::Welch => {
                (between(delta_a, a, other_a), between(delta_b, b, other_b))
            }
        };
        Self {
            mean_a: self.mean_a + delta_a * (other_a / (a + other_a)),
            mean_b: self.mean_b + delta_b * (other_b / (b + other_b)),
            squares_a: self.squares_a + other.squares_a + between_a,
            squares_b: self.squares_b + other.squares_b + between_b,
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
    let means_a = a.block_means(block.clone());
    let means_b = b.block_means(block.clone());
    let differences: Vec<f64> = means_a.iter().zip(&means_b).map(|(a, b)| a - b).collect();
    let mut deviations = Deviations::new(block.len());
    for (row_a, row_b) in a.rows().zip(b.rows()) {
        let row = row_a[block.clone()].iter().zip(&row_b[block.clone()]).zip(&differences);
        deviations.add(row.map(|((&a, &b), difference)| a.into() - b.into() - difference));
    }
    let squares = deviations.squares_about_mean(a.samples());
    let means = means_a.iter().zip(&means_b).zip(squares);
    means
        .map(|((&mean_a, &mean_b), squares_a)| Summary {
            mean_a,
            mean_b,
            squares_a,
            squares_b: 0.0,
        })
        .collect()
}

fn summarise_sides<S: Sample>(
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    block: Range<usize>,
) -> Vec<Summary> {
    let side = |matrix: Matrix<'_, S>| {
        let means = matrix.block_means(block.clone());
        let mut deviations = Deviations::new(block.len());
        for row in matrix.rows() {
            let row = row[block.clone()].iter().zip(&means);
            deviations.add(row.map(|(&value, mean)| value.into() - mean));
        }
        let squares: Vec<f64> = deviations.squares_about_mean(matrix.samples()).collect();
        means.into_iter().zip(squares)
    };
    side(a)
        .zip(side(b))
        .map(|((mean_a, squares_a), (mean_b, squares_b))| Summary {
            mean_a,
            mean_b,
            squares_a,
            squares_b,
        })
        .collect()
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
    fn squares_about_mean(&self, samples: usize) -> impl Iterator<Item = f64> {
        let n = samples as f64;
        self.sums
            .iter()
            .zip(&self.squares)
            .map(move |(sum, squares)| (squares - sum * sum / n).max(0.0))
    }
}
