//! The linear probe agrees with scikit-learn; see `fixtures/make_probe_fixtures.py`.

mod common;

use common::{Normal, close, fixture};
use neuron_stats::{Matrix, PROBE_PENALTIES, StatsError, linear_probe};
use serde::Deserialize;

#[derive(Deserialize)]
struct ProbeCase {
    a: Vec<Vec<f64>>,
    b: Vec<Vec<f64>>,
    weights: Vec<f64>,
    penalty: f64,
    accuracy: f64,
}

#[test]
fn it_is_scikit_learns_ridge_regression() {
    let cases: Vec<ProbeCase> = fixture("probe.json");
    let mut penalties = Vec::new();
    for case in cases {
        let neurons = case.weights.len();
        let (a, b) = (case.a.concat(), case.b.concat());
        let a = Matrix::new(&a, case.a.len(), neurons).unwrap();
        let b = Matrix::new(&b, case.b.len(), neurons).unwrap();
        let probe = linear_probe(a, b).unwrap();
        assert!(close(probe.penalty, case.penalty, 1e-12), "{} {}", probe.penalty, case.penalty);
        assert!(close(probe.accuracy, case.accuracy, 1e-12), "{}", probe.accuracy);
        for (ours, theirs) in probe.weights.iter().zip(&case.weights) {
            assert!(
                close(*ours, *theirs, 1e-7) || (ours - theirs).abs() < 1e-12,
                "{ours} {theirs}"
            );
        }
        penalties.push(probe.penalty.to_string());
    }
    penalties.sort();
    penalties.dedup();
    assert!(penalties.len() > 2, "the cases choose different penalties: {penalties:?}");
}

#[test]
fn it_predicts_planted_sides_and_no_others() {
    const PLANTED: usize = 10;
    let mut normal = Normal::new(9);
    let (samples, neurons) = (30, 100);
    let mut a = normal.fill(samples * neurons);
    let b = normal.fill(samples * neurons);
    let probe = |a: &[f64], b: &[f64]| {
        let matrix = |values| Matrix::new(values, samples, neurons).unwrap();
        linear_probe(matrix(a), matrix(b)).unwrap()
    };
    // Chance is a half, with a standard deviation of 0.06.
    assert!((probe(&a, &b).accuracy - 0.5).abs() < 0.2);
    for row in a.chunks_mut(neurons) {
        row[..PLANTED].iter_mut().for_each(|value| *value += 2.0);
    }
    let planted = probe(&a, &b);
    assert!(planted.accuracy > 0.9, "{}", planted.accuracy);
    let mut order: Vec<usize> = (0..neurons).collect();
    order.sort_by(|&a, &b| planted.weights[b].total_cmp(&planted.weights[a]));
    assert!(order[..PLANTED].iter().all(|&neuron| neuron < PLANTED), "{order:?}");
    let mirrored = probe(&b, &a);
    for (weight, mirror) in planted.weights.iter().zip(&mirrored.weights) {
        assert!((weight + mirror).abs() < 1e-9);
    }
}

#[test]
fn constant_neurons_have_no_weight_and_tiny_samples_are_errors() {
    let a = [1.0_f64, 5.0, 1.0, 6.0];
    let b = [1.0_f64, 2.0, 1.0, 3.0];
    let matrix = |values, samples| Matrix::new(values, samples, 2).unwrap();
    let probe = linear_probe(matrix(&a[..], 2), matrix(&b[..], 2)).unwrap();
    assert!(probe.weights[0].abs() < f64::EPSILON && probe.weights[1] > 0.0);
    assert!(PROBE_PENALTIES.contains(&probe.penalty));
    let error = linear_probe(matrix(&a[..2], 1), matrix(&b[..], 2));
    assert_eq!(error, Err(StatsError::TooFewSamples { needed: 2, got: 1 }));
    let wider = Matrix::new(&a[..], 1, 4).unwrap();
    let error = linear_probe(wider, matrix(&b[..], 2));
    assert_eq!(error, Err(StatsError::NeuronCounts { a: 4, b: 2 }));
}
