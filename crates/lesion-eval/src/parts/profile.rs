//! The laminar profile: the effect of each layer's neurons by itself, and the claim about it.

use study_record::{Question, SetKind, tables::ProfileRow};

use crate::{
    engine::trial::{Drops, mean_drops},
    error::StudyError,
    parts::{
        claim::{Claim, RandomComparison, standard_error},
        laboratory_part::Design,
        layer_controls::LayerControls,
        template_bootstrap::{Templates, by_prompt, mean_over},
    },
    passes::progress::{Progress, report},
    selection::{neuron_sets::NeuronSets, select::Selection},
};

/// The profile with its claims.
pub(crate) struct Profile {
    pub(crate) rows: Vec<ProfileRow>,
    pub(crate) claims: Vec<Claim>,
}

/// The profile of the layers that were lesioned with their controls. `labelled` are all neurons that
/// carry a label. If none was lesioned, the drops are 0. `progress` counts layers and labels.
///
/// # Errors
/// If the bootstrap fails, or `progress` cancels the run.
pub(crate) fn profile(
    design: &Design<'_>,
    selection: &Selection,
    labelled: &NeuronSets,
    controls: &[LayerControls],
    templates: &Templates,
    progress: Progress<'_>,
) -> Result<Profile, StudyError> {
    let mut profile = Profile { rows: Vec::new(), claims: Vec::new() };
    for (done, layer) in controls.iter().enumerate() {
        let mut row = profile_layer(selection, labelled, layer);
        if let Some(matched) = layer.matched() {
            let margins: Vec<f64> = matched.drops.iter().map(|drops| drops.margin).collect();
            let margins = by_prompt(design.prompts.len(), &layer.prompts, &margins);
            let interval = templates
                .only(|prompt| layer.prompts.contains(&prompt))
                .interval(design.bootstrap(), |prompts| mean_over(prompts, &margins))?;
            (row.margin_low, row.margin_high) = interval.unzip();
            profile.claims.push(claim_effect(design, layer, &row, templates));
        }
        profile.rows.push(row);
        report(progress, done + 1, controls.len())?;
    }
    Ok(profile)
}

fn claim_effect(
    design: &Design<'_>,
    controls: &LayerControls,
    row: &ProfileRow,
    templates: &Templates,
) -> Claim {
    let count = design.prompts.len();
    let excess = by_prompt(count, &controls.prompts, &controls.excess_by_prompt());
    let margins = by_prompt(count, &controls.prompts, &controls.clean_margins);
    let random = controls.values(SetKind::Random, |lesion| Some(lesion.mean().margin));
    let test = controls.compare_margins(SetKind::Random);
    let comparison =
        test.zip(row.p()).map(|(test, p)| RandomComparison::new(&test, p, standard_error(&random)));
    Claim {
        question: Question::Effect,
        sets: controls.sets,
        layers: controls.layer.to_string(),
        label: controls.label.clone(),
        value: row.margin_drop,
        interval: row.interval(),
        comparison,
        template_excess: templates.means(&excess),
        template_margins: templates.means(&margins),
    }
}

fn profile_layer(
    selection: &Selection,
    labelled: &NeuronSets,
    controls: &LayerControls,
) -> ProfileRow {
    let significant = labelled.set(controls.layer, &controls.label).len();
    let no_drop = Drops { logit: 0.0, margin: 0.0 };
    let mut neurons = 0;
    let mut drop = no_drop;
    let mut size = no_drop;
    if let Some(matched) = controls.matched() {
        neurons = matched.neurons.len();
        drop = matched.mean();
        size = mean_size(&matched.drops);
    }
    let swapped = controls.mean(SetKind::Swapped);
    let least_tuned = controls.mean(SetKind::LeastTuned);
    let random = controls.ranges(SetKind::Random);
    let (random_logit_low, random_logit_high) = random.logit.unzip();
    let (random_margin_low, random_margin_high) = random.margin.unzip();
    let random_margin_sd = controls.random_margin_sd();
    let active = controls.ranges(SetKind::RandomActive);
    let (random_active_logit_low, random_active_logit_high) = active.logit.unzip();
    let (random_active_margin_low, random_active_margin_high) = active.margin.unzip();
    let displaced = controls.ranges(SetKind::RandomDisplaced).margin;
    let (random_displaced_margin_low, random_displaced_margin_high) = displaced.unzip();
    let reselected = controls.ranges(SetKind::Reselected).margin;
    let (reselected_margin_low, reselected_margin_high) = reselected.unzip();
    let p = |kind| controls.compare_margins(kind).map(|test| test.p_two_sided);
    let p_random_displaced = p(SetKind::RandomDisplaced);
    let per_displacement = controls.compare_per_displacement();
    let [activity_shared, displacement_shared] = controls.shared;
    ProfileRow {
        layer: controls.layer,
        neuron_set: controls.label.clone(),
        sets: controls.sets,
        significant,
        significant_share: significant as f64 / selection.neurons as f64,
        neurons,
        prompts: controls.prompts.len(),
        logit_drop: drop.logit,
        abs_logit_drop: size.logit,
        margin_drop: drop.margin,
        margin_low: None,
        margin_high: None,
        abs_margin_drop: size.margin,
        margin_falls: controls.falls(),
        direct_margin_drop: controls.direct_margin_drop,
        strongest_1_drop: controls.strongest_drops.map(|drops| drops[0]),
        strongest_5_drop: controls.strongest_drops.map(|drops| drops[1]),
        higher_at_masks: controls.differing_at_masks.map(|count| count.higher),
        lower_at_masks: controls.differing_at_masks.map(|count| count.lower),
        p_random: p(SetKind::Random),
        activity_ratio: controls.activity_ratio(),
        activity_shared,
        p_random_active: p(SetKind::RandomActive),
        displacement_ratio: controls.displacement_ratio(),
        displacement_shared,
        p_random_displaced,
        // Computed whenever the other comparisons beyond the first are.
        p_per_displacement: per_displacement
            .zip(p_random_displaced)
            .map(|(test, _)| test.p_two_sided),
        p_reselected: p(SetKind::Reselected),
        swapped_logit_drop: swapped.map(|drops| drops.logit),
        swapped_margin_drop: swapped.map(|drops| drops.margin),
        least_tuned_logit_drop: least_tuned.map(|drops| drops.logit),
        least_tuned_margin_drop: least_tuned.map(|drops| drops.margin),
        random_logit_low,
        random_logit_high,
        random_margin_low,
        random_margin_high,
        random_margin_sd,
        random_active_logit_low,
        random_active_logit_high,
        random_active_margin_low,
        random_active_margin_high,
        random_displaced_margin_low,
        random_displaced_margin_high,
        reselected_margin_low,
        reselected_margin_high,
    }
}

/// The mean absolute value of drops.
fn mean_size(drops: &[Drops]) -> Drops {
    let sizes: Vec<Drops> = drops
        .iter()
        .map(|drops| Drops { logit: drops.logit.abs(), margin: drops.margin.abs() })
        .collect();
    mean_drops(&sizes)
}
