//! A small version of the simulations. With so few models only a large error is noticed.

use std::path::PathBuf;

use calibrate::{Rate, Scale, Simulation, TableCell};

const LEVEL: f64 = 0.05;

fn run(simulation: Simulation, models: usize) -> Vec<Vec<TableCell>> {
    let assets = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets"));
    let tables = simulation.run(&Scale { models, seed: 1, assets }).unwrap();
    tables.into_iter().flat_map(|table| table.rows).collect()
}

/// The rates of a row.
fn rates(row: &[TableCell]) -> Vec<Rate> {
    let rates = row.iter().filter_map(|cell| match cell {
        TableCell::Rate(rate) | TableCell::ClusteredRate(rate) => Some(*rate),
        TableCell::Text(_) | TableCell::Count(_) | TableCell::Number(..) => None,
    });
    rates.collect()
}

#[test]
fn studies_of_models_that_know_nothing_find_nothing() {
    let rows = run(Simulation::FalsePositives, 10);
    assert!(!rows.is_empty());
    for row in rows {
        assert!(rates(&row)[0].is_at_most(LEVEL), "{row:?}");
    }
}

#[test]
fn p_of_random_sets_are_rarely_small() {
    let rows = run(Simulation::UniformP, 4);
    let rates: Vec<Rate> = rows.iter().flat_map(|row| rates(row)).collect();
    let hits: usize = rates.iter().map(|rate| rate.hits).sum();
    let trials: usize = rates.iter().map(|rate| rate.trials).sum();
    // The p of one set depend on each other, so the bound is twice the level.
    assert!(trials > 100 && hits as f64 <= 2.0 * LEVEL * trials as f64, "{hits} of {trials}");
}

#[test]
fn more_prompts_do_not_lower_the_smallest_p() {
    let rows = run(Simulation::Power, 10);
    let smallest = |row: &Vec<TableCell>| match row[3] {
        TableCell::Number(p, _) => p,
        _ => f64::NAN,
    };
    // The last six rows have 2 to 80 prompts.
    let by_prompts = &rows[rows.len() - 6..];
    for row in by_prompts {
        assert!((smallest(row) - 4.0 / 101.0).abs() < 1e-9 || smallest(row) > 0.04, "{row:?}");
    }
    // Rows 0 and 7 have no effect, and the largest one.
    assert!(rates(&rows[0])[0].is_at_most(LEVEL), "{:?}", rows[0]);
    assert!(rates(&rows[7])[0].share() > 0.9, "{:?}", rows[7]);
}

#[test]
fn intervals_over_models_contain_the_truth() {
    // A row has the interval, the next model, the crossed interval, and how often an effect is shown. If
    // templates are easy in all models, only the crossed interval covers the mean (docs/validity.md).
    for row in run(Simulation::ManyModels, 20) {
        let rates = rates(&row);
        let [next, crossed, shown] = [&rates[1], &rates[2], &rates[3]];
        assert!(crossed.share() > 0.8 && next.share() > 0.7, "{row:?}");
        let TableCell::Text(world) = &row[0] else { panic!("{row:?}") };
        if world.starts_with("no effect") {
            assert!(shown.is_at_most(LEVEL), "{row:?}");
        }
    }
}
