//! The cluster bootstrap: its agreement with all resamples, its coverage, and its invariance.

#![expect(clippy::float_cmp, reason = "the values must be equal in every bit")]

mod common;

use common::Normal;
use neuron_stats::{Bootstrap, BootstrapInterval, StatsError, StudentT};
use rayon::{ThreadPoolBuilder, prelude::*};

const USUAL: Bootstrap = Bootstrap { draws: 1000, seed: 1, level: 0.95 };

type Statistic<'a> = &'a (dyn Fn(&[usize]) -> f64 + Sync);

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    sum / count
}

/// The finite statistics of all `nⁿ` resamples of `n` clusters, sorted.
fn exact(n: usize, statistic: impl Fn(&[usize]) -> f64) -> Vec<f64> {
    let places = u32::try_from(n).unwrap();
    let mut values: Vec<f64> = (0..n.pow(places))
        .map(|code| {
            let drawn: Vec<_> = (0..places).map(|place| code / n.pow(place) % n).collect();
            statistic(&drawn)
        })
        .filter(|value| value.is_finite())
        .collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Bounds of the `p` quantile of random draws: the quantiles of all resamples four standard errors of
/// a share below `p` and above.
fn bounds(all: &[f64], p: f64, draws: usize) -> (f64, f64) {
    let error = 4.0 * (p * (1.0 - p) / draws as f64).sqrt();
    // The value that a share of at least `p` of all are at most.
    let at = |p: f64| {
        let place = (0..all.len() - 1).find(|&i| (i + 1) as f64 / all.len() as f64 >= p);
        all[place.unwrap_or(all.len() - 1)]
    };
    (at(p - error), at(p + error))
}

#[test]
fn quantiles_are_those_of_all_resamples() {
    let values = [0.0, 1.0, 10.0, 100.0];
    let mean_of = |drawn: &[usize]| mean(drawn.iter().map(|&cluster| values[cluster]));
    let statistics: [(&str, usize, Statistic); 5] = [
        ("mean of 4", 4, &mean_of),
        ("mean of 3", 3, &mean_of),
        // Each resample has a value of its own, so that their order counts too.
        ("code", 4, &|drawn| drawn.iter().fold(0.0, |code, &i| 10.0 * code + i as f64)),
        // Only two of the four clusters hold the group: 1 in 16 resamples lacks it.
        ("mean of a group", 4, &|drawn| {
            mean(drawn.iter().filter(|&&cluster| cluster >= 2).map(|&cluster| values[cluster]))
        }),
        ("infinite in 1 of 256", 4, &|drawn| 1.0 / drawn.iter().sum::<usize>() as f64),
    ];
    for (what, n, statistic) in statistics {
        let all = exact(n, statistic);
        for level in [0.2, 0.5, 0.8, 0.9, 0.95, 0.99] {
            let bootstrap = Bootstrap { draws: 20_000, seed: 5, level };
            let BootstrapInterval { low, high, draws } = bootstrap.interval(n, statistic).unwrap();

            let share = all.len() as f64 / n.pow(u32::try_from(n).unwrap()) as f64;
            let error = (share * (1.0 - share) / 20_000.0).sqrt();
            assert!((draws as f64 / 20_000.0 - share).abs() <= 4.0 * error, "{what}: {draws}");

            let tail = (1.0 - level) / 2.0;
            for (value, p) in [(low, tail), (high, 1.0 - tail)] {
                let (least, most) = bounds(&all, p, draws);
                assert!(
                    (least..=most).contains(&value),
                    "{what}: the {p} quantile is {value}, not in [{least}, {most}]"
                );
            }
        }
    }
}

#[test]
fn a_level_near_0_gives_the_median_and_one_near_1_the_extremes() {
    let values = [0.0, 1.0, 10.0, 100.0];
    let statistic = |drawn: &[usize]| mean(drawn.iter().map(|&cluster| values[cluster]));
    let at = |level| Bootstrap { draws: 20_000, level, ..USUAL }.interval(4, statistic).unwrap();
    let median = at(f64::MIN_POSITIVE);
    assert_eq!(median.low, median.high);
    let all = exact(4, statistic);
    let extremes = at(1.0 - f64::EPSILON / 2.0);
    assert!((extremes.low - all[0]).abs() < 1e-9);
    assert!((extremes.high - all[all.len() - 1]).abs() < 1e-9);
    // Each level's interval lies in the next one's.
    let intervals = [0.1, 0.5, 0.9, 0.95, 0.99].map(at);
    assert!(intervals.is_sorted_by(|inner, outer| outer.low <= inner.low));
    assert!(intervals.is_sorted_by(|inner, outer| inner.high <= outer.high));
}

/// Shares of data sets whose interval of the mean covers the true one, if clusters are drawn and if
/// their items are drawn as if they were independent.
fn coverage(clusters: usize) -> [f64; 2] {
    const ITEMS: usize = 5;
    const DATA_SETS: u64 = 1000;
    const TRUTH: f64 = 3.0;
    let covered: Vec<[bool; 2]> = (0..DATA_SETS)
        .into_par_iter()
        .map(|seed| {
            // Half of the variance is between clusters.
            let mut values = Normal::new(seed).correlated(clusters, ITEMS, 0.5);
            for value in &mut values {
                *value += TRUTH;
            }
            let means: Vec<f64> =
                values.chunks(ITEMS).map(|cluster| mean(cluster.iter().copied())).collect();
            let bootstrap = Bootstrap { draws: 999, seed, level: 0.95 };
            [&means, &values].map(|units| {
                let interval = bootstrap
                    .interval(units.len(), |drawn| mean(drawn.iter().map(|&unit| units[unit])));
                let interval = interval.unwrap();
                interval.low <= TRUTH && TRUTH <= interval.high
            })
        })
        .collect();
    [0, 1].map(|unit| mean(covered.iter().map(|covers| f64::from(u8::from(covers[unit])))))
}

#[test]
fn clusters_cover_the_truth_and_items_alone_do_not() {
    let [of_clusters, of_items] = coverage(40);
    println!("40 clusters: {of_clusters}, ignoring them: {of_items}");
    assert!((0.92..=0.97).contains(&of_clusters), "{of_clusters}");
    // The variance of the mean is three times that of independent items: the normal distribution
    // has 74 % within 1.96 / √3.
    assert!((0.68..=0.80).contains(&of_items), "{of_items}");
}

#[test]
fn few_clusters_give_too_narrow_an_interval() {
    // Of clusters with normal means, the resampled mean has a standard error of √((n - 1) / n)
    // times the usual one, and nearly normal quantiles, not those of t.
    const CLUSTERS: f64 = 10.0;
    let normal = StudentT::new(1e20).unwrap().critical_value(0.05).unwrap();
    let reach = normal * ((CLUSTERS - 1.0) / CLUSTERS).sqrt();
    let theory = 1.0 - StudentT::new(CLUSTERS - 1.0).unwrap().two_sided(reach);
    let [rate, _] = coverage(10);
    println!("10 clusters: {rate}, theory {theory:.4}");
    let error = (theory * (1.0 - theory) / 1000.0).sqrt();
    assert!((rate - theory).abs() <= 3.0 * error, "{rate} is not {theory}");
}

#[test]
fn threads_change_no_bit() {
    let values = Normal::new(2).fill(30);
    let statistic = |drawn: &[usize]| mean(drawn.iter().map(|&cluster| values[cluster]));
    let run = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| USUAL.interval(30, statistic).unwrap())
    };
    assert_eq!(run(1), run(2));
    assert_eq!(run(1), run(1));

    let other = Bootstrap { seed: 2, ..USUAL }.interval(30, statistic).unwrap();
    assert_ne!(run(1).low, other.low);
    assert_ne!(run(1).high, other.high);
}

