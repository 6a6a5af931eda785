//! Crossed random effects; see `fixtures/make_meta_fixtures.R`.

#![expect(clippy::float_cmp, reason = "values without variation must be equal in every bit")]

mod common;

use common::{Normal, fixture};
use neuron_stats::{Matrix, StatsError, crossed_effects};
use proptest::{collection::vec, num::f64::ANY, prelude::*};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    table: Vec<f64>,
    templates: usize,
    models: usize,
    mean: f64,
    standard_error: f64,
    template_variance: f64,
    model_variance: f64,
    residual_variance: f64,
}

#[test]
fn components_are_those_of_lme4() {
    let cases = fixture::<Fixture>("crossed_effects.json").cases;
    assert!(cases.len() >= 20);
    let mut worst = 0.0_f64;
    for case in cases {
        let table = Matrix::new(&case.table, case.templates, case.models).unwrap();
        let effects = crossed_effects(table, 0.95).unwrap();
        let total = case.template_variance + case.model_variance + case.residual_variance;
        let errors = [
            (effects.mean - case.mean) / total.sqrt(),
            effects.standard_error / case.standard_error - 1.0,
            (effects.row_variance - case.template_variance) / total,
            (effects.column_variance - case.model_variance) / total,
            (effects.residual_variance - case.residual_variance) / total,
        ];
        let error = errors.iter().fold(0.0_f64, |largest, error| error.abs().max(largest));
        assert!(error < 1e-6, "{}: {error:e}, {effects:?}", case.name);
        worst = worst.max(error);
    }
    println!("largest error {worst:e}");
}

#[test]
fn p_is_small_exactly_if_the_interval_excludes_0() {
    for case in fixture::<Fixture>("crossed_effects.json").cases {
        let table = Matrix::new(&case.table, case.templates, case.models).unwrap();
        let p = crossed_effects(table, 0.95).unwrap().p;
        // The interval of level 1 - p ends at 0.
        let (low, high) = crossed_effects(table, 1.0 - p).unwrap().interval;
        let nearest = low.abs().min(high.abs());
        assert!(nearest < 1e-9 * (high - low), "{}: p {p}, {low} to {high}", case.name);
    }
    let constant = crossed_effects(Matrix::new(&[2.0; 6], 2, 3).unwrap(), 0.95).unwrap();
    assert_eq!(constant.p, 0.0);
    assert_eq!(crossed_effects(Matrix::new(&[0.0; 6], 2, 3).unwrap(), 0.95).unwrap().p, 1.0);
}

const SIMULATIONS: usize = 10_000;
const MEAN: f64 = 0.3;

/// A table of rows by columns with a residual standard deviation of 0.5, and the true mean of
/// another column.
fn draw(
    normal: &mut Normal,
    (rows, row_sd): (usize, f64),
    (columns, column_sd): (usize, f64),
) -> (Vec<f64>, f64) {
    let column_effects = normal.fill(columns);
    let mut table = Vec::with_capacity(rows * columns);
    for _ in 0..rows {
        let row_effect = MEAN + row_sd * normal.draw();
        for column_effect in &column_effects {
            table.push(row_effect + column_sd * column_effect + 0.5 * normal.draw());
        }
    }
    (table, MEAN + column_sd * normal.draw())
}

#[test]
fn intervals_cover_as_often_as_the_docs_say() {
    let docs = include_str!("../src/meta_analysis/crossed_effects.rs");
    let mut missing = Vec::new();
    for (rows, columns) in [(12, 3), (12, 5), (12, 10), (24, 25)] {
        for (row_sd, column_sd) in [(0.0, 0.0), (0.3, 0.0), (0.3, 0.3), (1.0, 0.3), (0.3, 1.0)] {
            let mut normal = Normal::new((rows * columns) as u64);
            let mut covered = [0_usize; 2];
            for _ in 0..SIMULATIONS {
                let (table, next) = draw(&mut normal, (rows, row_sd), (columns, column_sd));
                let table = Matrix::new(&table, rows, columns).unwrap();
                let effects = crossed_effects(table, 0.95).unwrap();
                let (low, high) = effects.interval;
                covered[0] += usize::from(low <= MEAN && MEAN <= high);
                let (low, high) = effects.next_column;
                covered[1] += usize::from(low <= next && next <= high);
            }
            let [mean, next] = covered.map(|count| 100.0 * count as f64 / SIMULATIONS as f64);
            let sizes = format!("{rows} x {columns} | {row_sd} | {column_sd}");
            let row = format!("/// | {sizes} | {mean:.1} | {next:.1} |");
            if !docs.contains(&row) {
                missing.push(row);
            }
        }
    }
    assert!(missing.is_empty(), "rows that the docs lack:\n{}", missing.join("\n"));
}

