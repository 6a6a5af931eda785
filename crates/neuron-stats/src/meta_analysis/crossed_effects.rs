//! Two crossed random effects.

use crate::{
    error::StatsError,
    input_checks::check_level,
    matrix::{Matrix, Sample},
    student_t::distribution::StudentT,
};

/// The grand mean of a table of measurements, and how much rows and columns differ. The mean, its
/// standard error and the intervals are in the unit of the measurements, variances in its square.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossedEffects {
    /// The grand mean.
    pub mean: f64,
    /// Standard error of the grand mean, over other rows and other columns.
    pub standard_error: f64,
    /// Satterthwaite's degrees of freedom of the standard error; infinite if there is no variation.
    pub df: f64,
    /// Confidence interval of the grand mean.
    pub interval: (f64, f64),
    /// Two-sided p-value of a grand mean of 0.
    pub p: f64,
    /// Prediction interval: where the true mean of the next column lies, over all rows like these.
    pub next_column: (f64, f64),
    /// Variance between rows.
    pub row_variance: f64,
    /// Variance between columns.
    pub column_variance: f64,
    /// Variance of what is left in a cell.
    pub residual_variance: f64,
}

/// The mean of a complete table whose rows and columns are both samples, such as templates by
/// models, by restricted maximum likelihood.
///
/// A meta-analysis takes the errors of studies to be independent. Studies that ask the same prompts
/// share theirs: a template that is easy in one model is easy in others. Here
///
/// ```text
/// y_rc = μ + a_r + b_c + e_rc     a_r ~ N(0, σ_a²)   b_c ~ N(0, σ_b²)   e_rc ~ N(0, σ²)
/// ```
///
/// For R rows and C columns, the likelihood depends on the mean squares of rows, columns and
/// residuals alone, whose expectations are `λ_a = σ² + C σ_a²`, `λ_b = σ² + R σ_b²` and `λ_e = σ²`.
/// Its maximum is at the mean squares themselves. If that of rows or columns is below that of the
/// residuals, its variance is 0, and both are pooled, the lowest one first. So the solution is
/// closed.
///
/// ```text
/// SE          = √((λ_a + λ_b − λ_e) / (R C))
/// interval    = μ ± t SE
/// next column = μ ± t √(SE² + σ_b²)
/// ```
///
/// Both variances are sums `V = Σ c λ` of mean squares with degrees of freedom d. Their t have
/// Satterthwaite's degrees of freedom, `V² / Σ ((c λ)² / d)`.
///
/// # Coverage
///
/// Rates in percent at which intervals of level 0.95 contain the truth, in 10,000 simulated tables
/// per row with a residual standard deviation of 0.5. A test computes the table anew.
///
/// | rows x columns | sd of rows | sd of columns | interval | next column |
/// |---|---|---|---|---|
/// | 12 x 3 | 0 | 0 | 98.0 | 98.0 |
/// | 12 x 3 | 0.3 | 0 | 97.0 | 97.1 |
/// | 12 x 3 | 0.3 | 0.3 | 94.4 | 91.8 |
/// | 12 x 3 | 1 | 0.3 | 95.4 | 94.9 |
/// | 12 x 3 | 0.3 | 1 | 93.9 | 96.5 |
/// | 12 x 5 | 0 | 0 | 98.3 | 98.4 |
/// | 12 x 5 | 0.3 | 0 | 96.3 | 97.0 |
/// | 12 x 5 | 0.3 | 0.3 | 95.2 | 96.4 |
/// | 12 x 5 | 1 | 0.3 | 95.4 | 95.2 |
/// | 12 x 5 | 0.3 | 1 | 94.8 | 95.6 |
/// | 12 x 10 | 0 | 0 | 97.5 | 97.9 |
/// | 12 x 10 | 0.3 | 0 | 95.5 | 97.1 |
/// | 12 x 10 | 0.3 | 0.3 | 95.5 | 96.2 |
/// | 12 x 10 | 1 | 0.3 | 95.2 | 95.3 |
/// | 12 x 10 | 0.3 | 1 | 95.3 | 95.2 |
/// | 24 x 25 | 0 | 0 | 97.2 | 98.0 |
/// | 24 x 25 | 0.3 | 0 | 95.3 | 97.4 |
/// | 24 x 25 | 0.3 | 0.3 | 95.0 | 94.8 |
/// | 24 x 25 | 1 | 0.3 | 94.9 | 94.6 |
/// | 24 x 25 | 0.3 | 1 | 94.8 | 94.8 |
///
/// References: Searle, Casella and `McCulloch` (1992), *Variance Components*, chapter 4;
/// Satterthwaite (1946), *An approximate distribution of estimates of variance components*,
/// Biometrics Bull. 2; Clark (1973), *The language-as-fixed-effect fallacy*, J. Verb. Learn. Verb.
/// Behav. 12, for why both are random.
///
/// ```
/// use neuron_stats::{Matrix, crossed_effects};
///
/// // Four templates in three models, the second of which has the largest effects.
/// let drops = [0.5, 0.9, 0.4, 0.3, 0.8, 0.1, 0.6, 1.1, 0.6, 0.2, 0.6, 0.2];
/// let effects = crossed_effects(Matrix::new(&drops, 4, 3)?, 0.95)?;
/// assert!(effects.column_variance > effects.row_variance);
/// assert!(effects.interval.0 < 0.0 && (effects.mean - 0.525).abs() < 1e-12);
/// # Ok::<(), neuron_stats::StatsError>(())
/// ```
///
/// # Errors
///
/// If there are fewer than two rows or columns ([`StatsError::TooFewSamples`]), `level` is not in
/// `(0, 1)` ([`StatsError::Level`]), or squares overflow ([`StatsError::EstimateRange`]).
pub fn crossed_effects<S: Sample>(
    table: Matrix<'_, S>,
    level: f64,
) -> Result<CrossedEffects, StatsError> {
    check_level(level)?;
    let fewest = table.samples().min(table.neurons());
    if fewest < 2 {
        return Err(StatsError::TooFewSamples { needed: 2, got: fewest });
    }
    let (mean, strata) = Strata::of(table);
    let rows = table.samples() as f64;
    let columns = table.neurons() as f64;
    let cells = rows * columns;
    let column_variance = (strata.columns.mean_square() - strata.residual.mean_square()) / rows;
    let row_variance = (strata.rows.mean_square() - strata.residual.mean_square()) / columns;
    let of_mean = strata.combine(1.0 / cells, 1.0 / cells, -1.0 / cells);
    let next = strata.combine(1.0 / cells, 1.0 / cells + 1.0 / rows, -1.0 / cells - 1.0 / rows);
    if !(mean.is_finite() && next.variance.is_finite() && of_mean.variance.is_finite()) {
        return Err(StatsError::EstimateRange);
    }
    Ok(CrossedEffects {
        mean,
        standard_error: of_mean.variance.sqrt(),
        df: of_mean.df,
        interval: of_mean.interval(mean, level),
        p: of_mean.p(mean),
        next_column: next.interval(mean, level),
        row_variance,
        column_variance,
        residual_variance: strata.residual.mean_square(),
    })
}

