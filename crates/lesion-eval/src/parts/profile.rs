//! The laminar profile: what each layer's neurons do, by itself.

use crate::{
    engine::trial::Drops,
    parts::{
        controls::{ControlLesion, Controlled, corrected_p},
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
    /// How many neurons of the layer carry the label.
    pub significant: usize,
    /// Their share of the layer.
    pub share: f64,
    /// How many of them were lesioned.
    pub neurons: usize,
    /// Number of prompts.
    pub prompts: usize,
    /// The mean fall of the right word under the matched lesion.
    pub drop: Drops,
    /// The mean of its size.
    pub size: Drops,
    /// In how many prompts the margin fell.
    pub falls: usize,
    /// p by random sets of the same size.
    pub p_random: Option<f64>,
    /// How active the random sets that should be as active are, relative to the matched one.
    pub activity_ratio: Option<f64>,
    /// Whether that is near enough to 1.
    pub has_alikes: bool,
    /// p by random sets that are about as active, or the nearest to it that there are.
    pub p_random_active: Option<f64>,
    /// The larger of both, corrected over layers and labels.
    pub p_corrected: Option<f64>,
}

/// The profile of the layers that were lesioned with their controls; `labelled` are all neurons that
/// carry a label. Where no neuron was, the
/// drops are 0.
#[must_use]
pub fn profile(
    selection: &Selection,
    labelled: &NeuronSets,
    controlled: &[Controlled],
) -> Vec<LayerProfile> {
    let corrected = corrected_p(controlled);
    let profiles = controlled.iter().zip(corrected).map(|(of, p_corrected)| {
        let significant = labelled.set(of.layer, &of.label).len();
        let matched = of.of(SetKind::Matched).next();
        let size = |drops: &Drops| Drops { logit: drops.logit.abs(), margin: drops.margin.abs() };
        let sizes: Vec<Drops> = matched.iter().flat_map(|of| &of.drops).map(size).collect();
        let none = Drops { logit: 0.0, margin: 0.0 };
        LayerProfile {
            layer: of.layer,
            label: of.label.clone(),
            significant,
            share: significant as f64 / selection.neurons as f64,
            neurons: matched.map_or(0, |lesion| lesion.neurons),
            prompts: of.prompts.len(),
            drop: matched.map_or(none, ControlLesion::mean),
            size: if sizes.is_empty() { none } else { Drops::mean(&sizes) },
            falls: of.falls(),
            p_random: of.p(SetKind::Random),
            activity_ratio: of.activity_ratio(),
            has_alikes: of.has_alikes(),
            p_random_active: of.p(SetKind::RandomActive),
            p_corrected,
        }
    });
    profiles.collect()
}
