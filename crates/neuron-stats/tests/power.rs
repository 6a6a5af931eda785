//! The noncentral t, and the power of t-tests; see `fixtures/make_effect_fixtures.py`.

#![expect(clippy::float_cmp, reason = "the values must be equal in every bit")]

mod common;

use common::{close, fixture, sample_counts};
use neuron_stats::{
    NoncentralT, SampleCounts, StatsError, StudentT, detectable_effect, t_test_power,
};
use proptest::prelude::*;

#[test]
fn tails_of_the_noncentral_t_agree_with_mpmath() {
    let mut worst = 0.0_f64;
    let mut smallest = 1.0_f64;
    for (df, noncentrality, t, lower, upper) in
        fixture::<Vec<(f64, f64, f64, f64, f64)>>("noncentral_t.json")
    {
        let noncentral = NoncentralT::new(df, noncentrality).unwrap();
        for (ours, theirs) in [(noncentral.cdf(t), lower), (noncentral.survival(t), upper)] {
            if theirs > 1e-200 {
                let error = (ours / theirs - 1.0).abs();
                assert!(error < 1e-11, "df {df}, δ {noncentrality}, t {t}: {ours:e}, {theirs:e}");
                worst = worst.max(error);
                smallest = smallest.min(theirs);
            } else {
                assert!(ours < 1e-199);
            }
        }
    }
    println!("largest relative error {worst:e}, smallest tail {smallest:e}");
    assert!(smallest < 1e-100);
}

#[test]
fn without_an_effect_it_is_students_t() {
    for df in [1e-3, 0.5, 1.0, 2.0, 53.0, 1e6, 1e12, 1e20] {
        let student = StudentT::new(df).unwrap();
        let noncentral = NoncentralT::new(df, 0.0).unwrap();
        for t in [0.0, 1e-9, 0.5, 1.0, 3.0, 20.0, 1e6, 1e90] {
            let expected = student.survival(t);
            if expected > 1e-200 {
                for ours in [noncentral.survival(t), noncentral.cdf(-t)] {
                    assert!(close(ours, expected, 1e-11), "df {df}, t {t}: {ours:e}, {expected:e}");
                }
            }
        }
    }
    let noncentral = NoncentralT::new(5.0, 2.0).unwrap();
    assert!(noncentral.cdf(f64::NAN).is_nan());
    assert_eq!(noncentral.cdf(f64::INFINITY), 1.0);
    assert_eq!(noncentral.survival(f64::NEG_INFINITY), 1.0);
}

/// Kind of the counts, both numbers, alpha, power, effect, and the power of a third of the effect.
type PowerCase = (String, usize, usize, f64, f64, f64, f64);

#[test]
fn power_and_detectable_effects_agree_with_scipy_and_statsmodels() {
    for (name, n_a, n_b, alpha, found, effect, of_a_third) in
        fixture::<Vec<PowerCase>>("detectable_effect.json")
    {
        let counts = sample_counts(&name, n_a, n_b);
        for (effect, expected) in [(effect, found), (effect / 3.0, of_a_third)] {
            let ours = t_test_power(effect, counts, alpha).unwrap();
            assert!((ours - expected).abs() < 1e-11, "{counts:?}: {ours} is not {expected}");
            assert!(close(t_test_power(-effect, counts, alpha).unwrap(), ours, 1e-12));
        }
        let ours = detectable_effect(counts, alpha, found).unwrap();
        assert!(close(ours, effect, 1e-9), "{counts:?}: {ours} is not {effect}");
    }
    for (name, n_a, n_b, effect, alpha, found) in
        fixture::<Vec<(String, usize, usize, f64, f64, f64)>>("power.json")
    {
        let name = if name == "paired" { "pairs" } else { "sides" };
        let ours = t_test_power(effect, sample_counts(name, n_a, n_b), alpha).unwrap();
        assert!((ours - found).abs() < 1e-11);
    }
}

#[test]
fn inputs_without_an_answer_are_errors() {
    let pairs = SampleCounts::Pairs(10);
    let few = StatsError::TooFewSamples { needed: 2, got: 1 };
    assert_eq!(t_test_power(0.5, SampleCounts::Pairs(1), 0.05).unwrap_err(), few);
    assert_eq!(detectable_effect(SampleCounts::Sides(5, 1), 0.05, 0.8).unwrap_err(), few);
    for alpha in [0.0, 1.0, -1.0] {
        assert_eq!(t_test_power(0.5, pairs, alpha), Err(StatsError::Alpha { alpha }));
        assert_eq!(detectable_effect(pairs, alpha, 0.8), Err(StatsError::Alpha { alpha }));
    }
    for power in [0.05, 0.01, 1.0, 2.0] {
        let error = detectable_effect(pairs, 0.05, power).unwrap_err();
        assert_eq!(error, StatsError::Power { power, alpha: 0.05 });
    }
    assert!(detectable_effect(pairs, 0.05, f64::NAN).is_err());
    let most = NoncentralT::MOST;
    let too_large =
        |error| matches!(error, StatsError::Noncentrality { most: limit, .. } if limit == most);
    assert!(too_large(t_test_power(1e5, pairs, 0.05).unwrap_err()));
    assert!(too_large(t_test_power(f64::NAN, pairs, 0.05).unwrap_err()));
    assert!(too_large(detectable_effect(SampleCounts::Pairs(2), 1e-9, 0.8).unwrap_err()));
    assert!(too_large(detectable_effect(SampleCounts::Pairs(2), 1e-4, 0.9).unwrap_err()));
    let df = 0.0;
    assert_eq!(NoncentralT::new(df, 1.0).unwrap_err(), StatsError::DegreesOfFreedom { df });
    assert!(too_large(NoncentralT::new(1.0, f64::INFINITY).unwrap_err()));
}

proptest! {
    #[test]
    fn the_tails_are_probabilities_and_ordered(
        df in 0.1..200.0,
        noncentrality in -20.0..20.0,
        t in -30.0..30.0,
        step in 0.01..5.0,
    ) {
        let noncentral = NoncentralT::new(df, noncentrality).unwrap();
        let [lower, upper] = [noncentral.cdf(t), noncentral.survival(t)];
        prop_assert!((0.0..=1.0).contains(&lower) && (0.0..=1.0).contains(&upper));
        prop_assert!((lower + upper - 1.0).abs() < 1e-14);
        prop_assert!(noncentral.cdf(t + step) >= lower - 1e-15);
        let stronger = NoncentralT::new(df, noncentrality + step).unwrap();
        prop_assert!(stronger.cdf(t) <= lower + 1e-15);
        let turned = NoncentralT::new(df, -noncentrality).unwrap();
        prop_assert_eq!(turned.survival(-t), lower);
    }

    #[test]
    fn the_detectable_effect_has_the_power(
        n_a in 3_usize..500,
        n_b in 2_usize..500,
        alpha in 0.001..0.3,
        found in 0.31..0.999,
    ) {
        for counts in [SampleCounts::Pairs(n_a), SampleCounts::Sides(n_a, n_b)] {
            let effect = detectable_effect(counts, alpha, found).unwrap();
            let ours = t_test_power(effect, counts, alpha).unwrap();
            prop_assert!(close(ours, found, 1e-9), "{ours} is not {found}");
        }
    }
}
