//! The formulas of the three t-tests, from per-neuron summaries to a [`TTest`].

use crate::{StudentT, TTest, TestKind, student_t::gamma_half_step, summary::Summary};

/// What is the same for every neuron of a test: its kind, counts and reference distribution.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Design {
    kind: TestKind,
    n_a: f64,
    n_b: f64,
    /// 1 - confidence level.
    alpha: f64,
    /// The distribution of t and its critical value. Welch's test replaces them for each neuron.
    distribution: StudentT,
    critical: f64,
    /// Factor that turns the effect size into Hedges' g.
    hedges: f64,
}

impl Design {
    /// For counts of at least two (and equal if paired) and a level in `(0, 1)`.
    pub(crate) fn new(kind: TestKind, n_a: usize, n_b: usize, level: f64) -> Self {
        let (n_a, n_b) = (n_a as f64, n_b as f64);
        let df = if kind == TestKind::Paired { n_a - 1.0 } else { n_a + n_b - 2.0 };
        let distribution = StudentT::from_positive(df);
        let alpha = 1.0 - level;
        let critical = distribution.two_sided_inverse(alpha);
        Self { kind, n_a, n_b, alpha, distribution, critical, hedges: hedges_factor(df) }
    }

    pub(crate) fn test(&self, summary: Summary) -> TTest {
        let Summary { mean_a, mean_b, squares_a, squares_b } = summary;
        let (n_a, n_b) = (self.n_a, self.n_b);
        let (mut distribution, mut critical) = (self.distribution, self.critical);
        let (standard_error, deviation) = match self.kind {
            TestKind::Paired => {
                let variance = squares_a / (n_a - 1.0);
                ((variance / n_a).sqrt(), variance.sqrt())
            }
            TestKind::Student => {
                let variance = (squares_a + squares_b) / distribution.df();
                ((variance * (1.0 / n_a + 1.0 / n_b)).sqrt(), variance.sqrt())
            }
            TestKind::Welch => {
                let pooled = (squares_a + squares_b) / distribution.df();
                let error_a = squares_a / (n_a - 1.0) / n_a;
                let error_b = squares_b / (n_b - 1.0) / n_b;
                // Welch-Satterthwaite in shares of the whole, whose squares cannot underflow.
                let (share_a, share_b) =
                    (error_a / (error_a + error_b), error_b / (error_a + error_b));
                let df = 1.0 / (share_a.powi(2) / (n_a - 1.0) + share_b.powi(2) / (n_b - 1.0));
                if df > 0.0 {
                    distribution = StudentT::from_positive(df);
                    critical = distribution.two_sided_inverse(self.alpha);
                }
                ((error_a + error_b).sqrt(), pooled.sqrt())
            }
        };
        let difference = mean_a - mean_b;
        // Below this the spread is rounding of the means, not of the data. The finiteness test
        // catches squares that overflow and the NaNs that follow.
        let rounding = f64::EPSILON * (mean_a.abs() + mean_b.abs());
        if !(standard_error > rounding && deviation.is_finite() && difference.is_finite()) {
            return TTest::undefined(mean_a, mean_b, difference);
        }
        let t = difference / standard_error;
        let p = distribution.two_sided(t);
        let (toward, away) = (p / 2.0, 1.0 - p / 2.0);
        let (p_greater, p_less) = if t >= 0.0 { (toward, away) } else { (away, toward) };
        let half_width = critical * standard_error;
        let effect = difference / deviation;
        TTest {
            mean_a,
            mean_b,
            difference,
            t,
            df: distribution.df(),
            p_two_sided: p,
            p_greater,
            p_less,
            ci: (difference - half_width, difference + half_width),
            effect,
            hedges_g: effect * self.hedges,
            defined: true,
        }
    }
}

/// Hedges' exact factor `Γ(m / 2) / (√(m / 2) Γ((m - 1) / 2))` for `m` degrees of freedom; NaN for
/// `m = 1`, where the effect size has no expectation to correct.
fn hedges_factor(m: f64) -> f64 {
    if m > 1.0 { gamma_half_step((m - 1.0) / 2.0) / (m / 2.0).sqrt() } else { f64::NAN }
}
