//! Cases of the statistics, at the size of BERT-base: 12 layers of 3,072 neurons, and 54 pairs of
//! sentences. `scipy_reference.py` does the same with SciPy.

use std::{hint::black_box, time::Instant};

use anyhow::Result;
use clap::ValueEnum;
use neuron_stats::{
    Correction, Families, Matrix, Relabelling, Resampling, StatsError, TestKind, max_t, t_tests,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const PAIRS: usize = 54;
const LAYERS: usize = 12;
const NEURONS_PER_LAYER: usize = 3072;
const NEURONS: usize = LAYERS * NEURONS_PER_LAYER;
const FLIPS: usize = 10_000;

/// A case of the statistics.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum StatisticsCase {
    /// Paired t-tests of all neurons, with Benjamini-Hochberg.
    #[value(alias = "paired-f32")] // SciPy's variant; ours is the same
    Paired,
    /// Welch's t-tests of all neurons, with Benjamini-Hochberg.
    Welch,
    /// Max-T permutation test over the model: 10,000 sign flips.
    MaxTModel,
    /// Max-T permutation test over each layer: 10,000 sign flips.
    MaxTLayer,
}

impl StatisticsCase {
    /// Runs the case repeatedly and returns the median milliseconds, after one run to warm up.
    pub(crate) fn run(self) -> Result<f64> {
        let him = draw_activations(1);
        let her = draw_activations(2);
        let runs = match self {
            Self::Paired | Self::Welch => 30,
            Self::MaxTModel | Self::MaxTLayer => 5,
        };
        self.compute(&him, &her)?;
        let mut milliseconds = Vec::new();
        for _ in 0..runs {
            let started = Instant::now();
            self.compute(black_box(&him), black_box(&her))?;
            milliseconds.push(1e3 * started.elapsed().as_secs_f64());
        }
        milliseconds.sort_by(f64::total_cmp);
        Ok(f64::midpoint(milliseconds[(runs - 1) / 2], milliseconds[runs / 2]))
    }

    fn compute(self, him: &[f32], her: &[f32]) -> Result<(), StatsError> {
        let him = Matrix::new(him, PAIRS, NEURONS)?;
        let her = Matrix::new(her, PAIRS, NEURONS)?;
        match self {
            Self::Paired => test_neurons(TestKind::Paired, him, her),
            Self::Welch => test_neurons(TestKind::Welch, him, her),
            Self::MaxTModel => permute(him, her, vec![NEURONS]),
            Self::MaxTLayer => permute(him, her, vec![NEURONS_PER_LAYER; LAYERS]),
        }
    }
}

/// Draws uniform values; the time does not depend on the distribution.
fn draw_activations(seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..PAIRS * NEURONS).map(|_| rng.random()).collect()
}

fn test_neurons(
    kind: TestKind,
    him: Matrix<'_, f32>,
    her: Matrix<'_, f32>,
) -> Result<(), StatsError> {
    let tests = t_tests(kind, him, her, 0.95)?;
    let p: Vec<f64> = tests.iter().map(|test| test.p_two_sided).collect();
    black_box(Correction::BenjaminiHochberg.adjust(&p)?);
    Ok(())
}

fn permute(
    him: Matrix<'_, f32>,
    her: Matrix<'_, f32>,
    families: Vec<usize>,
) -> Result<(), StatsError> {
    let families = Families::of_sizes(families)?;
    let resampling = Resampling { draws: FLIPS, exact_up_to: 0, seed: 1 };
    black_box(max_t(Relabelling::SignFlip, him, her, &families, resampling)?);
    Ok(())
}
