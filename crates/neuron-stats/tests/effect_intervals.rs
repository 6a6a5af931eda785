//! Intervals of effect sizes; see `fixtures/make_effect_fixtures.py`.

mod common;

use common::{Normal, close, fixture, sample_counts};
use neuron_stats::{SampleCounts, StatsError, TestKind, effect_interval, t_test};
use proptest::prelude::*;

#[test]
fn intervals_agree_with_scipy() {
    let mut worst = 0.0_f64;
    for (name, n_a, n_b, effect, level, low, high) in
        fixture::<Vec<(String, usize, usize, f64, f64, f64, f64)>>("effect_interval.json")
    {
        let counts = sample_counts(&name, n_a, n_b);
        let ours = effect_interval(effect, counts, level).unwrap();
        let error = (ours.0 - low).abs().max((ours.1 - high).abs()) / (high - low);
        assert!(error < 1e-9, "{counts:?}, {effect}: {ours:?} is not {low} to {high}");
        worst = worst.max(error);
    }
    println!("largest error {worst:e} of the width");
}

#[test]
fn intervals_cover_the_effect_as_often_as_they_say() {
    const SIMULATIONS: usize = 2000;
    const LEVEL: f64 = 0.9;
    let mut normal = Normal::new(77);
    let error = (LEVEL * (1.0 - LEVEL) / SIMULATIONS as f64).sqrt();
    for (kind, n_a, n_b) in [(TestKind::Paired, 6, 6), (TestKind::Student, 4, 9)] {
        for effect in [0.0, 0.8, 3.0] {
            let mut covered = 0;
            for _ in 0..SIMULATIONS {
                let a: Vec<f64> = (0..n_a).map(|_| effect + normal.draw()).collect();
                let (b, counts) = if kind == TestKind::Paired {
                    (vec![0.0; n_b], SampleCounts::Pairs(n_a))
                } else {
                    (normal.fill(n_b), SampleCounts::Sides(n_a, n_b))
                };
                let test = t_test(kind, &a, &b, LEVEL).unwrap();
                let (low, high) = effect_interval(test.effect, counts, LEVEL).unwrap();
                covered += usize::from(low <= effect && effect <= high);
                // It contains 0 exactly if the test is not significant.
                assert_eq!(low > 0.0 || high < 0.0, test.p_two_sided < 1.0 - LEVEL);
            }
            let rate = covered as f64 / SIMULATIONS as f64;
            assert!((rate - LEVEL).abs() < 4.0 * error, "{kind}, effect {effect}: {rate}");
        }
    }
}

#[test]
fn huge_effects_have_intervals_in_proportion() {
    for counts in [SampleCounts::Pairs(2), SampleCounts::Pairs(54), SampleCounts::Sides(9, 900)] {
        let near = effect_interval(900.0, counts, 0.95).unwrap();
        for effect in [1800.0, 1e12] {
            let far = effect_interval(effect, counts, 0.95).unwrap();
            let ratio = effect / 900.0;
            assert!(close(far.0, ratio * near.0, 1e-5) && close(far.1, ratio * near.1, 1e-5));
            assert_eq!(effect_interval(-effect, counts, 0.95).unwrap(), (-far.1, -far.0));
        }
    }
    let undefined = effect_interval(f64::NAN, SampleCounts::Pairs(9), 0.95).unwrap();
    assert!(undefined.0.is_nan() && undefined.1.is_nan());
}

#[test]
fn inputs_without_an_answer_are_errors() {
    let error = effect_interval(0.5, SampleCounts::Sides(1, 5), 0.95).unwrap_err();
    assert_eq!(error, StatsError::TooFewSamples { needed: 2, got: 1 });
    for level in [0.0, 1.0, -1.0] {
        let error = effect_interval(0.5, SampleCounts::Pairs(10), level).unwrap_err();
        assert_eq!(error, StatsError::Level { level });
    }
}

proptest! {
    #[test]
    fn intervals_contain_the_effect_and_widen_with_the_level(
        n in 2_usize..2000,
        effect in -10.0..10.0,
        level in 0.05..0.9,
    ) {
        let counts = SampleCounts::Pairs(n);
        let inner = effect_interval(effect, counts, level).unwrap();
        let outer = effect_interval(effect, counts, level + 0.09).unwrap();
        prop_assert!(outer.0 < inner.0 && inner.0 < inner.1 && inner.1 < outer.1);
        let turned = effect_interval(-effect, counts, level).unwrap();
        prop_assert_eq!(turned, (-inner.1, -inner.0));
    }
}
