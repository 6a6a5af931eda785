//! Part 3: what happens to a prediction when the matched neurons are silent.

use std::collections::BTreeMap;

use activation_capture::Target;
use bert_model::{BertModelError, Site, TokenBatch};

use crate::{
    Candidate, MaskedPrompt, Selection, StudyError, Subject,
    engine::CleanPass,
    predict::{margin, read_logits},
    subject::{BATCH_ROWS, by_length},
};

/// Neurons of one layer that carry one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeuronSet {
    /// The label.
    pub label: String,
    /// The neurons, in ascending order.
    pub neurons: Vec<usize>,
}

/// Where neurons are silenced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LesionPlan {
    /// The layer.
    pub layer: usize,
    /// Before or after GELU. GELU(0) is 0, so both give the same logits.
    pub site: Site,
}

impl LesionPlan {
    /// Checks that a model of `layers` layers has the layer.
    ///
    /// # Errors
    /// [`BertModelError::NoSuchLayer`].
    pub fn check(&self, layers: usize) -> Result<(), BertModelError> {
        if self.layer < layers {
            Ok(())
        } else {
            Err(BertModelError::NoSuchLayer { layer: self.layer, layers })
        }
    }
}

/// The layer that the study lesions where none is named: floor(3/4 of the layers), so layer 9 of
/// BERT-base's 12, as in the original.
#[must_use]
pub fn default_layer(layers: usize) -> usize {
    (3 * layers / 4).min(layers.saturating_sub(1))
}

/// One candidate's logit with and without the lesion.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// The candidate.
    pub candidate: String,
    /// Its logit in the plain pass.
    pub clean: f32,
    /// Its logit in the pass with the lesion.
    pub lesioned: f32,
}

impl Effect {
    /// `logit_clean - logit_lesioned`: positive where the lesion lowers the logit.
    #[must_use]
    pub fn logit_drop(&self) -> f64 {
        f64::from(self.clean) - f64::from(self.lesioned)
    }
}

/// What the lesion of one batch row did at one position.
#[derive(Clone, Debug, PartialEq)]
pub struct LesionOutcome {
    /// Index of the prompt's template.
    pub prompt: usize,
    /// Position of the target: masked where there is a neuron set, visible in the control.
    pub position: usize,
    /// The label of the silenced neurons; `None` is the control, the sentence with nothing masked
    /// and nothing lesioned that went through the same batch.
    pub neuron_set: Option<String>,
    /// How many neurons were silenced.
    pub neurons: usize,
    /// The right word's effect, then those of the other candidates.
    pub effects: Vec<Effect>,
}

impl LesionOutcome {
    /// The right word.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.effects[0].candidate
    }

    /// The fall of the margin, the right word's logit less the strongest other candidate's. A
    /// shift common to all logits changes no prediction, and no margin.
    #[must_use]
    pub fn margin_drop(&self) -> f64 {
        let clean = margin(self.effects.iter().map(|effect| effect.clean));
        clean - margin(self.effects.iter().map(|effect| effect.lesioned))
    }
}

/// Something that a reader of the results must be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// No neuron set belongs to a prompt, so it was not lesioned.
    NoMatchedSet {
        /// Index of the prompt's template.
        prompt: usize,
        /// The right word.
        target: String,
    },
    /// The matched set has no neuron, so the lesion changed nothing.
    EmptySet {
        /// Index of the prompt's template.
        prompt: usize,
        /// The set's label.
        label: String,
        /// The layer.
        layer: usize,
    },
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoMatchedSet { prompt, target } => write!(
                f,
                "prompt {prompt}, \"{target}\": not lesioned, because \"{target}\" is no word of \
                 the contrast; a line with one target may begin with a label and a tab"
            ),
            Self::EmptySet { prompt, label, layer } => write!(
                f,
                "prompt {prompt}: layer {layer} has no \"{label}\" neuron, so its lesion touches \
                 nothing"
            ),
        }
    }
}

/// One row of a batch: a sentence, masked and lesioned or neither.
struct Row<'a> {
    ids: &'a [u32],
    prompt: usize,
    /// Silenced neurons; `None` in the control.
    set: Option<&'a NeuronSet>,
    /// Positions whose candidates are scored.
    targets: Vec<(usize, &'a [Candidate])>,
}

