//! The randomisation test: its promise by simulation, and laws that hold for any values.

#![expect(clippy::float_cmp, reason = "the values must be equal in every bit")]

mod common;

use common::Normal;
use neuron_stats::{Alternative, RandomisationTest, randomisation_p, smallest_randomisation_p};
use proptest::{collection::vec, prelude::*};

const ALTERNATIVES: [Alternative; 3] =
    [Alternative::TwoSided, Alternative::Greater, Alternative::Less];

/// Values with many ties: none of them is rounded.
fn integers() -> impl Strategy<Value = Vec<f64>> {
    vec((-9..10).prop_map(f64::from), 1..40)
}

fn test(observed: f64, random: &[f64]) -> RandomisationTest {
    randomisation_p(observed, random).unwrap()
}

#[test]
fn exchangeable_sets_are_found_in_at_most_alpha_of_simulations() {
    const SIMULATIONS: usize = 20_000;
    let mut normal = Normal::new(18);
    // Symmetric, skewed, and with ties.
    let shapes: [fn(f64) -> f64; 3] = [|x| x, f64::exp, |x| (1.5 * x).round()];
    for random_sets in [1_usize, 2, 3, 4, 7, 19, 39, 99] {
        for (index, shape) in shapes.iter().enumerate() {
            let mut p = [const { Vec::new() }; 3];
            for _ in 0..SIMULATIONS {
                let values: Vec<f64> = (0..=random_sets).map(|_| shape(normal.draw())).collect();
                let test = test(values[0], &values[1..]);
                for (p, alternative) in p.iter_mut().zip(ALTERNATIVES) {
                    p.push(test.p(alternative));
                }
            }
            for (p, alternative) in p.iter().zip(ALTERNATIVES) {
                for alpha in (1..=random_sets).map(|rank| rank as f64 / (random_sets + 1) as f64) {
                    let found = p.iter().filter(|&&p| p <= alpha).count();
                    let rate = found as f64 / SIMULATIONS as f64;
                    let error = (alpha * (1.0 - alpha) / SIMULATIONS as f64).sqrt();
                    let what = format!("{random_sets} sets, shape {index}, {alternative:?}");
                    assert!(rate <= alpha + 4.5 * error, "{what}: {rate} at {alpha}");
                    // Without ties a one-sided p-value is uniform.
                    let uniform = index < 2 && alternative != Alternative::TwoSided;
                    assert!(!uniform || rate >= alpha - 4.5 * error, "{what}: {rate} at {alpha}");
                }
            }
        }
    }
}

#[test]
fn every_value_is_treated_alike() {
    // Under exchangeability each of the values is the observed one with equal probability, so the
    // promise is a count over all choices.
    let mut normal = Normal::new(4);
    for count in [2, 3, 5, 20, 61] {
        let values: Vec<f64> = (0..count).map(|_| normal.draw().exp()).collect();
        for alternative in ALTERNATIVES {
            let p: Vec<f64> = (0..count)
                .map(|observed| {
                    let mut random = values.clone();
                    let observed = random.remove(observed);
                    test(observed, &random).p(alternative)
                })
                .collect();
            for rank in 1..=count {
                let alpha = rank as f64 / count as f64;
                assert!(p.iter().filter(|&&p| p <= alpha).count() <= rank);
            }
        }
    }
}

#[test]
fn known_values() {
    let random: Vec<f64> = (0..39).map(f64::from).collect();
    let far = test(1000.0, &random);
    assert_eq!((far.random_sets, far.random_mean, far.excess), (39, 19.0, 981.0));
    // numpy.quantile(numpy.arange(39), [0.025, 0.975])
    assert!((far.random_range.0 - 0.95).abs() < 1e-12);
    assert!((far.random_range.1 - 37.05).abs() < 1e-12);
    assert_eq!((far.p_two_sided, far.p_greater, far.p_less), (0.025, 0.025, 1.0));
    assert_eq!(far.floor(), 0.025);
    assert_eq!(ALTERNATIVES.map(|alternative| far.at_floor(alternative)), [true, true, false]);
    assert_eq!(smallest_randomisation_p(39), 0.025);
    assert_eq!(smallest_randomisation_p(0), 1.0);

    // A set that is one of the random ones, in spite of the rounding of its statistic.
    let near = test(0.1 + 0.2, &[0.3, 0.0, -0.1]);
    assert_eq!((near.p_two_sided, near.p_greater), (0.75, 0.5));
    // One random value is as far from the centre as the observed one.
    assert_eq!(test(3.0, &[1.0]).p_two_sided, 1.0);
    assert_eq!(test(0.0, &[0.0; 9]).p_two_sided, 1.0);
}

#[test]
fn there_is_no_test_without_random_sets_or_of_infinities() {
    assert_eq!(randomisation_p(1.0, &[]), None);
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(randomisation_p(value, &[1.0, 2.0]), None);
        assert_eq!(randomisation_p(1.0, &[2.0, value, 3.0]), None);
    }
    assert_eq!(randomisation_p(f64::MAX, &[f64::MAX]), None);
}

proptest! {
    #[test]
    fn p_values_are_shares_of_all_values(observed in -9..10, random in integers()) {
        let test = test(f64::from(observed), &random);
        for alternative in ALTERNATIVES {
            let p = test.p(alternative);
            prop_assert!(test.floor() <= p && p <= 1.0);
            let count = p * (random.len() + 1) as f64;
            prop_assert!((count - count.round()).abs() < 1e-9);
        }
        let observed = f64::from(observed);
        let reached = random.iter().filter(|&&value| value >= observed).count();
        prop_assert_eq!(test.p_greater, (1 + reached) as f64 / (1 + random.len()) as f64);
        prop_assert!(test.random_range.0 <= test.random_range.1);
    }

    #[test]
    fn turning_all_signs_swaps_the_directions(observed in -9..10, random in integers()) {
        let observed = f64::from(observed);
        let forth = test(observed, &random);
        let turned: Vec<f64> = random.iter().map(|value| -value).collect();
        let back = test(-observed, &turned);
        prop_assert_eq!(forth.p_two_sided, back.p_two_sided);
        prop_assert_eq!(forth.p_greater, back.p_less);
        prop_assert_eq!(forth.excess, -back.excess);
    }

    #[test]
    fn order_shift_and_scale_change_nothing(
        observed in -9..10,
        mut random in integers(),
        shift in -1000..1000,
        exponent in -300..300,
    ) {
        let before = test(f64::from(observed), &random);
        random.reverse();
        let change = |value: f64| (value + f64::from(shift)) * 2.0_f64.powi(exponent);
        let random: Vec<f64> = random.into_iter().map(change).collect();
        let after = test(change(f64::from(observed)), &random);
        for alternative in ALTERNATIVES {
            prop_assert_eq!(before.p(alternative), after.p(alternative));
        }
    }

    #[test]
    fn p_falls_as_the_observed_statistic_moves_away(
        random in vec(-5.0..5.0, 1..40),
        distance in 0.0..5.0,
        further in 0.0..5.0,
    ) {
        let mean = random.iter().sum::<f64>() / random.len() as f64;
        for sign in [1.0, -1.0] {
            let near = test(mean + sign * distance, &random);
            let far = test(mean + sign * (distance + further), &random);
            prop_assert!(far.p_two_sided <= near.p_two_sided);
            let upper = if sign > 0.0 { Alternative::Greater } else { Alternative::Less };
            prop_assert!(far.p(upper) <= near.p(upper));
        }
    }
}
