//! The laminar profile: the effect of each layer's neurons by itself, and the verdict on it.

use study_record::{Evidence, SetKind, Verdict, smallest_p, tables::ProfileRow};

use crate::{
    engine::trial::{Drops, mean_drops},
    parts::layer_controls::{LayerControls, corrected_p},
    selection::{neuron_sets::NeuronSets, select::Selection},
};

/// The profile of the layers that were lesioned with their controls. `labelled` are all neurons that
/// carry a label. If none was lesioned, the drops are 0.
pub(crate) fn profile(
    selection: &Selection,
    labelled: &NeuronSets,
    controls: &[LayerControls],
    random_sets: usize,
) -> Vec<ProfileRow> {
    let corrected = corrected_p(controls);
    let tested = corrected.iter().flatten().count();
    let smallest_p = smallest_p(tested, random_sets);
    let mut rows = Vec::with_capacity(controls.len());
    for (controls, p_corrected) in controls.iter().zip(corrected) {
        let mut row = profile_layer(selection, labelled, controls);
        row.p_corrected = p_corrected;
        row.verdict = judge(&row, smallest_p);
        rows.push(row);
    }
    rows
}

fn judge(row: &ProfileRow, smallest_p: f64) -> Verdict {
    Verdict::on(&Evidence {
        margin_drop: row.margin_drop,
        p_corrected: row.p_corrected,
        smallest_p,
        random: [row.random().margin, row.as_active().margin],
    })
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
        neurons = matched.neurons;
        drop = matched.mean();
        size = mean_size(&matched.drops);
    }
    let swapped = controls.mean(SetKind::Swapped);
    let least_tuned = controls.mean(SetKind::LeastTuned);
    let random = controls.ranges(SetKind::Random);
    let (random_logit_low, random_logit_high) = random.logit.unzip();
    let (random_margin_low, random_margin_high) = random.margin.unzip();
    let active = controls.ranges(SetKind::RandomActive);
    let (random_active_logit_low, random_active_logit_high) = active.logit.unzip();
    let (random_active_margin_low, random_active_margin_high) = active.margin.unzip();
    ProfileRow {
        layer: controls.layer,
        neuron_set: controls.label.clone(),
        significant,
        significant_share: significant as f64 / selection.neurons as f64,
        neurons,
        prompts: controls.prompts.len(),
        logit_drop: drop.logit,
        abs_logit_drop: size.logit,
        margin_drop: drop.margin,
        abs_margin_drop: size.margin,
        margin_falls: controls.falls(),
        p_random: controls.p(SetKind::Random),
        activity_ratio: controls.activity_ratio(),
        p_random_active: controls.p(SetKind::RandomActive),
        p_corrected: None,
        verdict: Verdict::NoControls,
        swapped_logit_drop: swapped.map(|drops| drops.logit),
        swapped_margin_drop: swapped.map(|drops| drops.margin),
        least_tuned_logit_drop: least_tuned.map(|drops| drops.logit),
        least_tuned_margin_drop: least_tuned.map(|drops| drops.margin),
        random_logit_low,
        random_logit_high,
        random_margin_low,
        random_margin_high,
        random_active_logit_low,
        random_active_logit_high,
        random_active_margin_low,
        random_active_margin_high,
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
