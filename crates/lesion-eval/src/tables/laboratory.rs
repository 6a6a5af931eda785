//! What the lesions of the laboratory did. Drops are means over the prompts of a label, unless a
//! row is of one prompt.

use serde::Serialize;

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    parts::{
        causal::NeuronEffects,
        controls::LayerControls,
        dissociation::{Dissociation, holds},
        dose::Dose,
        dynamic::Dynamic,
        joint::{Joint, LayerPattern},
        profile::LayerProfile,
    },
};

/// A row of `nulls.csv`: one lesion of a controlled comparison in one prompt.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NullRow<'a> {
    /// The lesioned layer.
    pub layer: usize,
    /// Index of the prompt's template.
    pub prompt: usize,
    /// Position of the mask.
    pub position: usize,
    /// The right word.
    pub target: &'a str,
    /// The label of the matched set.
    pub neuron_set: &'a str,
    /// `matched`, `swapped`, `least-tuned`, `random` or `random-active`.
    pub kind: String,
    /// Which draw of a random kind it is.
    pub draw: usize,
    /// How many neurons were lesioned.
    pub neurons: usize,
    /// How active they are at the masks: root mean square over the neurons.
    pub activity: f64,
    /// The fall of the right word's logit.
    pub logit_drop: f64,
    /// The fall of the right word's margin.
    pub margin_drop: f64,
}

/// A row of `profile.csv`: one layer's neurons of one label.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ProfileRow<'a> {
    /// The layer.
    pub layer: usize,
    /// The label of the neurons and of the prompts.
    pub neuron_set: &'a str,
    /// Neurons that carry the label.
    pub significant: usize,
    /// Their share of the layer.
    pub significant_share: f64,
    /// How many of them were lesioned.
    pub neurons: usize,
    /// Number of prompts.
    pub prompts: usize,
    /// The mean fall of the right word's logit.
    pub logit_drop: f64,
    /// The mean size of that fall or rise.
    pub abs_logit_drop: f64,
    /// The mean fall of the right word's margin.
    pub margin_drop: f64,
    /// The mean size of that fall or rise.
    pub abs_margin_drop: f64,
    /// In how many prompts the margin fell.
    pub margin_falls: usize,
    /// p of the margin drop among random sets.
    pub p_random: Option<f64>,
    /// How active the random sets that should be are, relative to the matched one.
    pub activity_ratio: Option<f64>,
    /// p among these.
    pub p_random_active: Option<f64>,
    /// The larger of both, corrected over layers and labels by Holm.
    pub p_corrected: Option<f64>,
}

/// A row of `joint.csv`: several layers lesioned together.
#[derive(Clone, Debug, Default, Serialize)]
pub struct JointRow<'a> {
    /// `single`, `up`, `down` or `given`.
    pub pattern: String,
    /// The layers, with spaces between.
    pub layers: String,
    /// The label of the neurons and of the prompts.
    pub neuron_set: &'a str,
    /// Neurons in all layers together.
    pub neurons: usize,
    /// Number of prompts.
    pub prompts: usize,
    /// The mean fall of the right word's logit.
    pub logit_drop: f64,
    /// The mean fall of its margin.
    pub margin_drop: f64,
    /// The mean sum of the margin drops of each layer's lesion by itself.
    pub sum_of_single: f64,
    /// `margin_drop - sum_of_single`.
    pub synergy: f64,
    /// The lower end of its interval.
    pub synergy_low: Option<f64>,
    /// The upper end.
    pub synergy_high: Option<f64>,
    /// The mean probability of the right word in the plain pass.
    pub prob_clean: f64,
    /// The mean probability in the lesioned pass.
    pub prob_lesioned: f64,
}

/// A row of `dose.csv`: one set of one size.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DoseRow<'a> {
    /// The layer.
    pub layer: usize,
    /// The label of the prompts.
    pub neuron_set: &'a str,
    /// `matched`, `swapped` or `random`.
    pub kind: String,
    /// Which draw of a random kind it is.
    pub draw: usize,
    /// How many neurons were lesioned.
    pub neurons: usize,
    /// Number of prompts.
    pub prompts: usize,
    /// The mean fall of the right word's logit.
    pub logit_drop: f64,
    /// The mean fall of its margin.
    pub margin_drop: f64,
}

