//! The summaries of a study's controls and the verdicts on its claims, computed again from the rows
//! that they summarise.

use crate::support::{Row, assert_close, number};

/// The level of verdicts.
const LEVEL: f64 = 0.05;
/// Tolerance for a number and the sum or mean of its rows.
pub(crate) const SUM_TOLERANCE: f64 = 1e-12;

/// A number, or `None` for an empty cell.
pub(crate) fn optional(row: &Row, column: &str) -> Option<f64> {
    (!row[column].is_empty()).then(|| number(row, column))
}

pub(crate) fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.into_iter().collect();
    values.iter().sum::<f64>() / values.len() as f64
}

/// The rows with these values.
pub(crate) fn rows_with<'a>(rows: &'a [Row], values: &[(&str, &str)]) -> Vec<&'a Row> {
    let has = |row: &&Row| values.iter().all(|&(column, value)| row[column] == value);
    rows.iter().filter(has).collect()
}

/// The only row with these values.
#[track_caller]
pub(crate) fn row_with<'a>(rows: &'a [Row], values: &[(&str, &str)]) -> &'a Row {
    let found = rows_with(rows, values);
    assert_eq!(found.len(), 1, "{values:?}");
    found[0]
}

#[track_caller]
fn assert_is(row: &Row, column: &str, expected: Option<f64>) {
    match (optional(row, column), expected) {
        (Some(found), Some(expected)) => {
            let tolerance = SUM_TOLERANCE * expected.abs().max(1.0);
            assert!((found - expected).abs() <= tolerance, "{column} is not {expected}: {row:?}");
        }
        (found, expected) => assert_eq!(found, expected, "{column}: {row:?}"),
    }
}

/// The standard deviation, with n − 1; none with fewer than two values.
fn sd(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let centre = mean(values.iter().copied());
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    Some((squares / (values.len() as f64 - 1.0)).sqrt())
}

/// The share of values, the first one among them, that lie at least as far from the mean of all as
/// the first one.
fn two_sided_p(value: f64, random: &[f64]) -> f64 {
    let all = || random.iter().copied().chain([value]);
    let centre = mean(all());
    let distance = (value - centre).abs() * (1.0 - 1e-12);
    let reached = all().filter(|other| (other - centre).abs() >= distance).count();
    reached as f64 / (1 + random.len()) as f64
}

/// The quantile of numpy's default method.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * (sorted.len() - 1) as f64;
    let neighbours = sorted.windows(2).enumerate();
    let found = neighbours.map(|(below, ends)| (place - below as f64, ends));
    let between = found.into_iter().find(|(beyond, _)| *beyond < 1.0);
    between
        .map_or(sorted[sorted.len() - 1], |(beyond, ends)| ends[0] + beyond * (ends[1] - ends[0]))
}

/// Checks the ends of the range that holds 95 % of values.
#[track_caller]
fn assert_range(row: &Row, columns: [&str; 2], values: &[f64]) {
    for (column, share) in columns.into_iter().zip([0.025, 0.975]) {
        let expected = if values.is_empty() { None } else { Some(quantile(values, share)) };
        assert_is(row, column, expected);
    }
}

/// Holm's step-down correction.
fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut corrected = vec![0.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, index) in order.into_iter().enumerate() {
        largest = largest.max((p.len() - rank) as f64 * p[index]).min(1.0);
        corrected[index] = largest;
    }
    corrected
}

/// The rows of `nulls.csv` of one layer, label and choice of neurons.
struct Cell<'a>(Vec<&'a Row>);

impl<'a> Cell<'a> {
    /// Those of another table's row.
    fn of(nulls: &'a [Row], row: &Row, sets: &str) -> Self {
        let values = [("layer", &*row["layer"]), ("neuron_set", &row["neuron_set"])];
        Self(rows_with(nulls, &[&values[..], &[("sets", sets)]].concat()))
    }

    fn kind(&self, kind: &str) -> Vec<&'a Row> {
        self.0.iter().filter(|row| row["kind"] == kind).copied().collect()
    }

    fn matched(&self) -> Option<&'a Row> {
        let matched = self.kind("matched");
        assert!(matched.len() <= 1);
        matched.first().copied()
    }

    fn values(&self, kind: &str, value: impl Fn(&Row) -> f64) -> Vec<f64> {
        self.kind(kind).into_iter().map(value).collect()
    }

    /// p of the matched set among the random sets of a kind; none without such sets, or if the matched
    /// set has no value.
    fn p(&self, kind: &str, value: impl Fn(&Row) -> f64) -> Option<f64> {
        let matched = value(self.matched()?);
        let random = self.values(kind, value);
        let exists = matched.is_finite() && !random.is_empty();
        let exists = exists && random.iter().all(|value| value.is_finite());
        exists.then(|| two_sided_p(matched, &random))
    }

    /// A mean property of the random sets of a kind, as a share of the matched set's.
    fn ratio(&self, kind: &str, property: &str) -> Option<f64> {
        let random = self.values(kind, |row| number(row, property));
        if random.is_empty() {
            return None;
        }
        Some(mean(random) / number(self.matched()?, property)).filter(|ratio| ratio.is_finite())
    }
}

