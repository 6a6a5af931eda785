//! Selections under random relabellings agree with a naive repetition of the selection.

#![expect(clippy::float_cmp, reason = "the values must be equal in every bit")]

mod common;

use common::Normal;
use neuron_stats::{
    Alternative, Families, Matrix, RelabelledTests, Relabelling, Resampling, StatsError, TTest,
    TestKind, max_t, strongest, t_tests,
};
use proptest::{collection::vec, prelude::*, sample::select};
use rayon::ThreadPoolBuilder;

const KINDS: [TestKind; 3] = [TestKind::Paired, TestKind::Student, TestKind::Welch];
const ALTERNATIVES: [Alternative; 3] =
    [Alternative::TwoSided, Alternative::Greater, Alternative::Less];
const NEURONS: usize = 530; // a block and a part of one

/// Ordinary neurons, a dead one, two that are equal, and one that is far from 0.
fn side(normal: &mut Normal, samples: usize) -> Vec<f64> {
    let mut values = normal.correlated(samples, NEURONS, 0.3);
    for row in values.chunks_mut(NEURONS) {
        row[17] = 0.7;
        row[18] += 1e4;
        row[529] = row[3];
    }
    values
}

fn matrix(values: &[f64]) -> Matrix<'_, f64> {
    Matrix::new(values, values.len() / NEURONS, NEURONS).unwrap()
}

/// The samples after a relabelling, by hand.
fn relabel(kind: TestKind, a: &[f64], b: &[f64], relabelling: &[bool]) -> (Vec<f64>, Vec<f64>) {
    let mut new_a = Vec::new();
    let mut new_b = Vec::new();
    if kind == TestKind::Paired {
        for (pair, (a, b)) in a.chunks(NEURONS).zip(b.chunks(NEURONS)).enumerate() {
            let (a, b) = if relabelling[pair] { (b, a) } else { (a, b) };
            new_a.extend_from_slice(a);
            new_b.extend_from_slice(b);
        }
    } else {
        for (row, &is_b) in a.chunks(NEURONS).chain(b.chunks(NEURONS)).zip(relabelling) {
            if is_b { &mut new_b } else { &mut new_a }.extend_from_slice(row);
        }
    }
    (new_a, new_b)
}

/// The strongest neurons by a stable sort of all of them.
fn sort(tests: &[TTest], alternative: Alternative) -> Vec<usize> {
    let mut neurons: Vec<usize> = (0..tests.len()).collect();
    neurons.sort_by(|&left, &right| {
        let [left, right] = [&tests[left], &tests[right]];
        let order = match alternative {
            Alternative::TwoSided => right.t.abs().partial_cmp(&left.t.abs()),
            Alternative::Greater => right.t.partial_cmp(&left.t),
            Alternative::Less => left.t.partial_cmp(&right.t),
        };
        order.unwrap_or_else(|| right.defined.cmp(&left.defined))
    });
    neurons
}

#[test]
fn a_draw_is_the_selection_of_relabelled_samples() {
    let mut normal = Normal::new(2);
    for kind in KINDS {
        let (n_a, n_b) = if kind == TestKind::Paired { (11, 11) } else { (9, 14) };
        let a = side(&mut normal, n_a);
        let b = side(&mut normal, n_b);
        let tests = RelabelledTests::new(kind, matrix(&a), matrix(&b), 31).unwrap();
        let mut sets = ALTERNATIVES
            .map(|alternative| tests.strongest_of_draws(30, 76, alternative).into_iter());
        for draw in 0..30 {
            let (a, b) = relabel(kind, &a, &b, &tests.relabelling(draw));
            let naive = t_tests(kind, matrix(&a), matrix(&b), 0.95).unwrap();
            let t = tests.t(draw);
            for ((t, difference), test) in t.iter().zip(tests.differences(draw)).zip(&naive) {
                assert_eq!(t.to_bits(), test.t.to_bits());
                assert_eq!(difference, test.difference);
            }
            assert!(t[17].is_nan());
            for (alternative, sets) in ALTERNATIVES.into_iter().zip(&mut sets) {
                let all = sort(&naive, alternative);
                assert_eq!(sets.next().unwrap(), all[..76]);
                for count in [0, 1, 300, NEURONS, NEURONS + 1] {
                    let found = strongest(&t, count, alternative);
                    assert_eq!(found, all[..count.min(NEURONS)]);
                }
            }
        }
    }
}

