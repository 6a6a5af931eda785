//! Random-effects meta-analyses; see `fixtures/make_meta_fixtures.R`.

mod common;

use common::{Normal, close, fixture};
use neuron_stats::{
    BetweenVariance, Estimates, MetaAnalysis, Moments, PooledEffect, SignTest, StatsError,
    TestKind, sign_test, t_test,
};
use proptest::{collection::vec, num::f64::ANY, prelude::*};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture<T> {
    cases: Vec<T>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    values: Vec<f64>,
    variances: Vec<f64>,
    level: f64,
    fits: Vec<Fit>,
    tau_squared_interval: (f64, f64),
    leave_one_out: Vec<Reference>,
}

#[derive(Deserialize)]
struct Fit {
    method: String,
    floored: bool,
    #[serde(flatten)]
    reference: Reference,
}

#[derive(Deserialize)]
struct Reference {
    mean: f64,
    standard_error: f64,
    p: f64,
    interval: (f64, f64),
    prediction: Option<(f64, f64)>,
    tau_squared: f64,
    q: f64,
    q_p: f64,
    i_squared: f64,
}

/// Largest error of all figures: relative for p-values, and in units of the width of the interval
/// for effects.
fn largest_error(effect: &PooledEffect, reference: &Reference) -> f64 {
    let width = reference.interval.1 - reference.interval.0;
    let mut errors = vec![
        (effect.mean - reference.mean) / width,
        (effect.standard_error - reference.standard_error) / width,
        (effect.interval.0 - reference.interval.0) / width,
        (effect.interval.1 - reference.interval.1) / width,
        (effect.between_variance - reference.tau_squared) / (width * width),
        effect.p / reference.p - 1.0,
        effect.q / reference.q - 1.0,
        effect.q_p / reference.q_p - 1.0,
        effect.i_squared - reference.i_squared,
    ];
    assert_eq!(effect.prediction.is_some(), reference.prediction.is_some());
    if let (Some(ours), Some(theirs)) = (effect.prediction, reference.prediction) {
        let width = theirs.1 - theirs.0;
        errors.extend([(ours.0 - theirs.0) / width, (ours.1 - theirs.1) / width]);
    }
    errors.iter().fold(0.0, |largest, error| error.abs().max(largest))
}

#[test]
fn pooled_effects_are_those_of_metafor() {
    let cases = fixture::<Fixture<Case>>("meta_analysis.json").cases;
    assert!(cases.len() > 20);
    let mut worst = [0.0_f64; 2];
    for case in cases {
        let estimates = Estimates::new(&case.values, &case.variances).unwrap();
        for fit in &case.fits {
            let (estimator, precision) = match fit.method.as_str() {
                "DL" => (BetweenVariance::DerSimonianLaird, 1e-8),
                _ => (BetweenVariance::Reml, 1e-6),
            };
            let analysis = MetaAnalysis { estimator, floored: fit.floored, level: case.level };
            let effect = analysis.pool(&estimates).unwrap();
            let error = largest_error(&effect, &fit.reference);
            assert!(error < precision, "{}, {}: {error:e}, {effect:?}", case.name, fit.method);
            let index = usize::from(estimator == BetweenVariance::Reml);
            worst[index] = worst[index].max(error);
        }
        let analysis = MetaAnalysis { level: case.level, ..MetaAnalysis::default() };
        if !case.leave_one_out.is_empty() {
            let effects = analysis.leave_one_out(&estimates).unwrap();
            assert_eq!(effects.len(), case.leave_one_out.len());
            for (effect, reference) in effects.iter().zip(&case.leave_one_out) {
                let error = largest_error(effect, reference);
                assert!(error < 1e-6, "{}, one left out: {error:e}", case.name);
            }
        }
    }
    println!("largest errors: {:e} of DerSimonian and Laird, {:e} of REML", worst[0], worst[1]);
}

#[test]
fn intervals_of_the_between_study_sd_are_those_of_metafor() {
    let mut worst = 0.0_f64;
    for case in fixture::<Fixture<Case>>("meta_analysis.json").cases {
        let estimates = Estimates::new(&case.values, &case.variances).unwrap();
        let (low, high) = estimates.between_sd_interval(case.level).unwrap();
        let (low_variance, high_variance) = case.tau_squared_interval;
        let scale = high_variance.max(f64::MIN_POSITIVE);
        let error =
            ((low * low - low_variance).abs().max((high * high - high_variance).abs())) / scale;
        assert!(error < 1e-6, "{}: {low} to {high}, {error:e}", case.name);
        worst = worst.max(error);
    }
    println!("largest error {worst:e}");
}

