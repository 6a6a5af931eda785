//! Threads, neighbours, batches and the type of the measurements do not change a result.

#![expect(clippy::float_cmp, reason = "the values must be equal in every bit")]
#![expect(clippy::cast_possible_truncation, reason = "the measurements are rounded on purpose")]

mod common;

use std::ops::ControlFlow;

use common::Normal;
use neuron_stats::{
    Families, Matrix, Moments, MomentsAccumulator, Relabelling, Resampling, StatsError, TTest,
    TTestAccumulator, TestKind, max_t, max_t_over, moments, t_test, t_tests,
};
use rayon::{ThreadPool, ThreadPoolBuilder};

const KINDS: [TestKind; 3] = [TestKind::Paired, TestKind::Student, TestKind::Welch];
const SAMPLES: usize = 23;
const NEURONS: usize = 1300; // more than two blocks, and no whole number of them

/// A dead neuron, neurons far from 0, and ordinary ones.
fn sides() -> (Vec<f64>, Vec<f64>) {
    let mut normal = Normal::new(8);
    let mut side = |shift: f64| {
        let mut values = normal.correlated(SAMPLES, NEURONS, 0.3);
        for row in values.chunks_mut(NEURONS) {
            row[17] = 0.7;
            row[18] += 1000.0;
            row[20] -= 1e5;
            row[19] += shift;
        }
        values
    };
    (side(1.0), side(0.0))
}

fn matrix(values: &[f64]) -> Matrix<'_, f64> {
    Matrix::new(values, values.len() / NEURONS, NEURONS).unwrap()
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

/// Every number of a test, to the bit; NaN included.
fn bits(test: &TTest) -> [u64; 11] {
    let TTest { mean_a, mean_b, difference, t, df, p_two_sided, p_greater, p_less, .. } = *test;
    let TTest { ci: (low, high), effect, .. } = *test;
    [mean_a, mean_b, difference, t, df, p_two_sided, p_greater, p_less, low, high, effect]
        .map(f64::to_bits)
}

#[test]
fn threads_change_no_bit() {
    let (a, b) = sides();
    let families = Families::of_sizes([500, 800]).unwrap();
    let resampling = Resampling { draws: 300, exact_up_to: 0, seed: 2 };
    let run = || {
        let a = matrix(&a);
        let b = matrix(&b);
        let tests = KINDS
            .map(|kind| t_tests(kind, a, b, 0.95).unwrap().iter().map(bits).collect::<Vec<_>>());
        let max_t = [Relabelling::SignFlip, Relabelling::LabelShuffle]
            .map(|relabelling| max_t(relabelling, a, b, &families, resampling).unwrap());
        (tests, max_t, moments(a))
    };
    assert_eq!(pool(1).install(run), pool(2).install(run));
}

#[test]
fn families_do_not_change_each_other() {
    let (a, b) = sides();
    let a = matrix(&a);
    let b = matrix(&b);
    // Divisions within each other and across each other, and more draws than one round takes.
    let divisions = [vec![500, 800], vec![1300], vec![300, 600, 400], vec![1300]];
    let divisions = divisions.map(|sizes| Families::of_sizes(sizes).unwrap());
    for (relabelling, draws) in [(Relabelling::SignFlip, 300), (Relabelling::LabelShuffle, 20_000)]
    {
        let resampling = Resampling { draws, exact_up_to: 0, seed: 2 };
        let mut steps = Vec::new();
        let mut count = |done, all| {
            steps.push((done, all));
            ControlFlow::Continue(())
        };
        let together = max_t_over(relabelling, a, b, &divisions, resampling, &mut count).unwrap();
        assert_eq!(steps.last(), Some(&(steps.len(), steps.len())));
        let mut stop = |_, _| ControlFlow::Break(());
        let stopped = max_t_over(relabelling, a, b, &divisions, resampling, &mut stop);
        assert_eq!(stopped, Err(StatsError::Cancelled));
        for (families, test) in divisions.iter().zip(&together) {
            assert_eq!(*test, max_t(relabelling, a, b, families, resampling).unwrap());
        }
        assert_eq!(together[1], together[3]);
        assert_eq!(max_t_over(relabelling, a, b, &[], resampling, &mut stop), Ok(vec![]));
    }
}

#[test]
fn a_matrix_gives_what_each_neuron_gives_by_itself() {
    let (a, b) = sides();
    for kind in KINDS {
        let tests = t_tests(kind, matrix(&a), matrix(&b), 0.95).unwrap();
        for (neuron, test) in tests.iter().enumerate() {
            let a: Vec<f64> = matrix(&a).column(neuron).collect();
            let b: Vec<f64> = matrix(&b).column(neuron).collect();
            assert_eq!(bits(test), bits(&t_test(kind, &a, &b, 0.95).unwrap()));
        }
        assert!(!tests[17].defined);
        assert_eq!(tests.iter().filter(|test| !test.defined).count(), 1);
    }
    for (neuron, moments) in moments(matrix(&a)).iter().enumerate() {
        let values: Vec<f64> = matrix(&a).column(neuron).collect();
        assert_eq!(*moments, Moments::of(&values));
    }
}