#[test]
fn draws_are_those_of_max_t() {
    // The p of max-T counts how often the strongest of a draw reaches the observed t.
    const DRAWS: usize = 200;
    let mut normal = Normal::new(6);
    let a = side(&mut normal, 8);
    let b = side(&mut normal, 8);
    let a = matrix(&a);
    let b = matrix(&b);
    let families = Families::of_sizes([NEURONS]).unwrap();
    let resampling = Resampling { draws: DRAWS, exact_up_to: 0, seed: 5 };
    for (kind, relabelling) in
        [(TestKind::Paired, Relabelling::SignFlip), (TestKind::Student, Relabelling::LabelShuffle)]
    {
        let tests = RelabelledTests::new(kind, a, b, 5).unwrap();
        let largest: Vec<f64> = (0..DRAWS)
            .map(|draw| tests.t(draw)[strongest(&tests.t(draw), 1, Alternative::Greater)[0]])
            .collect();
        let p = max_t(relabelling, a, b, &families, resampling).unwrap().p_greater;
        let observed = t_tests(kind, a, b, 0.95).unwrap();
        for (test, p) in observed.iter().zip(p).filter(|(test, _)| test.defined) {
            let reached = largest.iter().filter(|&&t| t >= test.t - 1e-9).count();
            assert_eq!(p, (1 + reached) as f64 / (1 + DRAWS) as f64);
        }
    }
}

#[test]
fn threads_and_the_number_of_draws_change_no_set() {
    let mut normal = Normal::new(3);
    let a = side(&mut normal, 12);
    let b = side(&mut normal, 12);
    let a = matrix(&a);
    let b = matrix(&b);
    let tests = RelabelledTests::new(TestKind::Paired, a, b, 1).unwrap();
    let run = |threads, draws| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| tests.strongest_of_draws(draws, 40, Alternative::Less))
    };
    let sets = run(1, 50);
    assert_eq!(sets, run(2, 50));
    assert_eq!(sets[..20], run(2, 20));
    let other_seed = RelabelledTests::new(TestKind::Paired, a, b, 2).unwrap();
    assert_ne!(sets, other_seed.strongest_of_draws(50, 40, Alternative::Less));
}

#[test]
fn samples_that_cannot_be_tested_are_errors() {
    let values = [1.0, 2.0, 3.0, 4.0];
    let side = |samples, neurons| Matrix::new(&values[..samples * neurons], samples, neurons);
    for (a, b, error) in [
        (side(2, 2), side(4, 1), StatsError::NeuronCounts { a: 2, b: 1 }),
        (side(2, 1), side(3, 1), StatsError::UnequalPairs { a: 2, b: 3 }),
        (side(1, 2), side(1, 2), StatsError::TooFewSamples { needed: 2, got: 1 }),
    ] {
        let tests = RelabelledTests::new(TestKind::Paired, a.unwrap(), b.unwrap(), 0);
        assert_eq!(tests.unwrap_err(), error);
    }
}

/// The value that ranks a neuron.
fn strength(value: f64, alternative: Alternative) -> f64 {
    match alternative {
        Alternative::TwoSided => value.abs(),
        Alternative::Greater => value,
        Alternative::Less => -value,
    }
}

/// Values with ties, both zeros, and such as have no order.
fn any_values() -> impl Strategy<Value = Vec<f64>> {
    let special = select(vec![f64::NAN, -f64::NAN, 0.0, -0.0, 1.0, f64::NEG_INFINITY]);
    vec(prop_oneof![-2.0..2.0, special], 0..40)
}

proptest! {
    #[test]
    fn the_strongest_come_first(
        values in any_values(),
        count in 0_usize..45,
        alternative in select(ALTERNATIVES.to_vec()),
    ) {
        let chosen = strongest(&values, count, alternative);
        prop_assert_eq!(chosen.len(), count.min(values.len()));
        let rest = (0..values.len()).filter(|neuron| !chosen.contains(neuron));
        let last = chosen.last().copied();
        let weaker = rest.filter_map(|neuron| Some((last?, neuron)));
        for (stronger, weaker) in chosen.windows(2).map(|pair| (pair[0], pair[1])).chain(weaker) {
            let first = strength(values[stronger], alternative);
            let second = strength(values[weaker], alternative);
            let equal = first == second || first.is_nan() && second.is_nan();
            let is_stronger = first > second || second.is_nan() && !first.is_nan();
            prop_assert!(is_stronger || equal && stronger < weaker);
        }
    }
}
