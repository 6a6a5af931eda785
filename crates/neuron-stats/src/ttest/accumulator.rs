//! t-tests over samples that come in batches.

use rayon::prelude::*;

use crate::{
    error::StatsError,
    input_checks::{check_counts, check_level, check_neurons},
    matrix::{Matrix, Sample},
    ttest::{
        design::Design,
        summary::{BLOCK, Summary, summarise},
        test_kind::TestKind,
        test_result::TTest,
    },
};

/// Runs [`t_tests`](crate::t_tests) without holding all samples at once.
///
/// Each batch is summarised by two passes and merged into the means and squared deviations so far,
/// so that only these are kept. However the samples are cut into batches, t agrees with that of
/// `t_tests` on all of them to 1e-12 (relative to |t| if that is above 1) if paired. If not, the
/// rounding of the batches' means is added, 2e-15 of `|ā| + |b̄|` in units of the standard error.
///
/// ```
/// use neuron_stats::{Matrix, TTestAccumulator, TestKind, t_test};
///
/// let mut pairs = TTestAccumulator::new(TestKind::Paired, 1);
/// pairs.push(Matrix::new(&[1.2, 0.9], 2, 1)?, Matrix::new(&[0.7, 0.8], 2, 1)?)?;
/// pairs.push(Matrix::new(&[1.4, 1.1], 2, 1)?, Matrix::new(&[0.9, 1.0], 2, 1)?)?;
/// let at_once = t_test(TestKind::Paired, &[1.2, 0.9, 1.4, 1.1], &[0.7, 0.8, 0.9, 1.0], 0.95)?;
/// assert!((pairs.finish(0.95)?[0].t - at_once.t).abs() < 1e-12);
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TTestAccumulator {
    kind: TestKind,
    samples_a: usize,
    samples_b: usize,
    summaries: Vec<Summary>,
}

impl TTestAccumulator {
    /// No samples yet of this many neurons.
    ///
    /// # Panics
    ///
    /// If there is not enough memory.
    #[must_use]
    pub fn new(kind: TestKind, neurons: usize) -> Self {
        Self { kind, samples_a: 0, samples_b: 0, summaries: vec![Summary::default(); neurons] }
    }

    /// Adds one batch of both sides: pairs if the test is paired, otherwise any number of samples of
    /// each side.
    ///
    /// # Errors
    ///
    /// If the sides, or the batch and the accumulator, have different numbers of neurons
    /// ([`StatsError::NeuronCounts`]), or a paired test gets different numbers of samples
    /// ([`StatsError::UnequalPairs`]). The accumulator then stays as it was.
    pub fn push<S: Sample>(
        &mut self,
        a: Matrix<'_, S>,
        b: Matrix<'_, S>,
    ) -> Result<(), StatsError> {
        let kind = self.kind;
        check_neurons(a.neurons(), b.neurons())?;
        check_neurons(self.summaries.len(), a.neurons())?;
        if kind == TestKind::Paired && a.samples() != b.samples() {
            return Err(StatsError::UnequalPairs { a: a.samples(), b: b.samples() });
        }
        let counts = self.counts_with(a.samples(), b.samples());
        self.summaries.par_chunks_mut(BLOCK).enumerate().for_each(|(index, summaries)| {
            let block = index * BLOCK..index * BLOCK + summaries.len();
            for (summary, batch) in summaries.iter_mut().zip(summarise(kind, a, b, block)) {
                *summary = summary.merge(batch, kind, counts);
            }
        });
        self.samples_a += a.samples();
        self.samples_b += b.samples();
        Ok(())
    }

    /// Adds the samples of another accumulator.
    ///
    /// # Errors
    ///
    /// If the other is for another test ([`StatsError::TestKinds`]), or has another number of neurons
    /// ([`StatsError::NeuronCounts`]). The accumulator then stays as it was.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        if self.kind != other.kind {
            return Err(StatsError::TestKinds { a: self.kind, b: other.kind });
        }
        check_neurons(self.summaries.len(), other.summaries.len())?;
        if other.samples_a == 0 {
            return Ok(());
        }
        let counts = self.counts_with(other.samples_a, other.samples_b);
        for (summary, &more) in self.summaries.iter_mut().zip(&other.summaries) {
            *summary = summary.merge(more, self.kind, counts);
        }
        self.samples_a += other.samples_a;
        self.samples_b += other.samples_b;
        Ok(())
    }

    /// The number of neurons.
    #[must_use]
    pub const fn neurons(&self) -> usize {
        self.summaries.len()
    }

    /// The number of samples so far of sides a and b.
    #[must_use]
    pub const fn samples(&self) -> (usize, usize) {
        (self.samples_a, self.samples_b)
    }

    /// The test of every neuron on the samples so far.
    ///
    /// # Errors
    ///
    /// If a side has fewer than two samples ([`StatsError::TooFewSamples`]), or `level` is not in
    /// `(0, 1)` ([`StatsError::Level`]).
    pub fn finish(&self, level: f64) -> Result<Vec<TTest>, StatsError> {
        check_counts(self.kind, self.samples_a, self.samples_b)?;
        check_level(level)?;
        let design = Design::new(self.kind, self.samples_a, self.samples_b, level);
        let mut tests = TTest::placeholders(self.summaries.len());
        let blocks = self.summaries.par_chunks(BLOCK).zip(tests.par_chunks_mut(BLOCK));
        blocks.for_each(|(summaries, tests)| design.test(summaries, tests));
        Ok(tests)
    }

    fn counts_with(&self, samples_a: usize, samples_b: usize) -> [(f64, f64); 2] {
        [(self.samples_a as f64, self.samples_b as f64), (samples_a as f64, samples_b as f64)]
    }
}
