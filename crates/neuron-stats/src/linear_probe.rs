//! A linear probe: which neurons, taken together, tell two sides apart.

use crate::{
    error::StatsError,
    matrix::{Matrix, Sample},
};

/// Folds of the cross-validation.
const FOLDS: usize = 5;

/// The penalties that cross-validation chooses from, in units of the number of neurons.
pub const PROBE_PENALTIES: [f64; 7] = [1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0, 1000.0];

/// A linear probe of two sides; see [`linear_probe`].
#[derive(Debug, Clone, PartialEq)]
pub struct LinearProbe {
    /// Weight of each neuron's z-score; positive if a higher activation speaks for side a.
    pub weights: Vec<f64>,
    /// The chosen penalty, one of [`PROBE_PENALTIES`].
    pub penalty: f64,
    /// Share of the samples whose side is predicted by a probe that was fitted without their fold.
    pub accuracy: f64,
}

/// Fits a linear probe: ridge regression of the side, 1 for `a` and -1 for `b`, on the z-scores of every
/// neuron, with an intercept. It minimises
///
/// ```text
/// Σ (y - c - w·z)² + penalty m |w|²     m: number of neurons
/// ```
///
/// The penalty is the one with the least squared error in 5-fold cross-validation. Sample i of either
/// side is in fold i modulo 5, so that both sides of a pair are held out together; z-scores are those of
/// the samples that a probe is fitted to. A neuron without variance has weight 0.
///
/// # Errors
///
/// If the sides have different numbers of neurons ([`StatsError::NeuronCounts`]), or a side has fewer
/// than 2 samples ([`StatsError::TooFewSamples`]).
///
/// Reference: Hoerl and Kennard (1970), *Ridge regression*, Technometrics 12.
///
/// ```
/// use neuron_stats::{Matrix, linear_probe};
///
/// // The first neuron is higher in side a.
/// let a = [2.1_f64, 0.3, 1.8, -0.2, 2.0, 0.1];
/// let b = [0.9_f64, 0.2, 1.1, 0.1, 1.0, -0.3];
/// let probe = linear_probe(Matrix::new(&a, 3, 2)?, Matrix::new(&b, 3, 2)?)?;
/// assert!(probe.weights[0] > 0.5 && probe.weights[1].abs() < 0.2);
/// assert_eq!(probe.accuracy, 1.0);
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
pub fn linear_probe<S: Sample>(
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
) -> Result<LinearProbe, StatsError> {
    let neurons = a.neurons();
    if neurons != b.neurons() {
        return Err(StatsError::NeuronCounts { a: neurons, b: b.neurons() });
    }
    let got = a.samples().min(b.samples());
    if got < 2 {
        return Err(StatsError::TooFewSamples { needed: 2, got });
    }
    let mut samples = Vec::with_capacity(a.samples() + b.samples());
    for (side, target) in [(a, 1.0), (b, -1.0)] {
        for (index, row) in side.rows().enumerate() {
            let values = row.iter().map(|&value| value.into()).collect();
            samples.push(LabelledSample { values, target, fold: index % FOLDS });
        }
    }

    let validated = cross_validate(&samples);
    let mut chosen = 0;
    for (index, validation) in validated.iter().enumerate() {
        if validation.squared_error < validated[chosen].squared_error {
            chosen = index;
        }
    }
    let everything: Vec<&LabelledSample> = samples.iter().collect();
    let penalty = PROBE_PENALTIES[chosen];
    let weights = Kernel::of(&everything).fit(penalty).weights;
    let accuracy = validated[chosen].right as f64 / samples.len() as f64;
    Ok(LinearProbe { weights, penalty, accuracy })
}

/// One sample of either side.
struct LabelledSample {
    values: Vec<f64>,
    /// 1 for side a, -1 for side b.
    target: f64,
    fold: usize,
}

/// The predictions of held-out samples under one penalty.
#[derive(Debug, Clone, Copy, Default)]
struct Validation {
    squared_error: f64,
    right: usize,
}

/// Predicts every fold by the samples of the others, under each penalty.
fn cross_validate(samples: &[LabelledSample]) -> [Validation; PROBE_PENALTIES.len()] {
    let mut validated = [Validation::default(); PROBE_PENALTIES.len()];
    for fold in 0..FOLDS {
        let (held_out, kept): (Vec<&LabelledSample>, Vec<&LabelledSample>) =
            samples.iter().partition(|sample| sample.fold == fold);
        if held_out.is_empty() {
            continue;
        }
        let kernel = Kernel::of(&kept);
        for (validation, penalty) in validated.iter_mut().zip(PROBE_PENALTIES) {
            let fit = kernel.fit(penalty);
            for sample in &held_out {
                let predicted = fit.predict(&sample.values);
                validation.squared_error += (predicted - sample.target).powi(2);
                validation.right += usize::from(predicted * sample.target > 0.0);
            }
        }
    }
    validated
}