fn margin(row: &Row) -> f64 {
    number(row, "margin_drop")
}

/// The margin drop in the other label's prompts; NaN if these were not lesioned.
fn other_margin(row: &Row) -> f64 {
    optional(row, "other_margin_drop").unwrap_or(f64::NAN)
}

fn difference(row: &Row) -> f64 {
    margin(row) - other_margin(row)
}

fn sum(row: &Row) -> f64 {
    margin(row) + other_margin(row)
}

/// Whether sets of a row of `profile.csv` are alike: as active, or as displacing, and other neurons.
fn are_alike(profile: &Row, property: &str) -> bool {
    let ratio = optional(profile, &format!("{property}_ratio"));
    let shared = optional(profile, &format!("{property}_shared"));
    ratio.is_some_and(|ratio| (ratio - 1.0).abs() <= 0.1) && shared.is_some_and(|s| s <= 0.5)
}

/// The largest p of the comparisons that count.
fn p_of_effect(profile: &Row) -> Option<f64> {
    let mut p = vec![optional(profile, "p_random")?];
    if are_alike(profile, "activity") {
        p.extend(optional(profile, "p_random_active"));
    }
    let displaced = if are_alike(profile, "displacement") {
        "p_random_displaced"
    } else {
        "p_per_displacement"
    };
    // A set that displaces nothing has no drop per displacement, and shows none.
    if optional(profile, "p_random_displaced").is_some() {
        p.push(optional(profile, displaced).unwrap_or(1.0));
    }
    p.into_iter().reduce(f64::max)
}

/// The controls that a study asks for.
#[derive(Clone, Copy)]
pub(crate) struct Controls {
    /// Random sets of each kind.
    pub(crate) random_sets: usize,
    /// Whether every kind is lesioned everywhere.
    pub(crate) every_kind: bool,
    /// Whether the neurons were selected rather than given in a file.
    pub(crate) is_selected: bool,
}

impl Controls {
    /// So many random sets, and everything else by default.
    pub(crate) fn new(random_sets: usize) -> Self {
        Self { random_sets, every_kind: false, is_selected: true }
    }

    /// The same with every kind of random set.
    pub(crate) fn of_every_kind(random_sets: usize) -> Self {
        Self { every_kind: true, ..Self::new(random_sets) }
    }
}

/// Checks `profile.csv`, `dissociation.csv` and `verdicts.csv` against the rows that they summarise.
/// `rows` reads a table.
pub(crate) fn assert_summaries_follow_from_rows(
    controls: Controls,
    rows: impl Fn(&str) -> Vec<Row>,
) {
    let nulls = rows("nulls.csv");
    let profile = rows("profile.csv");
    let dissociation = rows("dissociation.csv");
    let verdicts = rows("verdicts.csv");
    let mut p = Vec::new();
    for row in &profile {
        let cell = Cell::of(&nulls, row, &row["sets"]);
        assert_sets_are_complete(row, &cell, controls);
        assert_profile_follows(row, &cell, &rows("prompt_controls.csv"));
        let claim = claim(&verdicts, "effect", &row["sets"], row);
        let Some(claim) = claim else {
            assert_eq!(row["neurons"], "0");
            continue;
        };
        assert_is(claim, "value", optional(row, "margin_drop"));
        for (column, expected) in [("low", "margin_low"), ("high", "margin_high")] {
            assert_eq!(claim[column], row[expected]);
        }
        assert_random_values(claim, &cell.values("random", margin));
        p.push((claim, p_of_effect(row)));
    }
    for row in &dissociation {
        let cell = Cell::of(&nulls, row, &row["sets"]);
        assert_dissociation_follows(row, &cell);
        let claim = claim(&verdicts, "dissociation", &row["sets"], row);
        assert_eq!(claim.is_some(), row["sets"] == "lesioned");
        let Some(claim) = claim else { continue };
        assert_is(claim, "value", optional(row, "difference"));
        for column in ["low", "high"] {
            assert_eq!(claim[column], row[column]);
        }
        assert_random_values(claim, &cell.values("random", difference));
        p.push((claim, p_of_dissociation(row, &cell)));
    }
    for claim in rows_with(&verdicts, &[("question", "synergy")]) {
        let values = [("layers", &*claim["layers"]), ("neuron_set", &claim["neuron_set"])];
        let joint = rows("joint.csv");
        let row = row_with(&joint, &values);
        for (column, expected) in [
            ("value", "synergy"),
            ("low", "synergy_low"),
            ("high", "synergy_high"),
            ("random_low", "random_low"),
            ("random_high", "random_high"),
        ] {
            assert_eq!(claim[column], row[expected]);
        }
        p.push((claim, optional(row, "p_synergy")));
    }
    assert_eq!(p.len(), verdicts.len());
    assert_verdicts_follow(&p, controls.random_sets);
}