/// A row of `dissociation.csv`: one label's neurons in both labels' prompts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DissociationRow<'a> {
    /// The layer.
    pub layer: usize,
    /// The label of the lesioned neurons.
    pub neuron_set: &'a str,
    /// How many neurons.
    pub neurons: usize,
    /// Prompts of their label.
    pub own_prompts: usize,
    /// Prompts of the other label.
    pub other_prompts: usize,
    /// The mean fall of the right word's logit in their own prompts.
    pub own_logit_drop: f64,
    /// The same in the other prompts.
    pub other_logit_drop: f64,
    /// The mean fall of the right word's margin in their own prompts.
    pub own_margin_drop: f64,
    /// The same in the other prompts.
    pub other_margin_drop: f64,
    /// `own_margin_drop - other_margin_drop`.
    pub difference: f64,
    /// The lower end of its interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// Whether both labels' intervals in this layer lie above 0.
    pub double: bool,
}

/// A row of `neurons_causal.csv`: one neuron lesioned by itself in one prompt.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CausalRow<'a> {
    /// The layer.
    pub layer: usize,
    /// The neuron.
    pub neuron: usize,
    /// Its label.
    pub label: &'a str,
    /// Its t.
    pub t: f64,
    /// Its effect size.
    pub effect: f64,
    /// Index of the prompt's template.
    pub prompt: usize,
    /// Position of the mask.
    pub position: usize,
    /// The right word.
    pub target: &'a str,
    /// The fall of the right word's logit.
    pub logit_drop: f64,
    /// The fall of its margin.
    pub margin_drop: f64,
    /// `exact` or `linearised`; this and the following are empty unless lesions are zero at the
    /// mask.
    pub direct: Option<&'static str>,
    /// The part of the logit drop that is direct.
    pub direct_logit_drop: Option<f64>,
    /// The same of the margin drop.
    pub direct_margin_drop: Option<f64>,
}

/// A row of `dynamic.csv`: a lesion of one prompt, selected and run in one pass.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DynamicRow<'a> {
    /// `single`, `up`, `down` or `given`.
    pub pattern: String,
    /// The layers, with spaces between.
    pub layers: String,
    /// Index of the prompt's template.
    pub prompt: usize,
    /// Position of the mask.
    pub position: usize,
    /// The right word.
    pub target: &'a str,
    /// The label of the lesioned neurons.
    pub neuron_set: Option<&'a str>,
    /// Neurons in all layers together.
    pub neurons: usize,
    /// The fall of the right word's logit.
    pub logit_drop: f64,
    /// The fall of its margin.
    pub margin_drop: f64,
}

/// The rows of `dynamic.csv`.
pub fn dynamic<'a>(
    prompts: &'a [MaskedPrompt],
    patterns: &'a [LayerPattern],
    dynamic: &'a Dynamic,
) -> impl Iterator<Item = DynamicRow<'a>> {
    patterns.iter().zip(&dynamic.outcomes).flat_map(move |(pattern, outcomes)| {
        dynamic.prompts.iter().zip(outcomes).map(move |(&prompt, outcome)| {
            let prompt = &prompts[prompt];
            let drops = outcome.drops();
            let label = prompt.label.as_deref();
            let set = |layer: &usize| dynamic.sets.set(*layer, label.unwrap_or_default()).len();
            DynamicRow {
                pattern: pattern.kind.to_string(),
                layers: pattern.name(),
                prompt: prompt.prompt,
                position: prompt.position,
                target: prompt.target(),
                neuron_set: label,
                neurons: pattern.layers.iter().map(set).sum(),
                logit_drop: drops.logit,
                margin_drop: drops.margin,
            }
        })
    })
}

