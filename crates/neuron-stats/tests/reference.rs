//! Agreement with SciPy, statsmodels, mpmath and exact fractions; see `fixtures/make_fixtures.py`.

#![expect(clippy::float_cmp, reason = "the values must be equal in every bit")]

mod common;

use std::collections::HashMap;

use common::{close, fixture, test_kind};
use neuron_stats::{
    Alternative, Correction, Families, Histogram, Matrix, Moments, Relabelling, Resampling,
    StudentT, dagostino_pearson, jarque_bera, max_t, t_test,
};
use serde::Deserialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

fn scaled(values: &[f64], unit: f64) -> Vec<f64> {
    values.iter().map(|&value| value * unit).collect()
}

#[test]
fn tails_of_student_t_agree_with_statrs_as_far_as_it_reaches() {
    // Further out statrs gives 0 for some p, and 4e-9 is its own error for large df.
    let rows: Vec<(f64, f64, f64)> = fixture("student_t.json");
    for (df, t, p) in rows.into_iter().filter(|row| row.2 > 1e-100) {
        let statrs = 2.0 * StudentsT::new(0.0, 1.0, df).unwrap().sf(t);
        let ours = StudentT::new(df).unwrap().two_sided(t);
        assert!((ours.ln() - statrs.ln()).abs() < 1e-8, "df {df}, t {t}: {ours} {statrs} {p}");
    }
}

#[test]
fn tails_of_student_t_agree_with_mpmath_down_to_1e_300() {
    let rows: Vec<(f64, f64, f64)> = fixture("student_t.json");
    let mut worst = (0.0_f64, 0.0, 0.0);
    for &(df, t, p) in &rows {
        let student = StudentT::new(df).unwrap();
        let error = (student.two_sided(t) / p - 1.0).abs();
        worst = if error > worst.0 { (error, df, t) } else { worst };
        assert_eq!(student.two_sided(-t), student.two_sided(t));
        assert_eq!(student.survival(t), student.two_sided(t) / 2.0);
        assert_eq!(student.survival(-t), 1.0 - student.two_sided(t) / 2.0);
    }
    println!("largest relative error {:e} at df {}, t {}", worst.0, worst.1, worst.2);
    assert!(rows.iter().any(|row| row.2 < 2e-300));
    assert!(worst.0 < 1e-12);
}

#[test]
fn critical_values_invert_the_tails() {
    for (df, t, p) in fixture::<Vec<(f64, f64, f64)>>("student_t.json") {
        // A p next to 1 does not determine its t.
        if p < 0.999 {
            let critical = StudentT::new(df).unwrap().critical_value(p).unwrap();
            assert!(close(critical, t, 1e-12), "df {df}, p {p:e}: {critical:e} is not {t:e}");
        }
    }
}

#[derive(Deserialize)]
struct TTests {
    unit: f64,
    cases: Vec<TTestCase>,
}

#[derive(Deserialize)]
struct TTestCase {
    kind: String,
    a: Vec<f64>,
    b: Vec<f64>,
    level: f64,
    mean_a: f64,
    mean_b: f64,
    difference: f64,
    t: f64,
    df: f64,
    p_two_sided: f64,
    p_greater: f64,
    p_less: f64,
    ci: (f64, f64),
    effect: f64,
}

#[test]
fn t_tests_agree_with_scipy_and_mpmath() {
    let smallest = assert_t_tests(fixture("t_test.json"));
    assert!(smallest < 1e-100);
}

#[test]
fn t_tests_of_means_far_from_0_agree_with_exact_fractions() {
    let smallest = assert_t_tests(fixture("t_test_far.json"));
    assert!(smallest < 1e-75);
}

/// Compares with a fixture, and returns the smallest p-value.
fn assert_t_tests(TTests { unit, cases }: TTests) -> f64 {
    let mut smallest = 1.0_f64;
    let mut worst = 0.0_f64;
    for case in &cases {
        let a = scaled(&case.a, unit);
        let b = scaled(&case.b, unit);
        let test = t_test(test_kind(&case.kind), &a, &b, case.level).unwrap();
        let name = format!("{} of {} and {}, t {}", case.kind, a.len(), b.len(), case.t);
        assert!(test.defined, "{name}");
        for (ours, theirs) in [
            (test.mean_a, case.mean_a),
            (test.mean_b, case.mean_b),
            (test.difference, case.difference),
            (test.t, case.t),
            (test.df, case.df),
            (test.effect, case.effect),
        ] {
            assert!(close(ours, theirs, 1e-12), "{name}: {ours} is not {theirs}");
        }
        for (ours, theirs) in [
            (test.p(Alternative::TwoSided), case.p_two_sided),
            (test.p(Alternative::Greater), case.p_greater),
            (test.p(Alternative::Less), case.p_less),
        ] {
            let vanishes = ours < 1e-300 && theirs < 1e-300;
            assert!(vanishes || close(ours, theirs, 1e-9), "{name}: p {ours:e} is not {theirs:e}");
            worst = if vanishes { worst } else { worst.max((ours / theirs).ln().abs()) };
        }
        let width = case.ci.1 - case.ci.0;
        assert!((test.ci.0 - case.ci.0).abs() < 1e-10 * width, "{name}: {:?}", test.ci);
        assert!((test.ci.1 - case.ci.1).abs() < 1e-10 * width, "{name}: {:?}", test.ci);
        smallest = smallest.min(test.p_two_sided);
    }
    println!("largest error of log p {worst:e}");
    assert!(cases.len() > 50);
    smallest
}