/// The claim about a row of another table.
fn claim<'a>(verdicts: &'a [Row], question: &str, sets: &str, row: &Row) -> Option<&'a Row> {
    let values = [
        ("question", question),
        ("sets", sets),
        ("layers", &row["layer"]),
        ("neuron_set", &row["neuron_set"]),
    ];
    let found = rows_with(verdicts, &values);
    assert!(found.len() <= 1, "{values:?}");
    found.first().copied()
}

/// Checks which sets were lesioned, and their sizes.
fn assert_sets_are_complete(row: &Row, cell: &Cell<'_>, controls: Controls) {
    let Some(matched) = cell.matched() else {
        assert!(cell.0.is_empty() && row["neurons"] == "0", "{row:?}");
        return;
    };
    assert_eq!(matched["neurons"], row["neurons"]);
    let is_beyond_first = controls.every_kind || number(row, "p_random") <= LEVEL;
    for kind in ["random", "random-active", "random-displaced", "reselected"] {
        let sets = cell.kind(kind);
        let is_run = match kind {
            "random" => true,
            "reselected" => is_beyond_first && controls.is_selected && row["sets"] == "lesioned",
            _ => is_beyond_first,
        };
        let expected = if is_run { controls.random_sets } else { 0 };
        assert_eq!(sets.len(), expected, "{kind}: {row:?}");
        for (draw, set) in sets.into_iter().enumerate() {
            assert_eq!((&*set["draw"], &set["neurons"]), (&*draw.to_string(), &matched["neurons"]));
        }
    }
    for column in ["strongest_1_drop", "strongest_5_drop"] {
        assert_eq!(!row[column].is_empty(), is_beyond_first, "{column}: {row:?}");
    }
    for lesion in &cell.0 {
        let is_lesioned_there = lesion["kind"] == "matched"
            || (lesion["kind"] == "random" && row["sets"] == "lesioned");
        let has_other = is_lesioned_there && !matched["other_margin_drop"].is_empty();
        assert_eq!(!lesion["other_margin_drop"].is_empty(), has_other, "{lesion:?}");
    }
}

fn assert_profile_follows(row: &Row, cell: &Cell<'_>, prompt_controls: &[Row]) {
    let prompts = Cell::of(prompt_controls, row, &row["sets"]).0;
    let Some(matched) = cell.matched() else {
        assert!(prompts.is_empty());
        assert_eq!((number(row, "margin_drop"), number(row, "logit_drop")), (0.0, 0.0));
        assert_eq!((&*row["p_random"], &*row["direct_margin_drop"]), ("", ""));
        return;
    };
    assert_eq!(prompts.len().to_string(), row["prompts"]);
    for drop in ["logit_drop", "margin_drop"] {
        let drops: Vec<f64> = prompts.iter().map(|row| number(row, drop)).collect();
        assert_is(row, drop, Some(mean(drops.clone())));
        assert_is(matched, drop, Some(mean(drops.clone())));
        assert_is(row, &format!("abs_{drop}"), Some(mean(drops.iter().map(|drop| drop.abs()))));
    }
    let falls = prompts.iter().filter(|row| margin(row) > 0.0).count();
    assert_eq!(row["margin_falls"], falls.to_string());
    let random = cell.values("random", margin);
    if !random.is_empty() {
        let means = prompts.iter().map(|row| number(row, "random_margin_mean"));
        assert_close(mean(means), mean(random.iter().copied()), SUM_TOLERANCE);
    }
    assert_is(row, "random_margin_sd", sd(&random));
    assert_is(row, "p_random", cell.p("random", margin));
    assert_is(row, "p_random_active", cell.p("random-active", margin));
    assert_is(row, "p_random_displaced", cell.p("random-displaced", margin));
    assert_is(row, "p_reselected", cell.p("reselected", margin));
    let per_displacement = cell.p("random", |row| margin(row) / number(row, "displacement"));
    let is_compared = !cell.kind("random-displaced").is_empty();
    assert_is(row, "p_per_displacement", per_displacement.filter(|_| is_compared));
    assert_is(row, "activity_ratio", cell.ratio("random-active", "activity"));
    assert_is(row, "displacement_ratio", cell.ratio("random-displaced", "displacement"));
    for (kind, column) in [("swapped", "swapped"), ("least-tuned", "least_tuned")] {
        for drop in ["logit_drop", "margin_drop"] {
            let expected = cell.kind(kind).first().map(|row| number(row, drop));
            assert_is(row, &format!("{column}_{drop}"), expected);
        }
    }
    for (kind, column, drop) in [
        ("random", "random_logit", "logit_drop"),
        ("random", "random_margin", "margin_drop"),
        ("random-active", "random_active_logit", "logit_drop"),
        ("random-active", "random_active_margin", "margin_drop"),
        ("random-displaced", "random_displaced_margin", "margin_drop"),
        ("reselected", "reselected_margin", "margin_drop"),
    ] {
        let ends = [format!("{column}_low"), format!("{column}_high")];
        let values = cell.values(kind, |row| number(row, drop));
        assert_range(row, ends.each_ref().map(|end| &**end), &values);
    }
}

