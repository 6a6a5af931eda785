//! Differences of selected neurons where they are lesioned: at the predictions of both labels' prompts.

use std::{collections::BTreeMap, ops::Range};

use neuron_stats::{Correction, Matrix, StatsError, TestKind, significant, t_tests};
use study_record::LEVEL;

use crate::{
    encoding::masked_prompt::MaskedPrompt, error::StudyError, selection::select::CONFIDENCE,
};

/// Numbers of a set's neurons that are higher, and lower, at the predictions of their own label's prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DifferingAtMasks {
    pub(crate) higher: usize,
    pub(crate) lower: usize,
}

/// Counts the neurons of a set that differ significantly between the predictions of the label's prompts and
/// those of other labels: Welch's test over templates, corrected by Benjamini and Hochberg's method
/// over the layer. `at_masks` are the activations of each prompt, `columns` those of the layer. None
/// with fewer than two templates of either label.
///
/// # Errors
/// If an activation is not a finite number.
pub(crate) fn count_differing_at_masks(
    prompts: &[MaskedPrompt],
    at_masks: &[Vec<f32>],
    columns: Range<usize>,
    label: &str,
    set: &[usize],
) -> Result<Option<DifferingAtMasks>, StudyError> {
    let neurons = columns.len();
    let template_means = |is_own: bool| {
        let mut templates: BTreeMap<usize, (Vec<f64>, f64)> = BTreeMap::new();
        for (prompt, row) in prompts.iter().zip(at_masks) {
            let Some(found) = &prompt.label else { continue };
            if (found == label) != is_own {
                continue;
            }
            let (sums, count) =
                templates.entry(prompt.cluster).or_insert_with(|| (vec![0.0; neurons], 0.0));
            for (sum, &value) in sums.iter_mut().zip(&row[columns.clone()]) {
                *sum += f64::from(value);
            }
            *count += 1.0;
        }
        let mut means = Vec::with_capacity(templates.len() * neurons);
        for (sums, count) in templates.values() {
            means.extend(sums.iter().map(|sum| sum / count));
        }
        means
    };
    let own_means = template_means(true);
    let other_means = template_means(false);
    if own_means.len() < 2 * neurons || other_means.len() < 2 * neurons {
        return Ok(None);
    }
    let count = count_differing(&own_means, &other_means, neurons, set)
        .map_err(|source| StudyError::stats_of_model(source, neurons))?;
    Ok(Some(count))
}

fn count_differing(
    own_means: &[f64],
    other_means: &[f64],
    neurons: usize,
    set: &[usize],
) -> Result<DifferingAtMasks, StatsError> {
    let own_templates = Matrix::new(own_means, own_means.len() / neurons, neurons)?;
    let other_templates = Matrix::new(other_means, other_means.len() / neurons, neurons)?;
    let tests = t_tests(TestKind::Welch, own_templates, other_templates, CONFIDENCE)?;
    let p: Vec<f64> =
        tests.iter().map(|test| if test.defined { test.p_two_sided } else { 1.0 }).collect();
    let differs = significant(&Correction::BenjaminiHochberg.adjust(&p)?, LEVEL)?;
    let mut count = DifferingAtMasks { higher: 0, lower: 0 };
    for &neuron in set {
        if differs[neuron] && tests[neuron].t > 0.0 {
            count.higher += 1;
        } else if differs[neuron] {
            count.lower += 1;
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(template: usize, label: &str) -> MaskedPrompt {
        MaskedPrompt {
            prompt: template,
            sentence: String::new(),
            position: 1,
            candidates: Vec::new(),
            label: Some(label.to_owned()),
            group: None,
            cluster: template,
            masked: vec![0; 3],
            unmasked: vec![0; 3],
            counterpart: None,
            scored: None,
        }
    }

    #[test]
    fn neurons_that_differ_at_the_masks_are_counted_by_direction() {
        let mut prompts = Vec::new();
        let mut at_masks = Vec::new();
        for template in 0..8 {
            for label in ["him", "her"] {
                let noise = ((template * 7) % 5) as f32 / 50.0;
                let sign = if label == "him" { 1.0 } else { -1.0 };
                prompts.push(prompt(template, label));
                // Layer 1 of two: higher for him, lower for him, neither, and dead.
                at_masks.push(vec![0.0, 0.0, 0.0, 0.0, sign + noise, -sign + noise, noise, 0.0]);
            }
        }
        let count = |label, set: &[usize]| {
            count_differing_at_masks(&prompts, &at_masks, 4..8, label, set).unwrap().unwrap()
        };
        assert_eq!(count("him", &[0, 1, 2, 3]), DifferingAtMasks { higher: 1, lower: 1 });
        assert_eq!(count("her", &[0]), DifferingAtMasks { higher: 0, lower: 1 });
        let one_template = count_differing_at_masks(&prompts[..2], &at_masks, 4..8, "him", &[0]);
        assert_eq!(one_template.unwrap(), None);
    }
}
