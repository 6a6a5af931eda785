//! Part 3: what happens to a prediction when the matched neurons are silent.

use std::sync::Arc;

use activation_capture::{Edit, Target};
use bert_model::{BertModelError, Site, TokenBatch};

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    engine::trial::{Outcome, Reading},
    error::StudyError,
    passes::{clean_pass::CleanPass, logits::read_logits, progress::Progress, subject::Subject},
    selection::neuron_sets::NeuronSets,
};

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
    /// The right word, then the other candidates.
    pub words: Vec<String>,
    /// What the model says of them without and with the lesion.
    pub outcome: Outcome,
}

impl LesionOutcome {
    /// The right word.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.words[0]
    }

    /// The fall of a candidate's logit: positive where the lesion lowers it.
    ///
    /// # Panics
    /// Where there is no such candidate.
    #[must_use]
    pub fn logit_drop(&self, candidate: usize) -> f64 {
        let Outcome { clean, lesioned } = &self.outcome;
        f64::from(clean.logits[candidate]) - f64::from(lesioned.logits[candidate])
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

/// One row of a batch: a prompt, masked and lesioned or neither.
struct Row<'a> {
    prompt: &'a MaskedPrompt,
    /// Silenced neurons and their label; `None` in the control.
    set: Option<(&'a str, Arc<[usize]>)>,
}

impl Row<'_> {
    fn ids(&self) -> &[u32] {
        if self.set.is_some() { &self.prompt.masked } else { &self.prompt.unmasked }
    }
}

/// The paper's lesion: sets, at the mask of every prompt that has one, the matched neuron set of
/// `sets` to zero, and compares the candidates' logits with those of the same batch without a
/// lesion.
///
/// # Errors
/// Where the layer does not exist, the model cannot be run, or gives logits that are not finite.
pub fn lesion(
    subject: Subject<'_>,
    prompts: &[MaskedPrompt],
    sets: &NeuronSets,
    plan: LesionPlan,
    progress: Progress<'_>,
) -> Result<(Vec<LesionOutcome>, Vec<Notice>), StudyError> {
    plan.check(sets.layers())?;
    let notices = notices(prompts, sets, plan.layer);
    let templates = rows_by_template(prompts, sets, plan.layer);

    let mut outcomes: Vec<Vec<LesionOutcome>> = vec![Vec::new(); templates.len()];
    let lengths = || templates.iter().map(|rows| rows[0].ids().len());
    // Rows of one template stay together.
    let most_rows = templates.iter().map(Vec::len).max().unwrap_or(1);
    let longest = lengths().max().unwrap_or_default();
    let most = (subject.rows(longest, subject.batching.rows) / most_rows).max(1);
    let mut done = 0;
    for group in subject.groups(lengths(), most) {
        let rows: Vec<&Row<'_>> = group.iter().flat_map(|&t| &templates[t]).collect();
        let mut found = run(subject, &rows, plan)?.into_iter();
        for &template in &group {
            outcomes[template].extend(found.by_ref().take(templates[template].len()));
        }
        done += group.len();
        progress(done, templates.len());
    }
    Ok((outcomes.into_iter().flatten().collect(), notices))
}

fn notices(prompts: &[MaskedPrompt], sets: &NeuronSets, layer: usize) -> Vec<Notice> {
    let notice = |prompt: &MaskedPrompt| match &prompt.label {
        None => {
            let target = prompt.target().to_owned();
            Some(Notice::NoMatchedSet { prompt: prompt.prompt, target })
        }
        Some(label) if sets.set(layer, label).is_empty() => {
            Some(Notice::EmptySet { prompt: prompt.prompt, label: label.clone(), layer })
        }
        Some(_) => None,
    };
    prompts.iter().filter_map(notice).collect()
}

/// For each template with a matched prompt: the matched prompts, each with its lesion, and their
/// controls.
fn rows_by_template<'a>(
    prompts: &'a [MaskedPrompt],
    sets: &NeuronSets,
    layer: usize,
) -> Vec<Vec<Row<'a>>> {
    let templates = prompts.chunk_by(|a, b| a.prompt == b.prompt).map(|prompts| {
        let labelled = || prompts.iter().filter_map(|p| Some((p, p.label.as_deref()?)));
        let lesioned = labelled()
            .map(|(prompt, label)| Row { prompt, set: Some((label, sets.set(layer, label))) });
        lesioned.chain(labelled().map(|(prompt, _)| Row { prompt, set: None })).collect()
    });
    templates.filter(|rows: &Vec<Row<'_>>| !rows.is_empty()).collect()
}

/// Runs one batch without and with its lesions.
fn run(
    subject: Subject<'_>,
    rows: &[&Row<'_>],
    plan: LesionPlan,
) -> Result<Vec<LesionOutcome>, StudyError> {
    let batch = TokenBatch::new(rows.iter().map(|row| row.ids().to_vec()).collect())?;
    let positions = rows.iter().map(|row| row.prompt.position).collect();
    let pass = CleanPass::run(subject, batch, positions)?;
    // All rows, lesioned or not: the control goes through the same products as the lesioned.
    let all: Vec<usize> = (0..rows.len()).collect();
    let logits = |targets: &[Target<'_>]| {
        let hidden = pass.lesioned(&all, plan.layer, plan.site, targets)?;
        read_logits(subject, hidden, |row| rows[row].prompt.prompt)
    };
    let lesions: Vec<Target<'_>> = rows
        .iter()
        .enumerate()
        .filter_map(|(index, row)| {
            let (_, neurons) = row.set.as_ref()?;
            let (layer, position) = (plan.layer, row.prompt.position);
            Some(Target { row: index, layer, position, neurons, edit: Edit::Zero })
        })
        .collect();
    let (clean, lesioned) = (logits(&[])?, logits(&lesions)?);
    let outcomes = rows.iter().zip(clean.iter().zip(&lesioned));
    Ok(outcomes
        .map(|(row, (clean, lesioned))| {
            let (prompt, set) = (row.prompt, row.set.as_ref());
            LesionOutcome {
                prompt: prompt.prompt,
                position: prompt.position,
                neuron_set: set.map(|(label, _)| (*label).to_owned()),
                neurons: set.map_or(0, |(_, neurons)| neurons.len()),
                words: prompt.candidates.iter().map(|candidate| candidate.word.clone()).collect(),
                outcome: Outcome {
                    clean: Reading::of(prompt, clean),
                    lesioned: Reading::of(prompt, lesioned),
                },
            }
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
        let reading = |logits: [f32; 3]| Reading { logits: logits.to_vec(), log_sum: 6.0 };
        let (clean, lesioned) = (reading([5.0, 2.0, 0.0]), reading([4.0, 1.0, -1.0]));
        let mut outcome = Outcome { clean, lesioned };
        let drops = outcome.drops();
        assert!((drops.logit - 1.0).abs() < f64::EPSILON && drops.margin.abs() < f64::EPSILON);
        // Another candidate becomes the strongest other one.
        outcome.lesioned.logits[2] = 3.0;
        assert!((outcome.drops().margin - 2.0).abs() < f64::EPSILON);
    }
}