/// A sum of squares with its degrees of freedom.
#[derive(Debug, Clone, Copy, PartialEq)]
struct SquareSum {
    sum: f64,
    df: f64,
}

impl SquareSum {
    fn mean_square(&self) -> f64 {
        self.sum / self.df
    }

    fn pool(&self, other: &Self) -> Self {
        Self { sum: self.sum + other.sum, df: self.df + other.df }
    }
}

/// The squares of rows, columns and residuals. Those that are pooled are all the same.
#[derive(Debug, Clone, Copy)]
struct Strata {
    rows: SquareSum,
    columns: SquareSum,
    residual: SquareSum,
    rows_are_pooled: bool,
    columns_are_pooled: bool,
}

/// An estimated variance with its degrees of freedom.
struct Variance {
    variance: f64,
    df: f64,
}

impl Strata {
    /// The grand mean of a table, and its squares after pooling.
    fn of<S: Sample>(table: Matrix<'_, S>) -> (f64, Self) {
        // A large common value would cost digits.
        let origin: f64 = table.values()[0].into();
        let count = table.samples() as f64;
        let width = table.neurons() as f64;
        let mut row_means = Vec::with_capacity(table.samples());
        let mut column_means = vec![0.0; table.neurons()];
        for row in table.rows() {
            let mut sum = 0.0;
            for (column, &value) in column_means.iter_mut().zip(row) {
                let value = value.into() - origin;
                sum += value;
                *column += value / count;
            }
            row_means.push(sum / width);
        }
        let mean = row_means.iter().sum::<f64>() / count;
        let mut residual = 0.0;
        for (row, row_mean) in table.rows().zip(&row_means) {
            for (&value, column_mean) in row.iter().zip(&column_means) {
                residual += (value.into() - origin - row_mean - column_mean + mean).powi(2);
            }
        }
        let squares = |means: &[f64]| means.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        let strata = Self {
            rows: SquareSum { sum: width * squares(&row_means), df: count - 1.0 },
            columns: SquareSum { sum: count * squares(&column_means), df: width - 1.0 },
            residual: SquareSum { sum: residual, df: (count - 1.0) * (width - 1.0) },
            rows_are_pooled: false,
            columns_are_pooled: false,
        };
        (origin + mean, strata.pooled())
    }

