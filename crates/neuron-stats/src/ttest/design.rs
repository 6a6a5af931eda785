//! The formulas of the three t-tests, from per-neuron summaries to a [`TTest`].

use crate::{
    student_t::{
        distribution::StudentT,
        tail_polynomial::{LANES, TailPolynomial},
    },
    ttest::{summary::Summary, test_kind::TestKind, test_result::TTest},
};

/// The values that are the same for every neuron of a test.
#[derive(Debug, Clone)]
pub(crate) struct Design {
    /// 1 - confidence level.
    alpha: f64,
    /// Degrees of freedom of the pooled variance, or of the differences' variance.
    df: f64,
    /// The critical value at `alpha` for these.
    critical: f64,
    /// Variance of the mean difference in units of that variance: `1/n` or `1/n_a + 1/n_b`.
    spread: f64,
    reference: Reference,
}

/// The distribution that t is compared with.
#[derive(Debug, Clone)]
enum Reference {
    /// One for all neurons.
    Common(TailPolynomial),
    /// Each neuron has its own degrees of freedom; the counts are those of the sides.
    Welch { n_a: f64, n_b: f64 },
}

/// The t of one neuron, with the values that it is computed from.
#[derive(Debug, Clone, Copy)]
struct Statistic {
    t: f64,
    standard_error: f64,
    df: f64,
    effect: f64,
}

impl Statistic {
    const UNDEFINED: Self =
        Self { t: f64::NAN, standard_error: f64::NAN, df: f64::NAN, effect: f64::NAN };
}

impl Design {
    /// For counts of at least two (and equal if paired) and a level in `(0, 1)`.
    pub(crate) fn new(kind: TestKind, n_a: usize, n_b: usize, level: f64) -> Self {
        let n_a = n_a as f64;
        let n_b = n_b as f64;
        let (df, spread) = match kind {
            TestKind::Paired => (n_a - 1.0, 1.0 / n_a),
            TestKind::Student | TestKind::Welch => (n_a + n_b - 2.0, 1.0 / n_a + 1.0 / n_b),
        };
        let distribution = StudentT::from_positive(df);
        let reference = match kind {
            TestKind::Welch => Reference::Welch { n_a, n_b },
            TestKind::Paired | TestKind::Student => {
                Reference::Common(TailPolynomial::new(&distribution))
            }
        };
        let alpha = 1.0 - level;
        let critical = distribution.two_sided_inverse(alpha);
        Self { alpha, df, critical, spread, reference }
    }

    /// t of one neuron; NaN if it is undefined.
    pub(crate) fn t(&self, summary: &Summary) -> f64 {
        self.statistic(summary).t
    }

    /// The tests of many neurons.
    pub(crate) fn test(&self, summaries: &[Summary], tests: &mut [TTest]) {
        for (summaries, tests) in summaries.chunks(LANES).zip(tests.chunks_mut(LANES)) {
            let mut statistics = [Statistic::UNDEFINED; LANES];
            for (statistic, summary) in statistics.iter_mut().zip(summaries) {
                *statistic = self.statistic(summary);
            }
            let p = match &self.reference {
                Reference::Common(tail) => tail.two_sided(statistics.map(|statistic| statistic.t)),
                Reference::Welch { .. } => statistics.map(|Statistic { df, t, .. }| {
                    if t.is_nan() { t } else { StudentT::from_positive(df).two_sided(t) }
                }),
            };
            for (((test, summary), statistic), p) in
                tests.iter_mut().zip(summaries).zip(&statistics).zip(p)
            {
                self.conclude(test, summary, statistic, p);
            }
        }
    }

    /// The statistic of one neuron; its t is NaN if the test is undefined.
    fn statistic(&self, summary: &Summary) -> Statistic {
        let &Summary { difference, squares_a, squares_b, largest, .. } = summary;
        let squares = squares_a + squares_b;
        let (standard_error, df) = match self.reference {
            Reference::Common(_) => ((squares * (self.spread / self.df)).sqrt(), self.df),
            Reference::Welch { n_a, n_b } => {
                let error_a = squares_a / (n_a - 1.0) / n_a;
                let error_b = squares_b / (n_b - 1.0) / n_b;
                let squared_error = error_a + error_b;
                // Welch-Satterthwaite in shares of the whole, whose squares cannot underflow.
                let share_a = error_a / squared_error;
                let share_b = error_b / squared_error;
                let whole = share_a * share_a / (n_a - 1.0) + share_b * share_b / (n_b - 1.0);
                (squared_error.sqrt(), 1.0 / whole)
            }
        };
        // Below this the spread may be the rounding of the measurements themselves, for example if `a`
        // was computed as `b` plus a constant. The finiteness tests catch squares that overflow.
        let rounding = 2.0 * f64::EPSILON * largest;
        let defined = standard_error > rounding && squares.is_finite() && difference.is_finite();
        let t = if defined { difference / standard_error } else { f64::NAN };
        let effect = match self.reference {
            Reference::Common(_) => t * self.spread.sqrt(),
            Reference::Welch { .. } => difference / (squares / self.df).sqrt(),
        };
        Statistic { t, standard_error, df, effect }
    }

    /// Fills in the test of one neuron.
    fn conclude(&self, test: &mut TTest, summary: &Summary, statistic: &Statistic, p: f64) {
        let &Summary { mean_a, mean_b, difference, .. } = summary;
        let &Statistic { t, standard_error, df, effect } = statistic;
        if t.is_nan() {
            *test = TTest::undefined(mean_a, mean_b, difference);
            return;
        }
        let critical = match self.reference {
            Reference::Common(_) => self.critical,
            Reference::Welch { .. } => {
                StudentT::from_positive(df).two_sided_inverse_from(self.alpha, self.critical)
            }
        };
        let toward = p / 2.0;
        let away = 1.0 - p / 2.0;
        let (p_greater, p_less) = if t >= 0.0 { (toward, away) } else { (away, toward) };
        let half_width = critical * standard_error;
        *test = TTest {
            mean_a,
            mean_b,
            difference,
            t,
            df,
            p_two_sided: p,
            p_greater,
            p_less,
            ci: (difference - half_width, difference + half_width),
            effect,
            defined: true,
        };
    }
}
