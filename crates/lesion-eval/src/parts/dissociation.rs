//! The dissociation: whether the neurons of a label matter more for its own prompts than for the other
//! label's, beside a shift of both words in every prompt.

use neuron_stats::RandomisationTest;
use study_record::{Question, Range, SetChoice, SetKind, tables::DissociationRow};

use crate::{
    engine::trial::Drops,
    error::StudyError,
    parts::{
        claim::{Claim, RandomComparison},
        laboratory_part::Design,
        layer_controls::{ControlLesion, LayerControls, central_range},
        template_bootstrap::{Templates, by_prompt, mean_over},
    },
    passes::progress::{Progress, report},
};

/// The dissociations with their claims.
pub(crate) struct Dissociations {
    pub(crate) rows: Vec<DissociationRow>,
    pub(crate) claims: Vec<Claim>,
}

/// Compares the lesion of each matched set in the prompts of its own label with the same lesion in
/// those of the other label, and both with `random` sets. `progress` counts layers and labels.
///
/// # Errors
/// If the bootstrap fails, or `progress` cancels the run.
pub(crate) fn dissociations(
    design: &Design<'_>,
    controls: &[LayerControls],
    templates: &Templates,
    progress: Progress<'_>,
) -> Result<Dissociations, StudyError> {
    let mut found = Dissociations { rows: Vec::new(), claims: Vec::new() };
    for (done, layer) in controls.iter().enumerate() {
        let has_both = !layer.other_prompts.is_empty();
        if let Some(matched) = layer.matched().filter(|_| has_both) {
            let difference = layer.compare(SetKind::Random, ControlLesion::difference);
            let both = layer.compare(SetKind::Random, ControlLesion::both);
            let tests = [difference, both];
            let row = dissociate(design, layer, matched, &tests, templates)?;
            if layer.sets == SetChoice::Lesioned {
                found.claims.push(claim_dissociation(layer, &tests, &row));
            }
            found.rows.push(row);
        }
        report(progress, done + 1, controls.len())?;
    }
    Ok(found)
}

/// The claim of a row, by the tests of its difference and of the sum of both drops.
fn claim_dissociation(
    controls: &LayerControls,
    tests: &[Option<RandomisationTest>; 2],
    row: &DissociationRow,
) -> Claim {
    let [difference, both] = tests.each_ref().map(Option::as_ref);
    let comparison = difference.zip(both).map(|(difference, both)| {
        let agrees = difference.excess * both.excess > 0.0 && has_sum(row, difference.excess);
        let p = if agrees { difference.p_two_sided.max(both.p_two_sided) } else { 1.0 };
        RandomComparison::new(difference, p, f64::NAN)
    });
    Claim {
        question: Question::Dissociation,
        sets: controls.sets,
        layers: controls.layer.to_string(),
        label: controls.label.clone(),
        value: row.difference,
        interval: row.interval(),
        comparison,
        template_excess: Vec::new(),
        template_margins: Vec::new(),
    }
}

/// Whether the sum of both drops is more than a shift of the odds leaves by chance: random sets that do
/// little have small sums, but own and other prompts differ. Its interval must lie on the side of
/// `excess`; without an interval, the sum must be at least half of the drop in the own prompts.
fn has_sum(row: &DissociationRow, excess: f64) -> bool {
    let side = excess.signum();
    match row.interval_of_both() {
        Some((low, high)) => side * low > 0.0 && side * high > 0.0,
        None => side * row.both > 0.0 && row.both.abs() >= row.own_margin_drop.abs() / 2.0,
    }
}

/// Compares the lesion of a label's neurons in both labels' prompts, with the tests of the difference
/// and of the sum.
fn dissociate(
    design: &Design<'_>,
    controls: &LayerControls,
    matched: &ControlLesion,
    tests: &[Option<RandomisationTest>; 2],
    templates: &Templates,
) -> Result<DissociationRow, StudyError> {
    let own_drop = matched.mean();
    let other_drop = matched.other_mean().unwrap_or(own_drop);
    let count = design.prompts.len();
    let own_margins = margins_by_prompt(count, &controls.prompts, &matched.drops);
    let other_margins = margins_by_prompt(count, &controls.other_prompts, &matched.other_drops);
    let interval = |sign: f64| -> Result<Option<Range>, StudyError> {
        let own_templates = templates.only(|prompt| own_margins[prompt].is_some());
        let other_templates = templates.only(|prompt| other_margins[prompt].is_some());
        if !own_templates.suffice() || !other_templates.suffice() {
            return Ok(None);
        }
        let both = templates
            .only(|prompt| own_margins[prompt].is_some() || other_margins[prompt].is_some());
        both.interval(design.bootstrap(), |prompts| {
            mean_over(prompts, &own_margins) + sign * mean_over(prompts, &other_margins)
        })
    };
    let (low, high) = interval(-1.0)?.unzip();
    let (both_low, both_high) = interval(1.0)?.unzip();
    let [p_difference, p_both] =
        tests.each_ref().map(|test| test.as_ref().map(|test| test.p_two_sided));
    let random = controls.values(SetKind::Random, ControlLesion::difference);
    let (random_low, random_high) = central_range(random).unzip();
    let random_both = controls.values(SetKind::Random, ControlLesion::both);
    let (random_both_low, random_both_high) = central_range(random_both).unzip();
    Ok(DissociationRow {
        layer: controls.layer,
        neuron_set: controls.label.clone(),
        sets: controls.sets,
        neurons: matched.neurons.len(),
        own_prompts: controls.prompts.len(),
        other_prompts: controls.other_prompts.len(),
        own_logit_drop: own_drop.logit,
        other_logit_drop: other_drop.logit,
        own_margin_drop: own_drop.margin,
        other_margin_drop: other_drop.margin,
        difference: own_drop.margin - other_drop.margin,
        low,
        high,
        random_low,
        random_high,
        p_difference,
        both: own_drop.margin + other_drop.margin,
        both_low,
        both_high,
        random_both_low,
        random_both_high,
        p_both,
    })
}

fn margins_by_prompt(count: usize, prompts: &[usize], drops: &[Drops]) -> Vec<Option<f64>> {
    let margins: Vec<f64> = drops.iter().map(|drops| drops.margin).collect();
    by_prompt(count, prompts, &margins)
}