#[test]
fn sign_tests_are_those_of_r() {
    for (positive, negative, p) in fixture::<Fixture<(usize, usize, f64)>>("sign_test.json").cases {
        let values = [vec![2.0; positive], vec![0.0; 3], vec![-0.1; negative]].concat();
        let test = sign_test(&values).unwrap();
        assert_eq!((test.positive, test.negative), (positive, negative));
        assert!(close(test.p, p, 1e-12), "{positive}, {negative}: {} is not {p}", test.p);
    }
}

/// A world of studies to simulate.
struct World {
    studies: usize,
    between: f64,
    /// Whether the variances are estimated too, from 12 prompts.
    estimated: bool,
}

/// Numbers of simulated meta-analyses whose intervals contain the true value.
#[derive(Default)]
struct Covered {
    floored: usize,
    plain: usize,
    prediction: usize,
    between_sd: usize,
}

fn contains((low, high): (f64, f64), value: f64) -> usize {
    usize::from(low <= value && value <= high)
}

impl World {
    const MEAN: f64 = 0.3;
    const SIMULATIONS: usize = 10_000;

    /// Estimates with variances between 0.02 and 0.2.
    fn draw(&self, normal: &mut Normal) -> Estimates {
        let mut values = Vec::new();
        let mut variances = Vec::new();
        for _ in 0..self.studies {
            let variance = 0.02 * 10.0_f64.powf(normal.uniform());
            let truth = Self::MEAN + self.between * normal.draw();
            values.push(truth + variance.sqrt() * normal.draw());
            let squares: f64 = normal.fill(11).iter().map(|z| z * z).sum();
            variances.push(if self.estimated { variance * squares / 11.0 } else { variance });
        }
        Estimates::new(&values, &variances).unwrap()
    }

    fn simulate(&self) -> Covered {
        let analysis = MetaAnalysis::default();
        let plain = MetaAnalysis { floored: false, ..analysis };
        let mut normal = Normal::new(self.studies as u64);
        let mut covered = Covered::default();
        for _ in 0..Self::SIMULATIONS {
            let estimates = self.draw(&mut normal);
            let next = Self::MEAN + self.between * normal.draw();
            let effect = analysis.pool(&estimates).unwrap();
            covered.floored += contains(effect.interval, Self::MEAN);
            covered.plain += contains(plain.pool(&estimates).unwrap().interval, Self::MEAN);
            covered.prediction += contains(effect.prediction.unwrap(), next);
            let sd_interval = estimates.between_sd_interval(0.95).unwrap();
            covered.between_sd += contains(sd_interval, self.between);
        }
        covered
    }
}

/// Rates with known variances, and in brackets with estimated ones.
fn cell(known: usize, estimated: usize) -> String {
    let percent = |count: usize| 100.0 * count as f64 / World::SIMULATIONS as f64;
    format!("{:.1} ({:.1})", percent(known), percent(estimated))
}

#[test]
fn intervals_cover_as_often_as_the_docs_say() {
    let docs = include_str!("../src/meta_analysis/pooled_effect.rs");
    let mut missing = Vec::new();
    for between in [0.0, 0.15, 0.3, 1.0] {
        for studies in [3, 5, 10, 25] {
            let known = World { studies, between, estimated: false }.simulate();
            let estimated = World { studies, between, estimated: true }.simulate();
            let row = format!(
                "/// | {between} | {studies} | {} | {} | {} | {} |",
                cell(known.floored, estimated.floored),
                cell(known.plain, estimated.plain),
                cell(known.prediction, estimated.prediction),
                cell(known.between_sd, estimated.between_sd),
            );
            if !docs.contains(&row) {
                missing.push(row);
            }
            // The floor keeps the level where the variances are known.
            let least = World::SIMULATIONS as f64 * (0.95 - 3.0 * (0.95 * 0.05 / 1e4_f64).sqrt());
            assert!(known.floored as f64 >= least, "{between}, {studies}: {}", known.floored);
        }
    }
    assert!(missing.is_empty(), "rows that the docs lack:\n{}", missing.join("\n"));
}

