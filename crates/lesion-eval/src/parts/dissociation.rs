//! The double dissociation: do the neurons of a label matter for its own prompts, and less for the
//! other label's?

use neuron_stats::Bootstrap;

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    engine::trial::Drops,
    error::StudyError,
    parts::{
        controls::Controlled,
        random_sets::SetKind,
        template_bootstrap::{Templates, by_prompt, mean_over},
    },
};

/// What the neurons of one label in one layer do to their own prompts and to the others'.
#[derive(Clone, Debug, PartialEq)]
pub struct Dissociation {
    /// The layer.
    pub layer: usize,
    /// The label of the lesioned neurons.
    pub label: String,
    /// How many neurons.
    pub neurons: usize,
    /// Prompts of the neurons' label, and of the other.
    pub prompts: [usize; 2],
    /// The mean fall of the right word in these, and in those.
    pub drop: [Drops; 2],
    /// The interval of the difference of the margin drops, own − other; none where there are too
    /// few templates.
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
/// their own prompts, and by more than that of the others', whose intervals lie above 0.
#[must_use]
pub fn holds(dissociations: &[Dissociation], layer: usize) -> bool {
    let of_layer: Vec<_> = dissociations.iter().filter(|of| of.layer == layer).collect();
    let falls = |of: &&Dissociation| of.drop[0].margin > 0.0 && of.is_above_zero();
    of_layer.len() == 2 && of_layer.iter().all(falls)
}

/// Compares the matched lesions of each label's prompts with the swapped ones of the other's: the
/// same neurons. Only layers in which both sets have the same size, and both labels have prompts.
///
/// # Errors
/// Where the interval cannot be found.
pub fn dissociations(
    prompts: &[MaskedPrompt],
    controlled: &[Controlled],
    bootstrap: Bootstrap,
) -> Result<Vec<Dissociation>, StudyError> {
    let templates = Templates::of(prompts);
    let mut found = Vec::new();
    for pair in controlled.chunk_by(|a, b| a.layer == b.layer) {
        let [first, second] = pair else { continue };
        for (own, other) in [(first, second), (second, first)] {
            let matched = own.of(SetKind::Matched).next();
            let swapped = other.of(SetKind::Swapped).next();
            let (Some(matched), Some(swapped)) = (matched, swapped) else { continue };
            if other.of(SetKind::Matched).next().is_none_or(|of| of.neurons != matched.neurons) {
                continue;
            }
            let margins = |of: &Controlled, drops: &[Drops]| {
                let margins: Vec<f64> = drops.iter().map(|drops| drops.margin).collect();
                by_prompt(prompts.len(), &of.prompts, &margins)
            };
            let (in_own, in_other) = (margins(own, &matched.drops), margins(other, &swapped.drops));
            let difference =
                |drawn: &[usize]| mean_over(drawn, &in_own) - mean_over(drawn, &in_other);
            let of = |label: &Controlled| templates.only(|prompt| label.prompts.contains(&prompt));
            let both = templates
                .only(|prompt| own.prompts.contains(&prompt) || other.prompts.contains(&prompt));
            let enough = of(own).suffice() && of(other).suffice();
            found.push(Dissociation {
                layer: own.layer,
                label: own.label.clone(),
                neurons: matched.neurons,
                prompts: [own.prompts.len(), other.prompts.len()],
                drop: [matched.mean(), swapped.mean()],
                interval: if enough { both.interval(bootstrap, difference)? } else { None },
            });
        }
    }
    Ok(found)
}