#[test]
fn a_constant_has_an_interval_of_no_width() {
    for value in [0.1, 0.0, -1e300, f64::MAX, f64::from_bits(1)] {
        let interval = USUAL.interval(7, |_| value).unwrap();
        assert_eq!(interval, BootstrapInterval { low: value, high: value, draws: 1000 });
    }
    let one = Bootstrap { draws: 1, ..USUAL }.interval(2, |drawn| drawn[0] as f64).unwrap();
    assert_eq!((one.low, one.draws), (one.high, 1));
}

#[test]
fn inputs_without_an_answer_are_errors() {
    let first = |drawn: &[usize]| drawn[0] as f64;
    let most = Bootstrap::MOST;
    for clusters in [0, 1, most + 1, usize::MAX] {
        let error = USUAL.interval(clusters, first).unwrap_err();
        assert_eq!(error, StatsError::Clusters { clusters, most });
    }
    for level in [0.0, 1.0, -0.5, f64::INFINITY] {
        let error = Bootstrap { level, ..USUAL }.interval(5, first).unwrap_err();
        assert_eq!(error, StatsError::Level { level });
    }
    let error = Bootstrap { level: f64::NAN, ..USUAL }.interval(5, first).unwrap_err();
    assert!(matches!(error, StatsError::Level { level } if level.is_nan()));
    let error = Bootstrap { draws: 0, ..USUAL }.interval(5, first).unwrap_err();
    assert_eq!(error, StatsError::NoDraws);
    for draws in [most + 1, usize::MAX] {
        let error = Bootstrap { draws, ..USUAL }.interval(5, first).unwrap_err();
        assert_eq!(error, StatsError::TooManyDraws { draws, most });
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = USUAL.interval(5, |_| value).unwrap_err();
        assert_eq!(error, StatsError::TooFewFiniteDraws { finite: 0, draws: 1000 });
    }
}