/// Silences, at the mask of every prompt that has one, the matched neuron set, and compares the
/// candidates' logits with those of the same batch without a lesion.
///
/// # Errors
/// Where the layer does not exist, the model cannot be run, or gives logits that are not finite.
pub fn lesion(
    subject: Subject<'_>,
    prompts: &[MaskedPrompt],
    selection: &Selection,
    plan: LesionPlan,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(Vec<LesionOutcome>, Vec<Notice>), StudyError> {
    plan.check(selection.layers)?;
    let sets: BTreeMap<&str, NeuronSet> = [&selection.contrast.a, &selection.contrast.b]
        .map(|label| (label.as_str(), selection.set(plan.layer, label)))
        .into();
    let notices = notices(prompts, &sets, plan.layer);
    let templates = rows_by_template(prompts, &sets);

    let mut outcomes: Vec<Vec<LesionOutcome>> = vec![Vec::new(); templates.len()];
    let most_rows = templates.iter().map(Vec::len).max().unwrap_or(1);
    let most = (BATCH_ROWS / most_rows).max(1);
    let mut done = 0;
    for group in by_length(templates.iter().map(|rows| rows[0].ids.len()), most) {
        let rows: Vec<&Row<'_>> = group.iter().flat_map(|&t| &templates[t]).collect();
        let mut found = run(subject, &rows, plan)?.into_iter();
        for &template in &group {
            let count = templates[template].iter().map(|row| row.targets.len()).sum();
            outcomes[template].extend(found.by_ref().take(count));
        }
        done += group.len();
        progress(done, templates.len());
    }
    Ok((outcomes.into_iter().flatten().collect(), notices))
}

fn notices(
    prompts: &[MaskedPrompt],
    sets: &BTreeMap<&str, NeuronSet>,
    layer: usize,
) -> Vec<Notice> {
    let notice = |prompt: &MaskedPrompt| match &prompt.label {
        None => {
            let target = prompt.target().to_owned();
            Some(Notice::NoMatchedSet { prompt: prompt.prompt, target })
        }
        Some(label) if sets[label.as_str()].neurons.is_empty() => {
            Some(Notice::EmptySet { prompt: prompt.prompt, label: label.clone(), layer })
        }
        Some(_) => None,
    };
    prompts.iter().filter_map(notice).collect()
}

/// For each template with a matched prompt: the matched prompts, each with its lesion, and the
/// control.
fn rows_by_template<'a>(
    prompts: &'a [MaskedPrompt],
    sets: &'a BTreeMap<&str, NeuronSet>,
) -> Vec<Vec<Row<'a>>> {
    prompts
        .chunk_by(|a, b| a.prompt == b.prompt)
        .filter_map(|prompts| {
            let matched = prompts.iter().filter_map(|p| Some((p, &sets[p.label.as_deref()?])));
            let targets = |p: &'a MaskedPrompt| (p.position, p.candidates.as_slice());
            let (mut rows, mut control) = (Vec::new(), Vec::new());
            for (prompt, set) in matched {
                control.push(targets(prompt));
                rows.push(Row {
                    ids: &prompt.masked,
                    prompt: prompt.prompt,
                    set: Some(set),
                    targets: vec![targets(prompt)],
                });
            }
            let first = prompts.first()?;
            let (ids, prompt) = (first.unmasked.as_slice(), first.prompt);
            (!rows.is_empty()).then(|| {
                rows.push(Row { ids, prompt, set: None, targets: control });
                rows
            })
        })
        .collect()
}

/// Runs one batch without and with its lesions.
fn run(
    subject: Subject<'_>,
    rows: &[&Row<'_>],
    plan: LesionPlan,
) -> Result<Vec<LesionOutcome>, StudyError> {
    let batch = TokenBatch::new(rows.iter().map(|row| row.ids.to_vec()).collect())?;
    let pass = CleanPass::run(subject, &batch)?;
    let lesions: Vec<Target<'_>> = rows
        .iter()
        .enumerate()
        .filter_map(|(index, row)| {
            let neurons = &row.set?.neurons;
            Some(Target { row: index, position: row.targets[0].0, neurons })
        })
        .collect();
    // All rows, lesioned or not: the control goes through the same products as in the clean pass.
    let all: Vec<usize> = (0..rows.len()).collect();
    let lesioned = pass.lesioned(&all, plan.layer, plan.site, &lesions)?;
    let places: Vec<(usize, usize)> = rows
        .iter()
        .enumerate()
        .flat_map(|(index, row)| row.targets.iter().map(move |&(position, _)| (index, position)))
        .collect();
    let prompt_of = |place: usize| rows[places[place].0].prompt;
    let clean = read_logits(subject, pass.hidden(), &places, prompt_of)?;
    let lesioned = read_logits(subject, lesioned, &places, prompt_of)?;

    let targets = rows.iter().flat_map(|row| row.targets.iter().map(move |target| (row, target)));
    Ok(targets
        .zip(clean.iter().zip(&lesioned))
        .map(|((row, &(position, candidates)), (clean, lesioned))| LesionOutcome {
            prompt: row.prompt,
            position,
            neuron_set: row.set.map(|set| set.label.clone()),
            neurons: row.set.map_or(0, |set| set.neurons.len()),
            effects: candidates
                .iter()
                .map(|candidate| Effect {
                    candidate: candidate.word.clone(),
                    clean: clean[candidate.id as usize],
                    lesioned: lesioned[candidate.id as usize],
                })
                .collect(),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_layer_is_the_originals() {
        assert_eq!([12, 24, 6, 3, 2, 1].map(default_layer), [9, 18, 4, 2, 1, 0]);
    }

    #[test]
    fn a_common_shift_drops_logits_but_no_margin() {
        let effect = |candidate: &str, clean, lesioned| Effect {
            candidate: candidate.to_owned(),
            clean,
            lesioned,
        };
        let mut outcome = LesionOutcome {
            prompt: 0,
            position: 1,
            neuron_set: Some("him".into()),
            neurons: 3,
            effects: vec![
                effect("him", 5.0, 4.0),
                effect("her", 2.0, 1.0),
                effect("it", 0.0, -1.0),
            ],
        };
        assert!((outcome.effects[0].logit_drop() - 1.0).abs() < f64::EPSILON);
        assert!(outcome.margin_drop().abs() < f64::EPSILON);
        // Another candidate becomes the strongest other one.
        outcome.effects[2].lesioned = 3.0;
        assert!((outcome.margin_drop() - 2.0).abs() < f64::EPSILON);
    }
}