/// The rows of `nulls.csv`.
pub fn nulls<'a>(
    prompts: &'a [MaskedPrompt],
    controlled: &'a [LayerControls],
) -> impl Iterator<Item = NullRow<'a>> {
    controlled.iter().flat_map(move |of| {
        of.lesions.iter().flat_map(move |lesion| {
            of.prompts.iter().zip(&lesion.drops).map(move |(&prompt, drops)| {
                let prompt = &prompts[prompt];
                NullRow {
                    layer: of.layer,
                    prompt: prompt.prompt,
                    position: prompt.position,
                    target: prompt.target(),
                    neuron_set: &of.label,
                    kind: lesion.kind.to_string(),
                    draw: lesion.draw,
                    neurons: lesion.neurons,
                    activity: lesion.activity,
                    logit_drop: drops.logit,
                    margin_drop: drops.margin,
                }
            })
        })
    })
}

/// The rows of `profile.csv`.
pub fn profile(profile: &[LayerProfile]) -> impl Iterator<Item = ProfileRow<'_>> {
    profile.iter().map(|of| ProfileRow {
        layer: of.layer,
        neuron_set: &of.label,
        significant: of.significant,
        significant_share: of.share,
        neurons: of.neurons,
        prompts: of.prompts,
        logit_drop: of.drop.logit,
        abs_logit_drop: of.size.logit,
        margin_drop: of.drop.margin,
        abs_margin_drop: of.size.margin,
        margin_falls: of.falls,
        p_random: of.p_random,
        activity_ratio: of.activity_ratio,
        p_random_active: of.p_random_active,
        p_corrected: of.p_corrected,
    })
}

/// The rows of `joint.csv`.
pub fn joint(joint: &[Joint]) -> impl Iterator<Item = JointRow<'_>> {
    joint.iter().map(|of| JointRow {
        pattern: of.pattern.kind.to_string(),
        layers: of.pattern.name(),
        neuron_set: &of.label,
        neurons: of.neurons,
        prompts: of.prompts.len(),
        logit_drop: of.drop.logit,
        margin_drop: of.drop.margin,
        sum_of_single: of.sum.margin,
        synergy: of.synergy(),
        synergy_low: of.synergy_interval.map(|(low, _)| low),
        synergy_high: of.synergy_interval.map(|(_, high)| high),
        prob_clean: of.prob.0,
        prob_lesioned: of.prob.1,
    })
}

/// The rows of `dose.csv`.
pub fn dose(layer: usize, doses: &[Dose]) -> impl Iterator<Item = DoseRow<'_>> {
    doses.iter().map(move |of| DoseRow {
        layer,
        neuron_set: &of.label,
        kind: of.kind.to_string(),
        draw: of.draw,
        neurons: of.neurons,
        prompts: of.prompts,
        logit_drop: of.drop.logit,
        margin_drop: of.drop.margin,
    })
}

/// The rows of `dissociation.csv`.
pub fn dissociation(dissociations: &[Dissociation]) -> impl Iterator<Item = DissociationRow<'_>> {
    dissociations.iter().map(|of| DissociationRow {
        layer: of.layer,
        neuron_set: &of.label,
        neurons: of.neurons,
        own_prompts: of.prompts[0],
        other_prompts: of.prompts[1],
        own_logit_drop: of.drop[0].logit,
        other_logit_drop: of.drop[1].logit,
        own_margin_drop: of.drop[0].margin,
        other_margin_drop: of.drop[1].margin,
        difference: of.difference(),
        low: of.interval.map(|(low, _)| low),
        high: of.interval.map(|(_, high)| high),
        double: holds(dissociations, of.layer),
    })
}

/// The rows of `neurons_causal.csv`.
pub fn causal<'a>(
    prompts: &'a [MaskedPrompt],
    effects: &'a NeuronEffects,
) -> impl Iterator<Item = CausalRow<'a>> {
    effects.effects.iter().map(move |of| {
        let prompt = &prompts[of.prompt];
        CausalRow {
            layer: effects.layer,
            neuron: of.neuron,
            label: &of.label,
            t: of.test.t,
            effect: of.test.effect,
            prompt: prompt.prompt,
            position: prompt.position,
            target: prompt.target(),
            logit_drop: of.drop.logit,
            margin_drop: of.drop.margin,
            direct: of.direct.map(|_| if effects.exact { "exact" } else { "linearised" }),
            direct_logit_drop: of.direct.map(|direct| direct.logit),
            direct_margin_drop: of.direct.map(|direct| direct.margin),
        }
    })
}