#[test]
fn a_group_needs_more_than_one_cluster() {
    // Whether the interval is given, for a group that so many of the clusters hold.
    for (clusters, holding, given) in
        [(2, 1, false), (40, 1, false), (4, 2, true), (40, 2, false), (40, 3, true)]
    {
        let interval = USUAL.interval(clusters, |drawn| {
            mean(drawn.iter().filter(|&&i| i < holding).map(|&cluster| cluster as f64))
        });
        match interval {
            Ok(interval) => assert!(given && interval.draws < 1000),
            Err(StatsError::TooFewFiniteDraws { finite, draws: 1000 }) => {
                assert!(!given && finite < 900);
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn the_standard_error_is_that_of_all_resamples() {
    let values = [0.0, 1.0, 10.0, 4.0];
    let mean_of = |drawn: &[usize]| mean(drawn.iter().map(|&cluster| values[cluster]));
    let all = exact(4, mean_of);
    let centre = mean(all.iter().copied());
    let expected = mean(all.iter().map(|value| (value - centre).powi(2))).sqrt();
    let bootstrap = Bootstrap { draws: 20_000, ..USUAL };
    let found = bootstrap.standard_error(4, mean_of).unwrap();
    // A standard deviation of so many draws has an error of about 0.5 %.
    assert!((found / expected - 1.0).abs() < 0.02, "{found} is not {expected}");

    // Of a mean, it is that of the values without the factor for few clusters.
    let variance = mean(values.iter().map(|value| (value - mean(values.into_iter())).powi(2)));
    assert!((expected - (variance / 4.0).sqrt()).abs() < 1e-12);

    let other_level = Bootstrap { level: 7.0, ..bootstrap };
    assert_eq!(other_level.standard_error(4, mean_of), Ok(found));
    let one = Bootstrap { draws: 1, ..bootstrap };
    let error = StatsError::TooFewSamples { needed: 2, got: 1 };
    assert_eq!(one.standard_error(4, mean_of), Err(error));
    let most = Bootstrap::MOST;
    let error = StatsError::Clusters { clusters: 1, most };
    assert_eq!(bootstrap.standard_error(1, mean_of), Err(error));
}

#[test]
fn the_error_of_a_ratio_is_that_of_its_statistic() {
    let a = [0.5, 2.0, -1.0, 4.0, 0.25];
    let b = [1.0, 2.0, 3.0, 1.0, 0.5];
    let ratio = |drawn: &[usize]| {
        let sum = |values: [f64; 5]| drawn.iter().map(|&cluster| values[cluster]).sum::<f64>();
        sum(a) / sum(b)
    };
    let expected = USUAL.standard_error(5, ratio);
    assert!(expected.is_ok());
    assert_eq!(USUAL.ratio_standard_error(&a, &b), expected);
    let error = StatsError::ClusterSums { a: 5, b: 4 };
    assert_eq!(USUAL.ratio_standard_error(&a, &b[..4]), Err(error));
    // A sum below of 0 in all draws.
    let error = StatsError::TooFewFiniteDraws { finite: 0, draws: 1000 };
    assert_eq!(USUAL.ratio_standard_error(&a, &[0.0; 5]), Err(error));
}
