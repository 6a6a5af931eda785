//! The promises about error rates and power, checked on simulated data with fixed seeds.
//!
//! A rate from `n` simulations has a standard error; every bound allows for three of them.

mod common;

use common::{Normal, fixture, test_kind};
use neuron_stats::{
    Alternative, Correction, Families, Matrix, Relabelling, Resampling, TTest, TestKind, max_t,
    significant, t_tests,
};
use rayon::prelude::*;

const ALPHA: f64 = 0.05;
const DATA_SETS: usize = 1000;

/// The mean of `job` over all data sets, and its standard error.
fn simulate(job: impl Fn(&mut Normal) -> f64 + Sync) -> (f64, f64) {
    let values: Vec<f64> =
        (0..DATA_SETS as u64).into_par_iter().map(|seed| job(&mut Normal::new(seed))).collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

fn assert_at_most((rate, error): (f64, f64), bound: f64, what: &str) {
    println!("{what}: {rate:.4} +- {error:.4}, bound {bound}");
    assert!(rate <= bound + 3.0 * error, "{what}: {rate} +- {error} is above {bound}");
}

fn p_values(tests: &[TTest], alternative: Alternative) -> Vec<f64> {
    tests.iter().map(|test| test.p(alternative)).collect()
}

#[test]
fn max_t_makes_a_false_discovery_in_alpha_of_data_sets() {
    const NEURONS: usize = 40;
    const PLANTED: usize = 10;
    let families = Families::of_sizes([NEURONS]).unwrap();
    for (relabelling, n_a, n_b) in
        [(Relabelling::SignFlip, 12, 12), (Relabelling::LabelShuffle, 6, 9)]
    {
        for alternative in [Alternative::TwoSided, Alternative::Greater, Alternative::Less] {
            // Of null neurons only, and with some that prefer one side or the other: these may be
            // found, the others not.
            for planted in [0, PLANTED] {
                let rate = simulate(|normal| {
                    let mut a = normal.correlated(n_a, NEURONS, 0.5);
                    let b = normal.correlated(n_b, NEURONS, 0.5);
                    for (index, value) in a.iter_mut().enumerate() {
                        let neuron = index % NEURONS;
                        let effect = if neuron.is_multiple_of(2) { 1.5 } else { -1.5 };
                        *value += if neuron < planted { effect } else { 0.0 };
                    }
                    let a = Matrix::new(&a, n_a, NEURONS).unwrap();
                    let b = Matrix::new(&b, n_b, NEURONS).unwrap();
                    let resampling = Resampling { draws: 499, exact_up_to: 0, seed: 1 };
                    let test = max_t(relabelling, a, b, &families, resampling).unwrap();
                    let p = &test.p(alternative)[planted..];
                    f64::from(u8::from(p.iter().any(|&p| p <= ALPHA)))
                });
                let what = format!("{relabelling:?} {alternative:?}, {planted} planted, FWER");
                assert_at_most(rate, ALPHA, &what);
                // Nor does it waste its alpha: for continuous null data the test is exact.
                assert!(planted > 0 || rate.0 >= ALPHA - 3.0 * rate.1);
            }
        }
    }
}

/// Pairs of correlated neurons. The first ones prefer side a, the next side b, and the rest neither.
#[derive(Clone, Copy)]
struct Planted {
    pairs: usize,
    neurons: usize,
    greater: usize,
    less: usize,
    effect: f64,
    correlation: f64,
    /// Whether neurons of even and odd index correlate negatively with each other.
    both_signs: bool,
}

impl Planted {
    const USUAL: Self = Self {
        pairs: 20,
        neurons: 200,
        greater: 30,
        less: 5,
        effect: 1.0,
        correlation: 0.4,
        both_signs: false,
    };
    const BOTH_SIGNS: Self = Self { both_signs: true, ..Self::USUAL };

    fn tests(&self, normal: &mut Normal) -> Vec<TTest> {
        let mut a = normal.correlated(self.pairs, self.neurons, self.correlation);
        for row in a.chunks_mut(self.neurons) {
            for (neuron, value) in row.iter_mut().enumerate() {
                if self.both_signs && !neuron.is_multiple_of(2) {
                    *value = -*value;
                }
                if self.is_true(neuron, Alternative::Greater) {
                    *value += self.effect;
                } else if self.is_true(neuron, Alternative::Less) {
                    *value -= self.effect;
                }
            }
        }
        let b = vec![0.0; a.len()];
        let a = Matrix::new(&a, self.pairs, self.neurons).unwrap();
        let b = Matrix::new(&b, self.pairs, self.neurons).unwrap();
        t_tests(TestKind::Paired, a, b, 0.95).unwrap()
    }

    /// Whether it is a discovery to find this neuron by a test against this alternative.
    fn is_true(&self, neuron: usize, alternative: Alternative) -> bool {
        let greater = neuron < self.greater;
        let less = neuron < self.greater + self.less;
        match alternative {
            Alternative::TwoSided => less,
            Alternative::Greater => greater,
            Alternative::Less => less && !greater,
        }
    }

    /// The false discoveries, and all of them.
    fn discoveries(
        &self,
        tests: &[TTest],
        correction: Correction,
        alternative: Alternative,
    ) -> (usize, usize) {
        let adjusted = correction.adjust(&p_values(tests, alternative)).unwrap();
        let found = significant(&adjusted, ALPHA).unwrap();
        let found: Vec<_> = (0..found.len()).filter(|&neuron| found[neuron]).collect();
        let wrong = found.iter().filter(|&&neuron| !self.is_true(neuron, alternative)).count();
        (wrong, found.len())
    }
}

fn share((wrong, found): (usize, usize)) -> f64 {
    wrong as f64 / found.max(1) as f64
}

#[test]
fn family_wise_corrections_bound_the_probability_of_any_false_discovery() {
    let planted = Planted::USUAL;
    for correction in [Correction::Bonferroni, Correction::Holm] {
        let rate = simulate(|normal| {
            let tests = planted.tests(normal);
            let (wrong, _) = planted.discoveries(&tests, correction, Alternative::TwoSided);
            f64::from(u8::from(wrong > 0))
        });
        assert_at_most(rate, ALPHA, &format!("{correction:?}, FWER"));
    }
}

#[test]
fn fdr_corrections_bound_the_share_of_false_discoveries() {
    let correlated = Planted::USUAL;
    let independent = Planted { correlation: 0.0, ..Planted::USUAL };
    let null = Planted { greater: 0, less: 0, ..Planted::USUAL };
    for (planted, correction) in [
        (&null, Correction::BenjaminiHochberg),
        (&correlated, Correction::BenjaminiHochberg),
        (&correlated, Correction::BenjaminiYekutieli),
        (&Planted::BOTH_SIGNS, Correction::BenjaminiHochberg),
        (&Planted::BOTH_SIGNS, Correction::BenjaminiYekutieli),
        (&independent, Correction::BenjaminiHochberg),
        (&independent, Correction::Storey),
    ] {
        let rate = simulate(|normal| {
            let tests = planted.tests(normal);
            share(planted.discoveries(&tests, correction, Alternative::TwoSided))
        });
        assert_at_most(
            rate,
            ALPHA,
            &format!(
                "{correction:?} at {}{}, FDR",
                if planted.both_signs { "+-" } else { "" },
                planted.correlation
            ),
        );
    }
}

#[test]
fn storey_keeps_its_bound_in_small_families() {
    // A share of nulls that is estimated from a handful of p-values is often far off.
    const TESTS: usize = 5;
    const FAMILIES: usize = 400;
    let rate = simulate(|normal| {
        let p: Vec<f64> = (0..TESTS * FAMILIES).map(|_| normal.uniform()).collect();
        let families = p.chunks(TESTS).map(|p| Correction::Storey.adjust(p).unwrap());
        let found = families.filter(|q| q.iter().any(|&q| q <= ALPHA)).count();
        found as f64 / FAMILIES as f64
    });
    assert_at_most(rate, ALPHA, "storey, five null tests, FDR");
}

#[test]
fn a_run_per_direction_bounds_each_label_and_the_union() {
    for planted in [Planted::USUAL, Planted::BOTH_SIGNS] {
        for correction in [Correction::BenjaminiHochberg, Correction::BenjaminiYekutieli] {
            let each = |normal: &mut Normal| {
                let tests = planted.tests(normal);
                [Alternative::Greater, Alternative::Less]
                    .map(|alternative| planted.discoveries(&tests, correction, alternative))
            };
            let what = |label: &str| {
                let signs = if planted.both_signs { "both signs" } else { "one sign" };
                format!("{correction:?}, {label}, {signs}, FDR")
            };
            assert_at_most(simulate(|normal| share(each(normal)[0])), ALPHA, &what("greater"));
            assert_at_most(simulate(|normal| share(each(normal)[1])), ALPHA, &what("less"));
            let union = simulate(|normal| {
                let [(wrong_a, found_a), (wrong_b, found_b)] = each(normal);
                share((wrong_a + wrong_b, found_a + found_b))
            });
            assert_at_most(union, 2.0 * ALPHA, &what("union"));
        }
    }
}

#[test]
fn a_two_sided_run_does_not_bound_the_rarer_label() {
    // Why the documentation warns of it: nearly all true neurons prefer side a, so that false ones
    // make up much of what is found for side b.
    let planted = Planted { greater: 100, less: 1, correlation: 0.0, ..Planted::USUAL };
    let (rate, error) = simulate(|normal| {
        let tests = planted.tests(normal);
        let p = p_values(&tests, Alternative::TwoSided);
        let q = Correction::BenjaminiHochberg.adjust(&p).unwrap();
        let found: Vec<_> = (0..q.len()).filter(|&i| q[i] <= ALPHA && tests[i].t < 0.0).collect();
        let wrong = found.iter().filter(|&&i| !planted.is_true(i, Alternative::Less)).count();
        share((wrong, found.len()))
    });
    assert!(rate - 3.0 * error > 2.0 * ALPHA, "the share is {rate}");
}

#[test]
fn power_is_that_of_the_noncentral_t() {
    type Case = (String, usize, usize, f64, f64, f64);
    const NEURONS: usize = 50;
    for (kind, n_a, n_b, effect, alpha, power) in fixture::<Vec<Case>>("power.json") {
        let kind = test_kind(&kind);
        // The effect is in standard deviations of the differences, or of one side.
        let spread = if kind == TestKind::Paired { 0.5_f64.sqrt() } else { 1.0 };
        let (rate, _) = simulate(|normal| {
            let mut side = |n: usize, shift: f64| -> Vec<f64> {
                normal.fill(n * NEURONS).iter().map(|x| spread * x + shift).collect()
            };
            let a = side(n_a, effect);
            let b = side(n_b, 0.0);
            let a = Matrix::new(&a, n_a, NEURONS).unwrap();
            let b = Matrix::new(&b, n_b, NEURONS).unwrap();
            let tests = t_tests(kind, a, b, 0.95).unwrap();
            let found = tests.iter().filter(|test| test.p_two_sided <= alpha).count();
            found as f64 / NEURONS as f64
        });
        let error = (power * (1.0 - power) / (DATA_SETS * NEURONS) as f64).sqrt();
        println!("{kind}, d {effect}, alpha {alpha}: {rate:.5}, theory {power:.5} +- {error:.5}");
        assert!((rate - power).abs() <= 3.0 * error.max(1e-5), "{rate} is not {power}");
    }
}
