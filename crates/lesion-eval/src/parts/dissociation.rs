//! The double dissociation: whether the neurons of a label matter more for its own prompts than for
//! the other label's.

use neuron_stats::Bootstrap;
use study_record::{SetKind, tables::DissociationRow};

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    engine::trial::Drops,
    error::StudyError,
    parts::{
        layer_controls::LayerControls,
        template_bootstrap::{Templates, by_prompt, mean_over},
    },
    passes::progress::{Progress, report},
};

/// Compares the matched lesions of each label's prompts with the swapped ones of the other's: the
/// same neurons. Only layers in which both sets have the same size and both labels have prompts are
/// compared. `progress` counts layers and labels.
pub(crate) fn dissociations(
    prompts: &[MaskedPrompt],
    controls: &[LayerControls],
    bootstrap: Bootstrap,
    progress: Progress<'_>,
) -> Result<Vec<DissociationRow>, StudyError> {
    let templates = Templates::of(prompts);
    let mut rows: Vec<DissociationRow> = Vec::new();
    let mut done = 0;
    let all = controls.len();
    for layer in controls.chunk_by(|a, b| a.layer == b.layer) {
        let [first, second] = layer else { continue };
        let mut both = Vec::new();
        for (controls, other) in [(first, second), (second, first)] {
            both.extend(dissociate(prompts, &templates, controls, other, bootstrap)?);
            done += 1;
            report(progress, done, all)?;
        }
        let double = both.len() == 2 && both.iter().all(is_dissociated);
        for row in &mut both {
            row.double = double;
        }
        rows.append(&mut both);
    }
    Ok(rows)
}

/// Whether the neurons lower the margin of their own prompts, and by more than that of the others',
/// with an interval above 0.
fn is_dissociated(row: &DissociationRow) -> bool {
    row.own_margin_drop > 0.0 && row.low.is_some_and(|low| low > 0.0)
}

/// Compares the lesions of one label's neurons in both labels' prompts. None if one of the sets is
/// missing or they differ in size.
fn dissociate(
    prompts: &[MaskedPrompt],
    templates: &Templates,
    controls: &LayerControls,
    other: &LayerControls,
    bootstrap: Bootstrap,
) -> Result<Option<DissociationRow>, StudyError> {
    let (Some(matched), Some(matched_other)) = (controls.matched(), other.matched()) else {
        return Ok(None);
    };
    let Some(swapped) = other.lesions_of(SetKind::Swapped).next() else { return Ok(None) };
    if matched_other.neurons != matched.neurons {
        return Ok(None);
    }
    let own_margins = margins_by_prompt(prompts.len(), &controls.prompts, &matched.drops);
    let other_margins = margins_by_prompt(prompts.len(), &other.prompts, &swapped.drops);
    let own_templates = templates.only(|prompt| controls.prompts.contains(&prompt));
    let other_templates = templates.only(|prompt| other.prompts.contains(&prompt));
    let mut interval = None;
    if own_templates.suffice() && other_templates.suffice() {
        let both = templates
            .only(|prompt| controls.prompts.contains(&prompt) || other.prompts.contains(&prompt));
        interval = both.interval(bootstrap, |prompts| {
            mean_over(prompts, &own_margins) - mean_over(prompts, &other_margins)
        })?;
    }
    let (low, high) = interval.unzip();
    let matched_mean = matched.mean();
    let swapped_mean = swapped.mean();
    Ok(Some(DissociationRow {
        layer: controls.layer,
        neuron_set: controls.label.clone(),
        neurons: matched.neurons,
        own_prompts: controls.prompts.len(),
        other_prompts: other.prompts.len(),
        own_logit_drop: matched_mean.logit,
        other_logit_drop: swapped_mean.logit,
        own_margin_drop: matched_mean.margin,
        other_margin_drop: swapped_mean.margin,
        difference: matched_mean.margin - swapped_mean.margin,
        low,
        high,
        double: false,
    }))
}

fn margins_by_prompt(count: usize, prompts: &[usize], drops: &[Drops]) -> Vec<Option<f64>> {
    let margins: Vec<f64> = drops.iter().map(|drops| drops.margin).collect();
    by_prompt(count, prompts, &margins)
}