#[test]
fn single_precision_measurements_are_used_as_they_are() {
    let (a, b) = sides();
    let [a32, b32] = [&a, &b].map(|side| side.iter().map(|&x| x as f32).collect::<Vec<f32>>());
    let [a64, b64] =
        [&a32, &b32].map(|side| side.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>());
    let [a32, b32] = [&a32, &b32].map(|side| Matrix::new(side, SAMPLES, NEURONS).unwrap());
    for kind in KINDS {
        let single = t_tests(kind, a32, b32, 0.95).unwrap();
        let double = t_tests(kind, matrix(&a64), matrix(&b64), 0.95).unwrap();
        assert!(single.iter().map(bits).eq(double.iter().map(bits)));
    }
}

#[test]
fn swapping_the_sides_swaps_the_directions() {
    let (a, b) = sides();
    for kind in KINDS {
        let forth = t_tests(kind, matrix(&a), matrix(&b), 0.95).unwrap();
        let back = t_tests(kind, matrix(&b), matrix(&a), 0.95).unwrap();
        for (forth, back) in forth.iter().zip(&back).filter(|(forth, _)| forth.defined) {
            assert_eq!(forth.t, -back.t);
            assert_eq!(forth.p_greater, back.p_less);
            assert_eq!(forth.p_two_sided, back.p_two_sided);
            assert_eq!(forth.ci, (-back.ci.1, -back.ci.0));
        }
    }
}

/// `|left - right|` is at most 1e-12 of `scale`.
fn assert_near(left: f64, right: f64, scale: f64) {
    assert!((left - right).abs() <= 1e-12 * scale, "{left} is not {right}");
}

#[test]
fn batches_give_what_all_samples_give_at_once() {
    let (a, b) = sides();
    for kind in KINDS {
        let mut whole = TTestAccumulator::new(kind, NEURONS);
        let mut second = whole.clone();
        // Batches of 1, 4 and 6 samples into one accumulator, the other 12 into a second one.
        for (rows, into) in [(0..1, 0), (1..5, 0), (5..11, 0), (11..13, 1), (13..23, 1)] {
            let rows = rows.start * NEURONS..rows.end * NEURONS;
            let accumulator = if into == 0 { &mut whole } else { &mut second };
            accumulator.push(matrix(&a[rows.clone()]), matrix(&b[rows])).unwrap();
        }
        whole.merge(&second).unwrap();
        whole.merge(&TTestAccumulator::new(kind, NEURONS)).unwrap();
        assert_eq!(whole.samples(), (SAMPLES, SAMPLES));

        let at_once = t_tests(kind, matrix(&a), matrix(&b), 0.95).unwrap();
        for (batched, at_once) in whole.finish(0.95).unwrap().iter().zip(&at_once) {
            assert_eq!(batched.defined, at_once.defined);
            let means = at_once.mean_a.abs() + at_once.mean_b.abs();
            assert_near(batched.mean_a, at_once.mean_a, means);
            assert_near(batched.mean_b, at_once.mean_b, means);
            if at_once.defined {
                let error = at_once.difference / at_once.t;
                // Unpaired, the means of the batches are rounded before they are compared.
                let means = if kind == TestKind::Paired { 0.0 } else { means };
                let noise = 1.0 + 2e-3 * means / error;
                assert_near(batched.t, at_once.t, noise + at_once.t.abs());
                assert_near(batched.df, at_once.df, at_once.df);
                assert_near(batched.p_two_sided, at_once.p_two_sided, noise);
                assert_near(batched.effect, at_once.effect, noise);
            }
        }
    }
}

#[test]
fn moments_merge_to_those_of_all_values() {
    let (a, _) = sides();
    let mut whole = MomentsAccumulator::new(NEURONS);
    let mut second = whole.clone();
    whole.push(matrix(&a[..NEURONS])).unwrap();
    whole.push(matrix(&a[NEURONS..9 * NEURONS])).unwrap();
    second.push(matrix(&a[9 * NEURONS..])).unwrap();
    whole.merge(&second).unwrap();

    let mut pushed = vec![Moments::default(); NEURONS];
    for row in matrix(&a).rows() {
        for (moments, &value) in pushed.iter_mut().zip(row) {
            moments.push(value);
        }
    }

    let at_once = moments(matrix(&a));
    let pooled = Moments::of(&a);
    let batches = whole.neurons().iter().zip(&at_once).chain(pushed.iter().zip(&at_once));
    for (batched, at_once) in batches.chain([(&at_once.iter().copied().sum(), &pooled)]) {
        let deviation = at_once.variance().sqrt();
        let size = at_once.mean().abs() + deviation;
        assert_eq!(batched.count(), at_once.count());
        assert_near(batched.mean(), at_once.mean(), size);
        assert_near(batched.variance(), at_once.variance(), size * deviation);
        if deviation > 1e-9 {
            // Both are ratios, as exact as the deviations from the mean are.
            let noise = size / deviation;
            let skewness = at_once.skewness();
            let kurtosis = at_once.excess_kurtosis();
            assert_near(batched.skewness(), skewness, noise * (1.0 + skewness.abs()));
            assert_near(batched.excess_kurtosis(), kurtosis, noise * (3.0 + kurtosis.abs()));
        } else {
            assert!(batched.skewness().is_nan() && at_once.excess_kurtosis().is_nan());
        }
    }
}