#[test]
fn a_large_table_tells_the_planted_components() {
    let (table, _) = draw(&mut Normal::new(8), (300, 0.8), (300, 0.4));
    let effects = crossed_effects(Matrix::new(&table, 300, 300).unwrap(), 0.95).unwrap();
    assert!((effects.row_variance.sqrt() - 0.8).abs() < 0.1, "{effects:?}");
    assert!((effects.column_variance.sqrt() - 0.4).abs() < 0.05, "{effects:?}");
    assert!((effects.residual_variance.sqrt() - 0.5).abs() < 0.01, "{effects:?}");
}

#[test]
fn shared_prompts_widen_the_interval_that_independent_ones_would_have() {
    // Templates differ more than models: a meta-analysis would take their shared error for none.
    let (table, _) = draw(&mut Normal::new(2), (6, 1.0), (30, 0.1));
    let effects = crossed_effects(Matrix::new(&table, 6, 30).unwrap(), 0.95).unwrap();
    assert!(effects.standard_error > (effects.column_variance / 30.0).sqrt() * 4.0);
    assert!(effects.df < 10.0, "{effects:?}");
}

#[test]
fn a_table_without_variation_has_intervals_without_width() {
    let effects = crossed_effects(Matrix::new(&[0.25; 12], 4, 3).unwrap(), 0.95).unwrap();
    assert_eq!((effects.interval, effects.next_column), ((0.25, 0.25), (0.25, 0.25)));
    assert_eq!(effects.df, f64::INFINITY);
}

#[test]
fn inputs_without_an_answer_are_errors() {
    let values = [1.0, 2.0, 4.0, 3.0];
    for (rows, columns) in [(1, 4), (4, 1)] {
        let error =
            crossed_effects(Matrix::new(&values, rows, columns).unwrap(), 0.95).unwrap_err();
        assert_eq!(error, StatsError::TooFewSamples { needed: 2, got: 1 });
    }
    let table = Matrix::new(&values, 2, 2).unwrap();
    assert_eq!(crossed_effects(table, 1.0), Err(StatsError::Level { level: 1.0 }));
    let table = Matrix::new(&[1e300, -1e300, 0.0, 1e300], 2, 2).unwrap();
    assert_eq!(crossed_effects(table, 0.95), Err(StatsError::EstimateRange));
}

/// Two sizes, and values for a table of these sizes.
fn tables() -> impl Strategy<Value = (usize, usize, Vec<f64>)> {
    (2_usize..7, 2_usize..7).prop_flat_map(|(rows, columns)| {
        (Just(rows), Just(columns), vec(-2.0..2.0, rows * columns))
    })
}

fn near(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-8 * (1.0 + left.abs())
}

proptest! {
    #[test]
    fn rows_and_columns_change_places((rows, columns, values) in tables()) {
        let mut turned = Vec::new();
        for column in 0..columns {
            turned.extend((0..rows).map(|row| values[row * columns + column]));
        }
        let effects = crossed_effects(Matrix::new(&values, rows, columns).unwrap(), 0.95).unwrap();
        let other = crossed_effects(Matrix::new(&turned, columns, rows).unwrap(), 0.95).unwrap();
        prop_assert!(near(effects.row_variance, other.column_variance));
        prop_assert!(near(effects.column_variance, other.row_variance));
        prop_assert!(near(effects.residual_variance, other.residual_variance));
        prop_assert!(near(effects.mean, other.mean));
        prop_assert!(near(effects.standard_error, other.standard_error));
        prop_assert!(effects.row_variance >= 0.0 && effects.column_variance >= 0.0);
    }

    #[test]
    fn effects_move_and_grow_with_their_unit(
        (rows, columns, values) in tables(), unit in 0.01_f64..100.0, origin in -100.0_f64..100.0,
    ) {
        let moved: Vec<f64> = values.iter().map(|value| unit * (value + origin)).collect();
        let before = crossed_effects(Matrix::new(&values, rows, columns).unwrap(), 0.95).unwrap();
        let after = crossed_effects(Matrix::new(&moved, rows, columns).unwrap(), 0.95).unwrap();
        let (low, high) = before.interval;
        prop_assert!(near(before.mean + origin, after.mean / unit));
        prop_assert!((low + origin - after.interval.0 / unit).abs() <= 1e-8 * (high - low));
        prop_assert!(near(before.row_variance, after.row_variance / (unit * unit)));
        prop_assert!(near(before.column_variance, after.column_variance / (unit * unit)));
    }

    #[test]
    fn any_floats_give_a_result_or_an_error(values in vec(ANY, 12), level in 0.0..1.0) {
        let Ok(table) = Matrix::new(&values, 3, 4) else { return Ok(()) };
        let Ok(effects) = crossed_effects(table, level) else { return Ok(()) };
        prop_assert!(effects.mean.is_finite() && effects.standard_error >= 0.0);
    }
}