#[test]
fn many_studies_tell_the_planted_mean_and_sd() {
    let world = World { studies: 2000, between: 0.4, estimated: false };
    let estimates = world.draw(&mut Normal::new(3));
    for estimator in [BetweenVariance::DerSimonianLaird, BetweenVariance::Reml] {
        let analysis = MetaAnalysis { estimator, ..MetaAnalysis::default() };
        let effect = analysis.pool(&estimates).unwrap();
        assert!((effect.mean - World::MEAN).abs() < 0.04, "{effect:?}");
        assert!((effect.between_sd() - 0.4).abs() < 0.03, "{effect:?}");
        let (low, high) = effect.prediction.unwrap();
        assert!((high - low - 2.0 * 1.96 * 0.4).abs() < 0.1, "{effect:?}");
    }
}

#[test]
fn the_more_likely_one_of_two_maxima_is_taken() {
    // Two precise studies that agree make 0 likely, two vague ones that differ a large variance.
    let mut both = 0;
    for gap in 0..60 {
        let gap = f64::from(gap) / 4.0;
        let values = [0.0, 0.001, -gap, gap];
        let variances = [1e-6, 1e-6, 1.0, 1.0];
        let estimates = Estimates::new(&values, &variances).unwrap();
        let effect = MetaAnalysis::default().pool(&estimates).unwrap();
        let best = restricted_log_likelihood(&values, &variances, effect.between_variance);
        let ladder = (-400..100).map(|power| 10.0_f64.powf(f64::from(power) / 20.0));
        for between in ladder.chain([0.0]) {
            let likelihood = restricted_log_likelihood(&values, &variances, between);
            assert!(likelihood <= best + 1e-9, "gap {gap}: {between} beats {effect:?}");
        }
        both |= if effect.between_variance < 1e-3 { 1 } else { 2 };
    }
    assert_eq!(both, 3);
}

/// From the density of normal contrasts, written without the code under test.
fn restricted_log_likelihood(values: &[f64], variances: &[f64], between: f64) -> f64 {
    let weights: Vec<f64> = variances.iter().map(|v| 1.0 / (v + between)).collect();
    let total: f64 = weights.iter().sum();
    let mean = values.iter().zip(&weights).map(|(y, w)| w * y).sum::<f64>() / total;
    let mut sum = total.ln();
    for (y, w) in values.iter().zip(&weights) {
        sum += w * (y - mean).powi(2) - w.ln();
    }
    -sum / 2.0
}

#[test]
fn inputs_without_an_answer_are_errors() {
    let error = Estimates::new(&[1.0, 2.0], &[1.0]).unwrap_err();
    assert_eq!(error, StatsError::EstimateCounts { estimates: 2, variances: 1 });
    for got in [0, 1] {
        let error = Estimates::new(&[1.0, 2.0][..got], &[1.0, 2.0][..got]).unwrap_err();
        assert_eq!(error, StatsError::TooFewEstimates { needed: 2, got });
    }
    for value in [f64::INFINITY, f64::NEG_INFINITY] {
        let error = Estimates::new(&[1.0, value], &[1.0, 1.0]).unwrap_err();
        assert_eq!(error, StatsError::Estimate { study: 1, value });
        assert_eq!(sign_test(&[1.0, value]), Err(StatsError::Estimate { study: 1, value }));
    }
    for variance in [0.0, -0.0, -1.0, f64::INFINITY] {
        let error = Estimates::new(&[1.0, 1.0, 1.0], &[1.0, 1.0, variance]).unwrap_err();
        assert_eq!(error, StatsError::Variance { study: 2, variance });
    }
    let error = Estimates::new(&[1.0, 1.0], &[f64::NAN, 1.0]).unwrap_err();
    assert!(matches!(error, StatsError::Variance { study: 0, .. }));

    let estimates = Estimates::new(&[1.0, 2.0], &[1.0, 1.0]).unwrap();
    for level in [0.0, 1.0, 2.0] {
        let analysis = MetaAnalysis { level, ..MetaAnalysis::default() };
        assert_eq!(analysis.pool(&estimates), Err(StatsError::Level { level }));
        assert_eq!(estimates.between_sd_interval(level), Err(StatsError::Level { level }));
    }
    let error = MetaAnalysis::default().leave_one_out(&estimates).unwrap_err();
    assert_eq!(error, StatsError::TooFewEstimates { needed: 3, got: 2 });
    let far = Estimates::new(&[1.0, 2.0], &[1e-21, 1.0]);
    assert_eq!(far, Err(StatsError::EstimateRange));
    let huge = Estimates::new(&[1e200, -1e200], &[1e300, 1e300]);
    assert_eq!(huge, Err(StatsError::EstimateRange));
    let tiny = Estimates::new(&[0.0, 0.0], &[1e-310, 1e-310]).unwrap();
    assert_eq!(MetaAnalysis::default().pool(&tiny), Err(StatsError::EstimateRange));
}

