//! The rows of a study's tables: those columns of each that the page needs. docs/output.md says
//! what they mean.

use serde::Deserialize;

/// A row of the table `FILE`.
pub(crate) trait Row: for<'de> Deserialize<'de> {
    const FILE: &'static str;
}

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident = $file:literal { $($field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[allow(clippy::struct_field_names, reason = "the columns' names")]
        #[derive(Clone, Debug, Deserialize)]
        pub(crate) struct $name {
            $(pub(crate) $field: $type,)*
        }

        impl Row for $name {
            const FILE: &'static str = $file;
        }
    )*};
}

rows! {
    Neuron = "neurons.csv" {
        layer: usize, neuron: usize, t: f64, q: f64, effect: f64, label: Option<String>,
        ci_low: f64, ci_high: f64,
    }
    Selected = "selection.csv" {
        layer: usize, scope: String, directional: bool, correction: String, label: String,
        neurons: usize,
    }
    HeldOut = "held_out.csv" {
        layer: usize, label: String, neurons: usize, same_direction: usize, replicated: usize,
    }
    Bin = "histogram.csv" { layer: usize, site: String, low: f64, high: f64, count: usize }
    Normality = "normality.csv" {
        layer: usize, neuron: Option<usize>, count: usize, mean: f64, sd: f64, skewness: f64,
        excess_kurtosis: f64, k_squared_p: f64,
    }
    Sparsity = "sparsity.csv" { layer: usize, measure: String, at: Option<f64>, share: f64 }
    Prompt = "prompts.csv" {
        prompt: usize, sentence: String, position: usize, label: Option<String>,
    }
    Prediction = "predictions.csv" {
        prompt: usize, position: usize, target: String, candidate: String, logit: f64, prob: f64,
        rank: usize,
    }
    Lesioned = "lesions.csv" {
        prompt: usize, position: usize, neuron_set: Option<String>,
        neurons: usize, candidate: String, logit_clean: f64, logit_lesioned: f64, logit_drop: f64,
        margin_drop: f64, prob_clean: f64, prob_lesioned: f64,
    }
    Null = "nulls.csv" {
        layer: usize, prompt: usize, position: usize, neuron_set: String, kind: Kind, draw: usize,
        logit_drop: f64, margin_drop: f64,
    }
    Profile = "profile.csv" {
        layer: usize, neuron_set: String, neurons: usize, prompts: usize,
        margin_drop: f64, margin_falls: usize, activity_ratio: Option<f64>,
        p_corrected: Option<f64>,
    }
    Dissociation = "dissociation.csv" {
        layer: usize, neuron_set: String, neurons: usize, own_margin_drop: f64,
        other_margin_drop: f64, difference: f64, low: Option<f64>, high: Option<f64>, double: bool,
    }
    Joint = "joint.csv" {
        pattern: String, layers: String, neuron_set: String, neurons: usize,
        margin_drop: f64, sum_of_single: f64, synergy: f64, synergy_low: Option<f64>,
        synergy_high: Option<f64>, prob_clean: f64, prob_lesioned: f64,
    }
    Dose = "dose.csv" {
        layer: usize, neuron_set: String, kind: Kind, neurons: usize, margin_drop: f64,
    }
    Causal = "neurons_causal.csv" {
        layer: usize, neuron: usize, label: String, t: f64, margin_drop: f64,
        direct: Option<String>, direct_margin_drop: Option<f64>, prompt: usize, position: usize,
    }
    Dynamic = "dynamic.csv" {
        pattern: String, layers: String, prompt: usize, position: usize, neuron_set: String,
        neurons: usize, margin_drop: f64,
    }
}

/// Which neurons a lesion took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Matched,
    Swapped,
    LeastTuned,
    Random,
    RandomActive,
}

impl Dissociation {
    pub(crate) fn interval(&self) -> Option<(f64, f64)> {
        self.low.zip(self.high)
    }
}

impl Joint {
    pub(crate) fn interval(&self) -> Option<(f64, f64)> {
        self.synergy_low.zip(self.synergy_high)
    }

    /// How many layers are lesioned together.
    pub(crate) fn depth(&self) -> usize {
        self.layers.split_whitespace().count()
    }
}
