//! Labels whose prompts the model never completes with the right word.

use std::collections::BTreeMap;

use study_record::Warning;

use crate::{encoding::masked_prompt::MaskedPrompt, prediction::predict::Prediction};

/// Warns about each label in none of whose prompts the right word has a higher logit than every other
/// candidate.
#[must_use]
pub fn never_right(prompts: &[MaskedPrompt], predictions: &[Prediction]) -> Vec<Warning> {
    // Number of prompts, and of those that the model completes with the right word.
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (prompt, prediction) in prompts.iter().zip(predictions) {
        let Some(label) = &prompt.label else { continue };
        let count = counts.entry(label).or_default();
        count.0 += 1;
        let right = prediction.scores[0].logit;
        if prediction.scores[1..].iter().all(|other| other.logit < right) {
            count.1 += 1;
        }
    }
    let mut warnings = Vec::new();
    for (label, (prompts, right)) in counts {
        if right == 0 {
            warnings.push(Warning::NeverRight { label: label.to_owned(), prompts });
        }
    }
    warnings
}
