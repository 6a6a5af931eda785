//! Intervals of means of clusters; see `fixtures/make_effect_fixtures.py`.

mod common;

use common::{Normal, close, fixture};
use neuron_stats::{StatsError, clustered_mean_interval};

#[test]
fn intervals_agree_with_statsmodels() {
    let cases: Vec<(Vec<Vec<f64>>, f64, f64, f64)> = fixture("clustered_mean.json");
    assert!(cases.len() > 10);
    for (clusters, level, low, high) in cases {
        let ours = clustered_mean_interval(&clusters, level).unwrap();
        assert!(close(ours.0, low, 1e-9) && close(ours.1, high, 1e-9), "{ours:?}, {low}, {high}");
    }
}

#[test]
fn the_largest_of_several_means_is_covered_if_the_level_is_shared() {
    const SIMULATIONS: usize = 1000;
    const MEANS: usize = 8;
    let mut normal = Normal::new(5);
    let mut covered = [0; 2];
    for _ in 0..SIMULATIONS {
        // Each of the means is 0, and clusters have a part in common.
        let mut largest: Option<(f64, Vec<Vec<f64>>)> = None;
        for _ in 0..MEANS {
            let mut clusters = Vec::new();
            for _ in 0..12 {
                let shared = normal.draw();
                clusters.push(vec![shared + normal.draw(), shared + normal.draw()]);
            }
            let mean = clusters.concat().iter().sum::<f64>() / 24.0;
            if largest.as_ref().is_none_or(|(most, _)| mean > *most) {
                largest = Some((mean, clusters));
            }
        }
        let (_, clusters) = largest.unwrap();
        for (covered, level) in covered.iter_mut().zip([0.95, 1.0 - 0.05 / MEANS as f64]) {
            let (low, high) = clustered_mean_interval(&clusters, level).unwrap();
            *covered += usize::from(low <= 0.0 && 0.0 <= high);
        }
    }
    // A plain interval of the largest is too narrow: it misses 0 in about 1 − 0.975⁸ = 18 %.
    let [plain, shared] = covered.map(|count| count as f64 / SIMULATIONS as f64);
    assert!((plain - 0.82).abs() < 0.04, "{plain}");
    assert!(shared > 0.96, "{shared}");
}

#[test]
fn empty_clusters_count_for_nothing_and_one_is_too_few() {
    let with_empty = [vec![1.0], vec![], vec![3.0, 2.0]];
    let without = [vec![1.0], vec![3.0, 2.0]];
    let intervals = [&with_empty[..], &without].map(|c| clustered_mean_interval(c, 0.9).unwrap());
    assert_eq!(intervals[0], intervals[1]);
    let found = clustered_mean_interval(&[vec![1.0, 2.0], vec![]], 0.9);
    assert_eq!(found, Err(StatsError::TooFewSamples { needed: 2, got: 1 }));
    let found = clustered_mean_interval(&without, 1.0);
    assert_eq!(found, Err(StatsError::Level { level: 1.0 }));
    let found = clustered_mean_interval(&[vec![1.0], vec![0.0, f64::INFINITY]], 0.9);
    let expected = StatsError::NotFinite { sample: 1, neuron: 1, value: f64::INFINITY };
    assert_eq!(found, Err(expected));
}