/// Samples as z-scores, with all their scalar products. There are fewer samples than neurons, so that
/// the regression is solved over samples: with K = Z Zᵀ its weights are Zᵀ (K + penalty I)⁻¹ (y - mean).
struct Kernel {
    /// `[samples][neurons]`.
    z_scores: Vec<Vec<f64>>,
    /// Mean and standard deviation of each neuron.
    scales: Vec<(f64, f64)>,
    /// `[samples][samples]`.
    products: Vec<Vec<f64>>,
    targets: Vec<f64>,
    mean_target: f64,
}

/// A fitted probe.
struct Fit<'a> {
    weights: Vec<f64>,
    scales: &'a [(f64, f64)],
    mean_target: f64,
}

impl Kernel {
    fn of(samples: &[&LabelledSample]) -> Self {
        let count = samples.len() as f64;
        let neurons = samples.first().map_or(0, |sample| sample.values.len());
        let mut scales = Vec::with_capacity(neurons);
        for neuron in 0..neurons {
            let values = samples.iter().map(|sample| sample.values[neuron]);
            let mean = values.clone().sum::<f64>() / count;
            let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            scales.push((mean, variance.sqrt()));
        }
        let z_scores: Vec<Vec<f64>> =
            samples.iter().map(|sample| standardise(&sample.values, &scales)).collect();
        let products = z_scores
            .iter()
            .map(|row| z_scores.iter().map(|other| dot(row, other)).collect())
            .collect();
        let targets: Vec<f64> = samples.iter().map(|sample| sample.target).collect();
        let mean_target = targets.iter().sum::<f64>() / count;
        Self { z_scores, scales, products, targets, mean_target }
    }

    /// The probe under a penalty.
    fn fit(&self, penalty: f64) -> Fit<'_> {
        let neurons = self.scales.len();
        let mut matrix = self.products.clone();
        for (index, row) in matrix.iter_mut().enumerate() {
            row[index] += penalty * neurons as f64;
        }
        let centred: Vec<f64> =
            self.targets.iter().map(|target| target - self.mean_target).collect();
        let coefficients = solve_by_cholesky(matrix, centred);
        let mut weights = vec![0.0; neurons];
        for (row, coefficient) in self.z_scores.iter().zip(coefficients) {
            for (weight, z) in weights.iter_mut().zip(row) {
                *weight += coefficient * z;
            }
        }
        Fit { weights, scales: &self.scales, mean_target: self.mean_target }
    }
}

impl Fit<'_> {
    fn predict(&self, values: &[f64]) -> f64 {
        self.mean_target + dot(&self.weights, &standardise(values, self.scales))
    }
}

/// The z-scores of a sample; 0 for a neuron without variance.
fn standardise(values: &[f64], scales: &[(f64, f64)]) -> Vec<f64> {
    let mut z_scores = Vec::with_capacity(values.len());
    for (value, &(mean, deviation)) in values.iter().zip(scales) {
        z_scores.push(if deviation > 0.0 { (value - mean) / deviation } else { 0.0 });
    }
    z_scores
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Solves `matrix x = right` for a symmetric positive definite matrix: `matrix` becomes its Cholesky
/// factor L, and then L y = right and Lᵀ x = y are solved.
fn solve_by_cholesky(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    // The products of their first values.
    let known = |row: &[f64], other: &[f64], count| dot(&row[..count], &other[..count]);
    for column in 0..size {
        let (above, below) = matrix.split_at_mut(column + 1);
        let pivot_row = &mut above[column];
        let pivot = (pivot_row[column] - known(pivot_row, pivot_row, column)).sqrt();
        pivot_row[column] = pivot;
        for row in below {
            row[column] = (row[column] - known(row, pivot_row, column)) / pivot;
        }
    }
    for index in 0..size {
        right[index] = (right[index] - known(&matrix[index], &right, index)) / matrix[index][index];
    }
    for index in (0..size).rev() {
        let later: f64 = (index + 1..size).map(|row| matrix[row][index] * right[row]).sum();
        right[index] = (right[index] - later) / matrix[index][index];
    }
    right
}
