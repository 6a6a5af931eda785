//! How well a model does in the prompts of each label.

use neuron_stats::Bootstrap;
use serde::Serialize;
use study_record::{Accuracy, tables::PredictionRow};

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    error::StudyError,
    parts::template_bootstrap::{Templates, mean_over},
    prediction::predict::Prediction,
    selection::select::CONFIDENCE,
    study_rows,
};

/// How well a model does in the prompts of a label. Means are over prompts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelAccuracy {
    /// The label.
    pub label: String,
    /// Number of its templates or, if templates have a group, of their groups.
    pub templates: usize,
    /// How often the right word has the highest logit.
    #[serde(flatten)]
    pub accuracy: Accuracy,
    /// Mean margin: the right word's logit less the largest logit of the other candidates.
    pub margin: f64,
    /// Lower end of the margin's 95 % interval over templates; none with too few of them.
    pub margin_low: Option<f64>,
    /// Upper end of that interval.
    pub margin_high: Option<f64>,
    /// Mean probability of the right word, over the whole vocabulary.
    pub prob: f64,
    /// Mean probability of the candidate that the model prefers, among the candidates alone. It is
    /// the accuracy of a calibrated model.
    pub confidence: f64,
}

/// The accuracy of each label of the prompts, in the order in which labels first occur. Intervals
/// resample templates, `draws` times with the random seed `seed`.
///
/// # Errors
/// If the bootstrap fails.
pub fn label_accuracies(
    prompts: &[MaskedPrompt],
    predictions: &[Prediction],
    draws: usize,
    seed: u64,
) -> Result<Vec<LabelAccuracy>, StudyError> {
    let bootstrap = Bootstrap { draws, seed, level: CONFIDENCE };
    let templates = Templates::of(prompts);
    let margins: Vec<Option<f64>> =
        predictions.iter().map(|prediction| Some(margin(prediction))).collect();
    let mut labels: Vec<&str> = Vec::new();
    for label in prompts.iter().filter_map(|prompt| prompt.label.as_deref()) {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let mut accuracies = Vec::with_capacity(labels.len());
    for label in labels {
        let has_label = |prompt: usize| prompts[prompt].label.as_deref() == Some(label);
        let labelled: Vec<Prediction> =
            (0..prompts.len()).filter(|&i| has_label(i)).map(|i| predictions[i].clone()).collect();
        let rows: Vec<PredictionRow> = study_rows::predictions(&labelled).collect();
        let templates = templates.only(has_label);
        let mean_margin = |prompts: &[usize]| mean_over(prompts, &margins);
        let interval = templates.interval(bootstrap, mean_margin)?;
        accuracies.push(LabelAccuracy {
            label: label.to_owned(),
            templates: templates.groups().len(),
            accuracy: Accuracy::of(&rows),
            margin: mean(&labelled, margin),
            margin_low: interval.map(|(low, _)| low),
            margin_high: interval.map(|(_, high)| high),
            prob: mean(&labelled, |prediction| prediction.scores[0].prob),
            confidence: mean(&labelled, confidence),
        });
    }
    Ok(accuracies)
}

fn mean(predictions: &[Prediction], value: fn(&Prediction) -> f64) -> f64 {
    predictions.iter().map(value).sum::<f64>() / predictions.len() as f64
}

/// The right word's logit less the largest logit of the other candidates.
fn margin(prediction: &Prediction) -> f64 {
    let others = prediction.scores[1..].iter().map(|score| score.logit);
    f64::from(prediction.scores[0].logit) - f64::from(others.fold(f32::NEG_INFINITY, f32::max))
}

/// The probability of the candidate with the highest logit, among the candidates.
fn confidence(prediction: &Prediction) -> f64 {
    let logits = || prediction.scores.iter().map(|score| f64::from(score.logit));
    let highest = logits().fold(f64::NEG_INFINITY, f64::max);
    1.0 / logits().map(|logit| (logit - highest).exp()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use study_record::ScoreUnit;

    use super::*;
    use crate::prediction::predict::Score;

    /// A prediction with these logits, the right word's first.
    fn prediction(logits: &[f32]) -> Prediction {
        let score = |&logit: &f32| Score { word: String::new(), logit, prob: 0.25, rank: 2 };
        let scores = logits.iter().map(score).collect();
        let score = ScoreUnit::Word;
        Prediction { prompt: 0, position: 1, scores, top: String::new(), score }
    }

    #[test]
    fn margin_and_confidence_are_as_defined() {
        let close =
            |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}");
        close(margin(&prediction(&[1.5, -1.0, 0.5])), 1.0);
        close(margin(&prediction(&[-1.0, 2.0])), -3.0);
        let odds_of_three = 3.0_f32.ln();
        let expected = 1.0 / (1.0 + f64::from(-odds_of_three).exp());
        close(confidence(&prediction(&[0.0, odds_of_three])), expected);
        close(confidence(&prediction(&[2.0, 2.0, 2.0])), 1.0 / 3.0);
    }
}
