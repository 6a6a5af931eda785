//! Equivalence tests and Bayes factors; see `fixtures/make_effect_fixtures.py`.

#![expect(clippy::float_cmp, reason = "the values must be equal in every bit")]

mod common;

use common::{Normal, close, fixture, sample_counts};
use neuron_stats::{
    JZS_SCALE, SampleCounts, StatsError, TestKind, equivalence_test, jzs_bayes_factor, t_test,
};
use proptest::{collection::vec, prelude::*};
use serde::Deserialize;

#[derive(Deserialize)]
struct EquivalenceCase {
    values: Vec<f64>,
    margin: f64,
    level: f64,
    mean: f64,
    p_above: f64,
    p_below: f64,
    p: f64,
    ci: (f64, f64),
}

#[test]
fn equivalence_tests_agree_with_statsmodels() {
    let cases: Vec<EquivalenceCase> = fixture("equivalence.json");
    assert!(cases.len() > 30);
    for case in cases {
        let test = equivalence_test(&case.values, case.margin, case.level).unwrap();
        assert!(test.defined);
        for (ours, theirs) in [
            (test.mean, case.mean),
            (test.ci.0, case.ci.0),
            (test.ci.1, case.ci.1),
            (test.p_above, case.p_above),
            (test.p_below, case.p_below),
            (test.p, case.p),
        ] {
            // Further out SciPy's tail loses digits.
            let vanishes = ours < 1e-30 && theirs.abs() < 1e-30;
            assert!(vanishes || close(ours, theirs, 1e-9), "{ours:e} is not {theirs:e}");
        }
    }
}

#[test]
fn bayes_factors_agree_with_other_integrations() {
    let cases: Vec<(String, usize, usize, f64, f64, f64)> = fixture("bayes_factor.json");
    let mut worst = 0.0_f64;
    let mut largest = 0.0_f64;
    for (name, n_a, n_b, scale, t, ln_bf10) in cases {
        let counts = sample_counts(&name, n_a, n_b);
        let factor = jzs_bayes_factor(t, counts, scale).unwrap();
        // The relative error of the factor is the absolute one of its logarithm.
        worst = worst.max((factor.ln_bf10 - ln_bf10).abs());
        largest = largest.max(factor.ln_bf10);
        assert_eq!(factor, jzs_bayes_factor(-t, counts, scale).unwrap());
        if factor.bf10() < 1e300 {
            assert!(close(factor.bf10() * factor.bf01(), 1.0, 1e-12));
        }
    }
    println!("largest relative error of a Bayes factor {worst:e}");
    assert!(worst < 1e-10);
    assert!(largest > 3000.0);
}

#[test]
fn any_finite_t_has_a_bayes_factor() {
    for n in [2, 10, 1_000_000_000] {
        for scale in [1e-200, 1e-3, 1.0, 1e3] {
            for t in [0.0, 1e-300, 1.0, 1e10, 1e200] {
                let factor = jzs_bayes_factor(t, SampleCounts::Pairs(n), scale).unwrap();
                assert!(!factor.ln_bf10.is_nan(), "{n} pairs, scale {scale}, t {t}");
            }
        }
    }
    // A prior of next to no effect is next to no alternative.
    let factor = jzs_bayes_factor(3.0, SampleCounts::Pairs(20), 1e-200).unwrap();
    assert!(factor.ln_bf10.abs() < 1e-12);
}

#[test]
fn at_the_margin_the_test_finds_equivalence_in_alpha_of_samples() {
    const SIMULATIONS: usize = 20_000;
    let mut normal = Normal::new(12);
    let mut found = 0;
    for _ in 0..SIMULATIONS {
        let values: Vec<f64> = (0..10).map(|_| 1.0 + 0.3 * normal.draw()).collect();
        found += usize::from(equivalence_test(&values, 1.0, 0.9).unwrap().p <= 0.05);
    }
    let rate = found as f64 / SIMULATIONS as f64;
    assert!((rate - 0.05).abs() < 4.0 * (0.05_f64 * 0.95 / SIMULATIONS as f64).sqrt(), "{rate}");
}

#[test]
fn inputs_without_an_answer_are_errors() {
    let values = [1.0, 2.0];
    let error = equivalence_test(&values[..1], 1.0, 0.9).unwrap_err();
    assert_eq!(error, StatsError::TooFewSamples { needed: 2, got: 1 });
    let error = equivalence_test(&[0.0, f64::INFINITY], 1.0, 0.9).unwrap_err();
    assert_eq!(error, StatsError::NotFinite { sample: 1, neuron: 0, value: f64::INFINITY });
    for margin in [0.0, -1.0, f64::INFINITY] {
        let error = equivalence_test(&values, margin, 0.9).unwrap_err();
        assert_eq!(error, StatsError::Margin { margin });
    }
    assert_eq!(equivalence_test(&values, 1.0, 1.0), Err(StatsError::Level { level: 1.0 }));
    let constant = equivalence_test(&[0.1; 7], 1.0, 0.9).unwrap();
    assert!(!constant.defined && constant.p == 1.0 && constant.ci.0.is_nan());

    let pairs = SampleCounts::Pairs(5);
    for counts in [SampleCounts::Pairs(1), SampleCounts::Sides(9, 1), SampleCounts::Sides(1, 9)] {
        let error = jzs_bayes_factor(1.0, counts, 1.0).unwrap_err();
        assert_eq!(error, StatsError::TooFewSamples { needed: 2, got: 1 });
    }
    let value = f64::INFINITY;
    assert_eq!(jzs_bayes_factor(value, pairs, 1.0), Err(StatsError::Statistic { value }));
    assert!(jzs_bayes_factor(f64::NAN, pairs, 1.0).is_err());
    for scale in [0.0, -1.0, f64::INFINITY] {
        assert_eq!(jzs_bayes_factor(1.0, pairs, scale), Err(StatsError::Scale { scale }));
    }
}

proptest! {
    #[test]
    fn a_mean_is_equivalent_where_its_interval_lies_within_the_margin(
        values in vec(-1.0..1.0, 2..20),
        margin in 0.01..2.0,
    ) {
        let test = equivalence_test(&values, margin, 0.9).unwrap();
        let inside = test.ci.0 > -margin && test.ci.1 < margin;
        prop_assert!(test.p < 0.05 - 1e-12 && inside || test.p > 0.05 + 1e-12 && !inside);
        let zeros = vec![0.0; values.len()];
        let t_test = t_test(TestKind::Paired, &values, &zeros, 0.9).unwrap();
        prop_assert!(close(test.ci.1 - test.ci.0, t_test.ci.1 - t_test.ci.0, 1e-12));
        let wider = equivalence_test(&values, margin + 0.1, 0.9).unwrap();
        prop_assert!(wider.p <= test.p);
        let turned: Vec<f64> = values.iter().map(|value| -value).collect();
        let turned = equivalence_test(&turned, margin, 0.9).unwrap();
        prop_assert!(close(turned.p_above, test.p_below, 1e-12));
    }

    #[test]
    fn the_bayes_factor_rises_with_t(
        n in 2_usize..10_000,
        scale in 0.1..2.0,
        t in 0.0..50.0,
        step in 0.01..5.0,
    ) {
        let pairs = SampleCounts::Pairs(n);
        let near = jzs_bayes_factor(t, pairs, scale).unwrap();
        let far = jzs_bayes_factor(t + step, pairs, scale).unwrap();
        prop_assert!(near.ln_bf10 < far.ln_bf10);
        let none = jzs_bayes_factor(0.0, pairs, JZS_SCALE).unwrap();
        prop_assert!(none.ln_bf10 < 0.0);
    }
}