#[test]
fn adjusted_p_values_agree_with_statsmodels() {
    let cases: Vec<HashMap<String, Vec<f64>>> = fixture("correction.json");
    for case in &cases {
        let p = &case["p"];
        assert_eq!(&Correction::None.adjust(p).unwrap(), p);
        for (name, correction) in [
            ("bonferroni", Correction::Bonferroni),
            ("holm", Correction::Holm),
            ("bh", Correction::BenjaminiHochberg),
            ("by", Correction::BenjaminiYekutieli),
            ("storey", Correction::Storey),
        ] {
            let theirs = &case[name];
            let ours = correction.adjust(p).unwrap();
            assert_eq!(ours.len(), theirs.len());
            for (ours, theirs) in ours.iter().zip(theirs) {
                assert!(close(*ours, *theirs, 1e-14), "{name}: {ours} is not {theirs}");
            }
        }
    }
}

#[derive(Deserialize)]
struct MaxTCase {
    relabelling: String,
    /// One list of samples per neuron.
    a: Vec<Vec<i64>>,
    b: Vec<Vec<i64>>,
    families: Vec<usize>,
    relabellings: usize,
    p_two_sided: Vec<f64>,
    p_greater: Vec<f64>,
    p_less: Vec<f64>,
}

fn by_sample(neurons: &[Vec<i64>]) -> Vec<f32> {
    (0..neurons[0].len())
        .flat_map(|sample| neurons.iter().map(move |neuron| neuron[sample] as f32))
        .collect()
}

#[test]
fn max_t_agrees_with_a_naive_loop_over_all_relabellings() {
    for case in fixture::<Vec<MaxTCase>>("max_t.json") {
        let relabelling = match case.relabelling.as_str() {
            "sign-flip" => Relabelling::SignFlip,
            _ => Relabelling::LabelShuffle,
        };
        let a = by_sample(&case.a);
        let b = by_sample(&case.b);
        let a = Matrix::new(&a, case.a[0].len(), case.a.len()).unwrap();
        let b = Matrix::new(&b, case.b[0].len(), case.b.len()).unwrap();
        let families = Families::of_sizes(case.families).unwrap();

        let exact = max_t(relabelling, a, b, &families, Resampling::default()).unwrap();
        assert!(exact.exact);
        assert_eq!(exact.relabellings, case.relabellings);
        assert_eq!(exact.p(Alternative::TwoSided), case.p_two_sided);
        assert_eq!(exact.p(Alternative::Greater), case.p_greater);
        assert_eq!(exact.p(Alternative::Less), case.p_less);

        // Random relabellings come near it, by at most 4.5 standard errors.
        let draws = 20_000;
        let resampling = Resampling { draws, exact_up_to: 0, seed: 5 };
        let sampled = max_t(relabelling, a, b, &families, resampling).unwrap();
        assert!(!sampled.exact);
        assert_eq!(sampled.relabellings, draws);
        for (sampled, exact) in sampled.p_two_sided.iter().zip(&exact.p_two_sided) {
            let error = (exact * (1.0 - exact) / draws as f64).sqrt();
            assert!((sampled - exact).abs() <= 4.5 * error + 1.0 / draws as f64);
        }
    }
}

#[derive(Deserialize)]
struct Diagnostics {
    unit: f64,
    cases: Vec<DiagnosticsCase>,
}

#[derive(Deserialize)]
struct DiagnosticsCase {
    values: Vec<f64>,
    mean: f64,
    variance: f64,
    skewness: f64,
    excess_kurtosis: f64,
    jarque_bera: (f64, f64),
    dagostino_pearson: (f64, f64),
    edges: Vec<f64>,
    counts: Vec<u64>,
    below: u64,
    above: u64,
}

#[test]
fn diagnostics_agree_with_scipy_and_numpy() {
    let Diagnostics { unit, cases } = fixture("diagnostics.json");
    for case in cases {
        let values = scaled(&case.values, unit);
        let moments = Moments::of(&values);
        let jarque_bera = jarque_bera(&moments).unwrap();
        let dagostino_pearson = dagostino_pearson(&moments).unwrap();
        for (name, ours, theirs) in [
            ("mean", moments.mean(), case.mean),
            ("variance", moments.variance(), case.variance),
            ("skewness", moments.skewness(), case.skewness),
            ("excess kurtosis", moments.excess_kurtosis(), case.excess_kurtosis),
            ("Jarque-Bera", jarque_bera.statistic, case.jarque_bera.0),
            ("Jarque-Bera p", jarque_bera.p, case.jarque_bera.1),
            ("D'Agostino-Pearson", dagostino_pearson.statistic, case.dagostino_pearson.0),
            ("D'Agostino-Pearson p", dagostino_pearson.p, case.dagostino_pearson.1),
        ] {
            assert!(close(ours, theirs, 1e-10), "{name}: {ours} is not {theirs}");
        }

        let mut histogram = Histogram::new(case.edges).unwrap();
        histogram.push(Matrix::new(&values, values.len(), 1).unwrap());
        assert_eq!(histogram.counts(), case.counts);
        assert_eq!((histogram.below(), histogram.above()), (case.below, case.above));
    }
}
