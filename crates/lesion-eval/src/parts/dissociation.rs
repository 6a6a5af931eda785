//! The double dissociation: whether the neurons of a label matter more for its own prompts than for
//! the other label's.

use neuron_stats::Bootstrap;

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    engine::trial::Drops,
    error::StudyError,
    parts::{
        controls::LayerControls,
        random_sets::SetKind,
        template_bootstrap::{Templates, by_prompt, mean_over},
    },
};

/// The effect of one label's neurons in one layer on their own prompts and on the others'.
#[derive(Clone, Debug, PartialEq)]
pub struct Dissociation {
    /// The layer.
    pub layer: usize,
    /// The label of the lesioned neurons.
    pub label: String,
    /// Number of neurons.
    pub neurons: usize,
    /// Number of prompts of the neurons' label, and of the other.
    pub prompts: [usize; 2],
    /// The mean fall of the right word in the prompts of the neurons' label, and of the other.
    pub drop: [Drops; 2],
    /// The interval of the difference of the margin drops, own − other; none with too few templates.
    pub interval: Option<(f64, f64)>,
}

impl Dissociation {
    /// The difference of the mean margin drops, own − other prompts.
    #[must_use]
    pub fn difference(&self) -> f64 {
        self.drop[0].margin - self.drop[1].margin
    }

    /// Whether the neurons matter more for their own prompts: the interval lies above 0.
    #[must_use]
    pub fn is_above_zero(&self) -> bool {
        self.interval.is_some_and(|(low, _)| low > 0.0)
    }
}

/// Whether the dissociation is double in a layer: the neurons of each label lower the margin of
/// their own prompts, and by more than that of the others', with intervals above 0.
#[must_use]
pub fn holds(dissociations: &[Dissociation], layer: usize) -> bool {
    let both: Vec<&Dissociation> =
        dissociations.iter().filter(|dissociation| dissociation.layer == layer).collect();
    both.len() == 2 && both.iter().all(|side| side.drop[0].margin > 0.0 && side.is_above_zero())
}

/// Compares the matched lesions of each label's prompts with the swapped ones of the other's: the
/// same neurons. Only layers in which both sets have the same size and both labels have prompts are
/// compared.
///
/// # Errors
/// If an interval cannot be computed.
pub fn dissociations(
    prompts: &[MaskedPrompt],
    controls: &[LayerControls],
    bootstrap: Bootstrap,
) -> Result<Vec<Dissociation>, StudyError> {
    let templates = Templates::of(prompts);
    let mut dissociations = Vec::new();
    for layer in controls.chunk_by(|a, b| a.layer == b.layer) {
        let [first, second] = layer else { continue };
        for (label, other) in [(first, second), (second, first)] {
            dissociations.extend(dissociate(prompts, &templates, label, other, bootstrap)?);
        }
    }
    Ok(dissociations)
}

/// Compares the lesions of one label's neurons in both labels' prompts. None if one of the sets is
/// missing or they differ in size.
fn dissociate(
    prompts: &[MaskedPrompt],
    templates: &Templates,
    label: &LayerControls,
    other: &LayerControls,
    bootstrap: Bootstrap,
) -> Result<Option<Dissociation>, StudyError> {
    let (Some(matched), Some(matched_other)) = (label.matched(), other.matched()) else {
        return Ok(None);
    };
    let Some(swapped) = other.lesions_of(SetKind::Swapped).next() else { return Ok(None) };
    if matched_other.neurons != matched.neurons {
        return Ok(None);
    }
    let own_margins = margins_by_prompt(prompts.len(), &label.prompts, &matched.drops);
    let other_margins = margins_by_prompt(prompts.len(), &other.prompts, &swapped.drops);
    let own_templates = templates.only(|prompt| label.prompts.contains(&prompt));
    let other_templates = templates.only(|prompt| other.prompts.contains(&prompt));
    let mut interval = None;
    if own_templates.suffice() && other_templates.suffice() {
        let both = templates
            .only(|prompt| label.prompts.contains(&prompt) || other.prompts.contains(&prompt));
        interval = both.interval(bootstrap, |prompts| {
            mean_over(prompts, &own_margins) - mean_over(prompts, &other_margins)
        })?;
    }
    Ok(Some(Dissociation {
        layer: label.layer,
        label: label.label.clone(),
        neurons: matched.neurons,
        prompts: [label.prompts.len(), other.prompts.len()],
        drop: [matched.mean(), swapped.mean()],
        interval,
    }))
}

fn margins_by_prompt(count: usize, prompts: &[usize], drops: &[Drops]) -> Vec<Option<f64>> {
    let margins: Vec<f64> = drops.iter().map(|drops| drops.margin).collect();
    by_prompt(count, prompts, &margins)
}
