//! The laminar profile: the effect of each layer's neurons by itself.

use crate::{
    engine::trial::Drops,
    parts::{
        controls::{LayerControls, corrected_p},
        random_sets::SetKind,
    },
    selection::{neuron_sets::NeuronSets, select::Selection},
};

/// One layer's neurons of one label, in the prompts of that label.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerProfile {
    /// The layer.
    pub layer: usize,
    /// The label.
    pub label: String,
    /// Number of neurons of the layer that carry the label.
    pub significant: usize,
    /// Their share of the layer.
    pub share: f64,
    /// Number of these that were lesioned.
    pub neurons: usize,
    /// Number of prompts.
    pub prompts: usize,
    /// The mean fall of the right word under the matched lesion.
    pub drop: Drops,
    /// The mean absolute value of that fall.
    pub size: Drops,
    /// Number of prompts in which the margin fell.
    pub falls: usize,
    /// p by random sets of the same size.
    pub p_random: Option<f64>,
    /// Mean activity of the activity-matched sets, relative to the matched set.
    pub activity_ratio: Option<f64>,
    /// Whether this ratio is near 1.
    pub has_alikes: bool,
    /// p by random sets of the same, or the nearest, activity.
    pub p_random_active: Option<f64>,
    /// The larger p of both, corrected over layers and labels.
    pub p_corrected: Option<f64>,
}

/// The profile of the layers that were lesioned with their controls. `labelled` are all neurons that
/// carry a label. If none was lesioned, the drops are 0.
#[must_use]
pub fn profile(
    selection: &Selection,
    labelled: &NeuronSets,
    controls: &[LayerControls],
) -> Vec<LayerProfile> {
    let corrected = corrected_p(controls);
    let mut profiles = Vec::with_capacity(controls.len());
    for (layer, p_corrected) in controls.iter().zip(corrected) {
        profiles.push(profile_layer(selection, labelled, layer, p_corrected));
    }
    profiles
}

fn profile_layer(
    selection: &Selection,
    labelled: &NeuronSets,
    controls: &LayerControls,
    p_corrected: Option<f64>,
) -> LayerProfile {
    let significant = labelled.set(controls.layer, &controls.label).len();
    let (mut neurons, mut drop, mut size) = (0, Drops::NONE, Drops::NONE);
    if let Some(matched) = controls.matched() {
        neurons = matched.neurons;
        drop = matched.mean();
        size = mean_size(&matched.drops);
    }
    LayerProfile {
        layer: controls.layer,
        label: controls.label.clone(),
        significant,
        share: significant as f64 / selection.neurons as f64,
        neurons,
        prompts: controls.prompts.len(),
        drop,
        size,
        falls: controls.falls(),
        p_random: controls.p(SetKind::Random),
        activity_ratio: controls.activity_ratio(),
        has_alikes: controls.has_alikes(),
        p_random_active: controls.p(SetKind::RandomActive),
        p_corrected,
    }
}

/// The mean absolute value of drops.
fn mean_size(drops: &[Drops]) -> Drops {
    let sizes: Vec<Drops> = drops
        .iter()
        .map(|drops| Drops { logit: drops.logit.abs(), margin: drops.margin.abs() })
        .collect();
    Drops::mean(&sizes)
}