fn assert_dissociation_follows(row: &Row, cell: &Cell<'_>) {
    let matched = cell.matched().unwrap();
    assert_eq!(matched["neurons"], row["neurons"]);
    for drop in ["logit_drop", "margin_drop"] {
        assert_is(row, &format!("own_{drop}"), optional(matched, drop));
        assert_is(row, &format!("other_{drop}"), optional(matched, &format!("other_{drop}")));
    }
    assert_is(row, "difference", Some(difference(matched)));
    assert_is(row, "both", Some(sum(matched)));
    assert_is(row, "p_difference", cell.p("random", difference));
    assert_is(row, "p_both", cell.p("random", sum));
    // Random sets are lesioned in the other label's prompts for the study's own sets only.
    let [differences, sums] = if row["sets"] == "lesioned" {
        [cell.values("random", difference), cell.values("random", sum)]
    } else {
        [Vec::new(), Vec::new()]
    };
    assert_range(row, ["random_low", "random_high"], &differences);
    assert_range(row, ["random_both_low", "random_both_high"], &sums);
}

/// The larger p of difference and sum, if both lie on the same side of random sets and the sum is clear
/// of 0 on this side: by its interval or, without one, by half of the drop in the own prompts.
fn p_of_dissociation(row: &Row, cell: &Cell<'_>) -> Option<f64> {
    let p = optional(row, "p_difference")?.max(optional(row, "p_both")?);
    let matched = cell.matched()?;
    let excess_of_difference = difference(matched) - mean(cell.values("random", difference));
    let excess_of_sum = sum(matched) - mean(cell.values("random", sum));
    let side = excess_of_difference.signum();
    let has_sum = match (optional(row, "both_low"), optional(row, "both_high")) {
        (Some(low), Some(high)) => side * low > 0.0 && side * high > 0.0,
        _ => {
            side * sum(matched) >= f64::MIN_POSITIVE.max(number(row, "own_margin_drop").abs() / 2.0)
        }
    };
    Some(if excess_of_difference * excess_of_sum > 0.0 && has_sum { p } else { 1.0 })
}

fn assert_random_values(claim: &Row, random: &[f64]) {
    assert_range(claim, ["random_low", "random_high"], random);
    let excess = if random.is_empty() {
        None
    } else {
        Some(number(claim, "value") - mean(random.iter().copied()))
    };
    assert_is(claim, "excess", excess);
}

/// Checks each claim, given its p.
fn assert_verdicts_follow(claims: &[(&Row, Option<f64>)], random_sets: usize) {
    let tested: Vec<f64> = claims.iter().filter_map(|(_, p)| *p).collect();
    let smallest_p = 1.0 / (1 + random_sets) as f64;
    let mut corrected = holm(&tested).into_iter();
    for &(claim, p) in claims {
        assert_is(claim, "p", p);
        let Some(p) = p else {
            for column in ["p_corrected", "at_floor", "equivalence", "p_no_effect", "excess"] {
                assert_eq!(claim[column], "", "{column}: {claim:?}");
            }
            assert_eq!(claim["verdict"], "no-controls");
            continue;
        };
        assert_eq!(claim["at_floor"], (p < 1.1 * smallest_p).to_string());
        let corrected = corrected.next().unwrap();
        assert_is(claim, "p_corrected", Some(corrected));
        let is_absent = optional(claim, "p_no_effect").is_some_and(|p| p <= LEVEL);
        let expected = if corrected <= LEVEL && number(claim, "excess") > 0.0 {
            "larger"
        } else if corrected <= LEVEL {
            "smaller"
        } else if is_absent {
            "no-effect"
        } else if tested.len() as f64 * smallest_p > LEVEL {
            "too-few-sets"
        } else {
            "undecided"
        };
        assert_eq!(claim["verdict"], expected, "{claim:?}");
    }
    assert_close(corrected.count() as f64, 0.0, 0.0);
}