#[test]
fn two_studies_have_no_prediction() {
    let estimates = Estimates::new(&[0.2, 0.9], &[0.01, 0.02]).unwrap();
    let effect = MetaAnalysis::default().pool(&estimates).unwrap();
    assert_eq!((effect.studies, effect.prediction), (2, None));
}

#[test]
fn without_any_sign_there_is_no_evidence() {
    assert_eq!(sign_test(&[]), Ok(SignTest { positive: 0, negative: 0, p: 1.0 }));
    assert_eq!(sign_test(&[0.0, -0.0]), Ok(SignTest { positive: 0, negative: 0, p: 1.0 }));
}

/// Estimates with their variances.
fn studies() -> impl Strategy<Value = Vec<(f64, f64)>> {
    vec((-2.0..2.0, 0.01..1.0), 2..12)
}

fn estimates(studies: &[(f64, f64)]) -> Estimates {
    let (values, variances): (Vec<f64>, Vec<f64>) = studies.iter().copied().unzip();
    Estimates::new(&values, &variances).unwrap()
}

const ANALYSES: [MetaAnalysis; 3] = [
    MetaAnalysis { estimator: BetweenVariance::Reml, floored: true, level: 0.95 },
    MetaAnalysis { estimator: BetweenVariance::Reml, floored: false, level: 0.9 },
    MetaAnalysis { estimator: BetweenVariance::DerSimonianLaird, floored: true, level: 0.95 },
];

/// The figures in the unit of the estimates.
fn figures(effect: &PooledEffect) -> Vec<f64> {
    let (low, high) = effect.interval;
    let mut figures = vec![effect.mean, low, high];
    figures.extend(effect.prediction.iter().flat_map(|&(low, high)| [low, high]));
    figures
}

fn near(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-7 * (1.0 + left.abs())
}

