//! Labels whose prompts the model never completes with the right word.

use std::collections::BTreeMap;

use study_record::Warning;

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    error::StudyError,
    passes::{
        progress::{Progress, report},
        subject::Subject,
    },
    prediction::predict::{Prediction, predict},
};

/// Warns about each label in none of whose prompts the right word has a higher logit than every other
/// candidate.
#[must_use]
pub fn never_right(prompts: &[MaskedPrompt], predictions: &[Prediction]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (label, indices) in prompts_by_label(prompts) {
        if !indices.iter().any(|&index| is_right(&predictions[index])) {
            let (label, labelled) = (label.to_owned(), indices.len());
            warnings.push(Warning::NeverRight { label, prompts: labelled, labelled });
        }
    }
    warnings
}

/// The warnings of [`never_right`], from at most `most` prompts of each label, spread evenly over the
/// prompts. The model predicts them one by one until it is right.
///
/// # Errors
/// If the model cannot be run, or `progress` cancels.
pub fn never_right_in_sample(
    subject: Subject<'_>,
    prompts: &[MaskedPrompt],
    most: usize,
    progress: Progress<'_>,
) -> Result<Vec<Warning>, StudyError> {
    let labels = prompts_by_label(prompts);
    let all: usize = labels.values().map(|indices| indices.len().min(most)).sum();
    let mut done = 0;
    let mut warnings = Vec::new();
    for (label, indices) in labels {
        let sample = indices.len().min(most);
        let mut is_ever_right = false;
        for place in 0..sample {
            let index = indices[place * indices.len() / sample];
            let predictions =
                predict(subject, &prompts[index..=index], &mut |_, _| progress(done + place, all))?;
            is_ever_right = predictions.iter().any(is_right);
            if is_ever_right {
                break;
            }
        }
        if !is_ever_right {
            let (label, labelled) = (label.to_owned(), indices.len());
            warnings.push(Warning::NeverRight { label, prompts: sample, labelled });
        }
        done += sample;
        report(progress, done, all)?;
    }
    Ok(warnings)
}

/// Whether the right word has a higher logit than every other candidate.
fn is_right(prediction: &Prediction) -> bool {
    let right = prediction.scores[0].logit;
    prediction.scores[1..].iter().all(|other| other.logit < right)
}

/// The indices of each label's prompts.
fn prompts_by_label(prompts: &[MaskedPrompt]) -> BTreeMap<&str, Vec<usize>> {
    let mut labels: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, prompt) in prompts.iter().enumerate() {
        if let Some(label) = &prompt.label {
            labels.entry(label).or_default().push(index);
        }
    }
    labels
}
