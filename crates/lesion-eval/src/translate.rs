//! Conversions between the types of settings and those of the crates that compute.

use bert_model::{BertConfig, PredictionPlace};
use study_record::{Correction, PredictedAt, Site, TTestKind};

/// The site of a model's MLP.
pub(crate) fn model_site(site: Site) -> bert_model::Site {
    match site {
        Site::Pre => bert_model::Site::Pre,
        Site::Post => bert_model::Site::Post,
    }
}

/// The name of a model's site.
pub(crate) fn site_name(site: bert_model::Site) -> Site {
    match site {
        bert_model::Site::Pre => Site::Pre,
        bert_model::Site::Post => Site::Post,
    }
}

/// The name of the token at which a model predicts a word.
#[must_use]
pub fn predicted_at(config: &BertConfig) -> PredictedAt {
    match config.structure.prediction {
        PredictionPlace::Mask => PredictedAt::Mask,
        PredictionPlace::TokenBefore => PredictedAt::TokenBefore,
    }
}

/// The t-test of the statistics.
pub(crate) fn test_kind(kind: TTestKind) -> neuron_stats::TestKind {
    match kind {
        TTestKind::Paired => neuron_stats::TestKind::Paired,
        TTestKind::Student => neuron_stats::TestKind::Student,
        TTestKind::Welch => neuron_stats::TestKind::Welch,
    }
}

/// The numbers of samples behind each t-test, with so many observations of each side.
pub(crate) fn sample_counts(
    kind: TTestKind,
    observations: [usize; 2],
) -> neuron_stats::SampleCounts {
    let [a, b] = observations;
    match kind {
        TTestKind::Paired => neuron_stats::SampleCounts::Pairs(a),
        TTestKind::Student | TTestKind::Welch => neuron_stats::SampleCounts::Sides(a, b),
    }
}

/// The correction of p-values alone; none for max-T, which permutes.
pub(crate) fn p_correction(correction: Correction) -> Option<neuron_stats::Correction> {
    match correction {
        Correction::None => Some(neuron_stats::Correction::None),
        Correction::Storey => Some(neuron_stats::Correction::Storey),
        Correction::BenjaminiHochberg => Some(neuron_stats::Correction::BenjaminiHochberg),
        Correction::BenjaminiYekutieli => Some(neuron_stats::Correction::BenjaminiYekutieli),
        Correction::MaxT => None,
        Correction::Holm => Some(neuron_stats::Correction::Holm),
        Correction::Bonferroni => Some(neuron_stats::Correction::Bonferroni),
    }
}