proptest! {
    #[test]
    fn an_effect_moves_and_grows_with_its_unit(
        studies in studies(), unit in 0.01_f64..100.0, origin in -100.0_f64..100.0,
    ) {
        let moved: Vec<(f64, f64)> =
            studies.iter().map(|(y, v)| (unit * (y + origin), unit * unit * v)).collect();
        for analysis in ANALYSES {
            let before = analysis.pool(&estimates(&studies)).unwrap();
            let after = analysis.pool(&estimates(&moved)).unwrap();
            for (before, after) in figures(&before).iter().zip(figures(&after)) {
                prop_assert!(near(before + origin, after / unit), "{} {}", before, after);
            }
            prop_assert!(near(before.standard_error, after.standard_error / unit));
            prop_assert!(near(before.between_variance, after.between_variance / (unit * unit)));
            prop_assert!(near(before.i_squared, after.i_squared) && near(before.q, after.q));
        }
        let before = estimates(&studies).between_sd_interval(0.95).unwrap();
        let after = estimates(&moved).between_sd_interval(0.95).unwrap();
        // Near 0 a standard deviation has half as many digits as its square.
        prop_assert!((before.0 - after.0 / unit).abs() < 1e-4);
        prop_assert!(near(before.1, after.1 / unit) || before.1 < 1e-4);
    }

    #[test]
    fn the_order_of_studies_does_not_matter(studies in studies(), turn in 0_usize..12) {
        let mut turned = studies.clone();
        turned.rotate_left(turn % studies.len());
        turned.swap(0, studies.len() - 1);
        for analysis in ANALYSES {
            let before = analysis.pool(&estimates(&studies)).unwrap();
            let after = analysis.pool(&estimates(&turned)).unwrap();
            for (before, after) in figures(&before).iter().zip(figures(&after)) {
                prop_assert!(near(*before, after));
            }
        }
    }

    #[test]
    fn equal_variances_give_the_mean_and_its_t_interval(
        values in vec(-2.0..2.0, 2..12), variance in 1e-4..2.0,
    ) {
        let estimates = Estimates::new(&values, &vec![variance; values.len()]).unwrap();
        let t = t_test(TestKind::Paired, &values, &vec![0.0; values.len()], 0.95).unwrap();
        let plain = MetaAnalysis { floored: false, ..MetaAnalysis::default() };
        let effect = plain.pool(&estimates).unwrap();
        prop_assert!(near(effect.mean, t.difference));
        prop_assert!(near(effect.interval.0, t.ci.0) && near(effect.interval.1, t.ci.1));
        prop_assert!(near(effect.p, t.p_two_sided));
        // Both estimators are the variance of the values, less that of their errors.
        let spread = Moments::of(&values).variance() - variance;
        prop_assert!(near(effect.between_variance, spread.max(0.0)));
        let moments = BetweenVariance::DerSimonianLaird;
        let other = MetaAnalysis { estimator: moments, ..plain }.pool(&estimates).unwrap();
        prop_assert!(near(effect.between_variance, other.between_variance));
    }

    #[test]
    fn reml_is_the_most_likely_variance(studies in studies()) {
        let (values, variances): (Vec<f64>, Vec<f64>) = studies.iter().copied().unzip();
        let effect = MetaAnalysis::default().pool(&estimates(&studies)).unwrap();
        let best = restricted_log_likelihood(&values, &variances, effect.between_variance);
        for power in -60..20 {
            let between = 10.0_f64.powf(f64::from(power) / 10.0);
            let likelihood = restricted_log_likelihood(&values, &variances, between);
            prop_assert!(likelihood <= best + 1e-9, "{} beats {:?}", between, effect);
        }
        prop_assert!(restricted_log_likelihood(&values, &variances, 0.0) <= best + 1e-9);
    }

    #[test]
    fn the_floor_and_the_prediction_only_widen(studies in studies()) {
        let estimates = estimates(&studies);
        let floored = MetaAnalysis::default().pool(&estimates).unwrap();
        let plain = MetaAnalysis { floored: false, ..MetaAnalysis::default() };
        let plain = plain.pool(&estimates).unwrap();
        prop_assert!(floored.interval.0 <= plain.interval.0 && plain.interval.1 <= floored.interval.1);
        if let Some((low, high)) = floored.prediction {
            prop_assert!(low < floored.interval.0 && floored.interval.1 < high);
        }
    }

    #[test]
    fn each_study_is_left_out_in_turn(studies in vec((-2.0..2.0, 0.01..1.0), 3..8)) {
        let analysis = MetaAnalysis::default();
        let effects = analysis.leave_one_out(&estimates(&studies)).unwrap();
        for (study, effect) in effects.iter().enumerate() {
            let mut rest = studies.clone();
            rest.remove(study);
            let expected = analysis.pool(&estimates(&rest)).unwrap();
            for (ours, expected) in figures(effect).iter().zip(figures(&expected)) {
                prop_assert!(near(*ours, expected));
            }
        }
    }

    #[test]
    fn any_floats_give_a_result_or_an_error(
        values in vec(ANY, 2..6), variances in vec(ANY, 6), level in prop_oneof![ANY, 0.0..1.0],
    ) {
        let variances: Vec<f64> = variances.iter().map(|v| v.abs()).collect();
        let _ = sign_test(&values);
        let Ok(estimates) = Estimates::new(&values, &variances[..values.len()]) else { return Ok(()) };
        for analysis in ANALYSES {
            let Ok(effect) = MetaAnalysis { level, ..analysis }.pool(&estimates) else { continue };
            prop_assert!(effect.mean.is_finite() && effect.standard_error.is_finite());
            prop_assert!((0.0..=1.0).contains(&effect.p) && (0.0..=1.0).contains(&effect.q_p));
            prop_assert!((0.0..=1.0).contains(&effect.i_squared), "{:?}", effect);
            let _ = MetaAnalysis { level, ..analysis }.leave_one_out(&estimates);
        }
        if let Ok((low, high)) = estimates.between_sd_interval(level) {
            prop_assert!(0.0 <= low && low <= high * (1.0 + 1e-9));
        }
    }

    #[test]
    fn signs_count_the_same_in_both_directions(values in vec(-1.0..1.0, 0..40)) {
        let test = sign_test(&values).unwrap();
        let turned: Vec<f64> = values.iter().map(|value| -value).collect();
        let other = sign_test(&turned).unwrap();
        prop_assert_eq!((test.positive, test.p), (other.negative, other.p));
        prop_assert!(0.0 < test.p && test.p <= 1.0);
    }
}