    /// Pools rows and columns with the residuals where their mean square is lower, the lowest one
    /// first.
    fn pooled(mut self) -> Self {
        let rows_first = self.rows.mean_square() < self.columns.mean_square();
        for takes_rows in [rows_first, !rows_first] {
            let stratum = if takes_rows { self.rows } else { self.columns };
            if stratum.mean_square() < self.residual.mean_square() {
                self.residual = self.residual.pool(&stratum);
                self.rows_are_pooled |= takes_rows;
                self.columns_are_pooled |= !takes_rows;
            }
        }
        if self.rows_are_pooled {
            self.rows = self.residual;
        }
        if self.columns_are_pooled {
            self.columns = self.residual;
        }
        self
    }

    /// The variance that is a sum of mean squares with these coefficients, with Satterthwaite's
    /// degrees of freedom.
    fn combine(&self, rows: f64, columns: f64, residual: f64) -> Variance {
        // Mean squares that are pooled are one, not several.
        let mut residual = residual;
        let mut rows = rows;
        let mut columns = columns;
        if self.rows_are_pooled {
            residual += rows;
            rows = 0.0;
        }
        if self.columns_are_pooled {
            residual += columns;
            columns = 0.0;
        }
        let mut variance = 0.0;
        let mut spread = 0.0;
        for (coefficient, stratum) in
            [(rows, self.rows), (columns, self.columns), (residual, self.residual)]
        {
            let part = coefficient * stratum.mean_square();
            variance += part;
            spread += part * part / stratum.df;
        }
        if variance < 0.0 {
            variance = 0.0;
        }
        let df = if spread > 0.0 { variance * variance / spread } else { f64::INFINITY };
        Variance { variance, df }
    }
}

impl Variance {
    /// The two-sided p of a mean with this variance, if the true one is 0.
    fn p(&self, mean: f64) -> f64 {
        if mean == 0.0 {
            return 1.0;
        }
        StudentT::from_positive(self.df).two_sided(mean / self.variance.sqrt())
    }

    /// The t interval with this variance.
    fn interval(&self, mean: f64, level: f64) -> (f64, f64) {
        let student = StudentT::from_positive(self.df);
        let half_width = student.two_sided_inverse(1.0 - level) * self.variance.sqrt();
        (mean - half_width, mean + half_width)
    }
}
