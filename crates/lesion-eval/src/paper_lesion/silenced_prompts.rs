//! The paper's lesion: predictions while the matched neurons are silent.

use std::{ops::Range, sync::Arc};

use activation_capture::{Edit, Target};
use bert_model::TokenBatch;
use study_record::{ScoreUnit, SharedLayers, Site};

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    engine::{
        lesioned_layers::{check_shared_layers, layers_of},
        prompt_passes::PromptPasses,
        trial::{Outcome, Reading},
    },
    error::StudyError,
    parts::laboratory_part::{Design, Trials},
    passes::{
        clean_pass::CleanPass,
        logits::read_each,
        progress::{Progress, report},
        read_tokens::ReadTokens,
        subject::Subject,
    },
    selection::neuron_sets::NeuronSets,
    translate::model_site,
};

/// The layer that is lesioned by default: floor(3/4 of the layers), so layer 9 of BERT-base's 12, as
/// in the original.
#[must_use]
pub fn default_layer(layers: usize) -> usize {
    (3 * layers / 4).min(layers.saturating_sub(1))
}

/// The outcome of one row of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct LesionOutcome {
    /// Index of the prompt's template.
    pub prompt: usize,
    /// Position at which the word is predicted. In the control of a masked model the word is visible there.
    pub position: usize,
    /// The label of the silenced neurons; `None` is the control, the sentence with nothing masked
    /// and nothing lesioned that went through the same batch.
    pub neuron_set: Option<String>,
    /// Number of silenced neurons.
    pub neurons: usize,
    /// The right word, then the other candidates.
    pub words: Vec<String>,
    /// Their logits, or the scores of their sentences, without and with the lesion.
    pub outcome: Outcome,
    /// The score by which the candidates are compared.
    pub score: ScoreUnit,
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
    /// If there is no such candidate.
    #[must_use]
    pub fn logit_drop(&self, candidate: usize) -> f64 {
        let Outcome { clean, lesioned } = &self.outcome;
        f64::from(clean.logits[candidate]) - f64::from(lesioned.logits[candidate])
    }
}

/// One row of a batch: a prompt with its lesion, or a control with neither.
struct Row<'a> {
    prompt: &'a MaskedPrompt,
    /// The tokens that the model reads.
    ids: &'a [u32],
    /// The label and neurons of the silenced set; `None` in the control.
    set: Option<(&'a str, Arc<[usize]>)>,
}

/// Runs the paper's lesion: at the prediction of every prompt that has a matched neuron set in `sets`, its
/// neurons of `layer` become zero, in every layer if `shared` says so. Activation functions are 0 at 0, so both
/// sites give the same logits. The candidates' logits are compared with those of the same batch without a lesion. If sentences are
/// scored, this is done in each of their passes, and the control is the same passes with nothing lesioned.
///
/// # Errors
/// If the layer does not exist, its weights are not shared but should be, the model cannot be run or gives logits
/// that are not finite, or `progress` cancels the run.
pub fn lesion(
    subject: Subject<'_>,
    prompts: &[MaskedPrompt],
    sets: &NeuronSets,
    (layer, shared): (usize, SharedLayers),
    site: Site,
    progress: Progress<'_>,
) -> Result<Vec<LesionOutcome>, StudyError> {
    subject.check_layer(layer)?;
    check_shared_layers(shared, subject.model.config())?;
    let layers = layers_of(shared, layer, subject.model.config().num_hidden_layers);
    let lesioned = (layer, layers.as_slice());
    let passes = PromptPasses::of(prompts);
    if !passes.score_sentences() {
        return lesion_passes(subject, &passes, 0..prompts.len(), sets, lesioned, site, progress);
    }
    let mut outcomes = Vec::new();
    for (index, prompt) in prompts.iter().enumerate() {
        report(progress, index, prompts.len())?;
        if prompt.label.is_none() {
            continue;
        }
        let own_passes = passes.of_prompt(index);
        let mut watch = |_, _| progress(index, prompts.len());
        let outcomes_of_passes =
            lesion_passes(subject, &passes, own_passes, sets, lesioned, site, &mut watch)?;
        for is_control in [false, true] {
            let rows =
                outcomes_of_passes.iter().filter(|row| row.neuron_set.is_none() == is_control);
            let of_passes: Vec<Outcome> = rows.clone().map(|row| row.outcome.clone()).collect();
            let Some(first) = rows.clone().next() else { continue };
            outcomes.push(LesionOutcome {
                position: prompt.position,
                words: prompt.candidates.iter().map(|word| word.word.clone()).collect(),
                outcome: passes.combine_outcomes(index, &of_passes),
                score: prompt.score(),
                ..first.clone()
            });
        }
    }
    report(progress, prompts.len(), prompts.len())?;
    Ok(outcomes)
}

/// Runs the lesion at the prediction of some passes, of the neurons of a layer in some layers.
fn lesion_passes(
    subject: Subject<'_>,
    passes: &PromptPasses<'_>,
    range: Range<usize>,
    sets: &NeuronSets,
    (layer, layers): (usize, &[usize]),
    site: Site,
    progress: Progress<'_>,
) -> Result<Vec<LesionOutcome>, StudyError> {
    let mut rows = Vec::with_capacity(range.len());
    for pass in range {
        let row = &passes.list[passes.row_of(subject, pass)];
        rows.push((&passes.list[pass], row));
    }
    let templates = rows_by_template(&rows, sets, layer);
    let lengths: Vec<usize> = templates.iter().map(|rows| rows[0].ids.len()).collect();
    // Rows of one template share a batch.
    let most_rows = templates.iter().map(Vec::len).max().unwrap_or(1);
    let longest = lengths.iter().copied().max().unwrap_or_default();
    let most = (subject.rows(longest, subject.batching.rows) / most_rows).max(1);
    let mut outcomes: Vec<Vec<LesionOutcome>> = vec![Vec::new(); templates.len()];
    let mut done = 0;
    for group in subject.groups(lengths, most) {
        let rows: Vec<&Row<'_>> = group.iter().flat_map(|&t| &templates[t]).collect();
        let mut lesioned = run(subject, &rows, layers, site)?.into_iter();
        for &template in &group {
            outcomes[template].extend(lesioned.by_ref().take(templates[template].len()));
        }
        done += group.len();
        report(progress, done, templates.len())?;
    }
    Ok(outcomes.into_iter().flatten().collect())
}

/// The sentences of the paper's lesion: every prompt that has a label, and its control. Each passes
/// once without a lesion, and from the lesioned layer on twice more.
#[must_use]
pub fn paper_lesion_trials(design: &Design<'_>) -> Trials {
    let sentences = 2 * design.labelled().len();
    Trials::whole_passes(sentences).and_passes(design.layer, 2 * sentences)
}

/// For each template with a matched prompt: the matched prompts of one length, each with its lesion, and
/// then their controls. Each prompt comes with the one in whose tokens it is read.
fn rows_by_template<'a>(
    prompts: &[(&'a MaskedPrompt, &'a MaskedPrompt)],
    sets: &NeuronSets,
    layer: usize,
) -> Vec<Vec<Row<'a>>> {
    let mut templates = Vec::new();
    // A decoder reads less of a template for an earlier word than for a later one.
    let are_together = |(a, row_a): &(&MaskedPrompt, &MaskedPrompt),
                        (b, row_b): &(&MaskedPrompt, &MaskedPrompt)| {
        a.prompt == b.prompt && row_a.length() == row_b.length()
    };
    for prompts in prompts.chunk_by(are_together) {
        let mut lesioned = Vec::new();
        let mut controls = Vec::new();
        for &(prompt, row) in prompts {
            if let Some(label) = prompt.label.as_deref() {
                let set = Some((label, sets.set(layer, label)));
                lesioned.push(Row { prompt, ids: &row.masked, set });
                controls.push(Row { prompt, ids: &row.unmasked, set: None });
            }
        }
        if !lesioned.is_empty() {
            lesioned.append(&mut controls);
            templates.push(lesioned);
        }
    }
    templates
}

/// The tokens of each row, once if a pass may be read in the row of another, and where each row is read.
fn gather_tokens(
    subject: Subject<'_>,
    rows: &[&Row<'_>],
) -> Result<(TokenBatch, ReadTokens), StudyError> {
    let positions = rows.iter().map(|row| row.prompt.position).collect();
    if !subject.may_share_rows() {
        let batch = TokenBatch::new(rows.iter().map(|row| row.ids.to_vec()).collect())?;
        return Ok((batch, ReadTokens::one_each(positions)));
    }
    let mut distinct: Vec<Vec<u32>> = Vec::new();
    let mut row_of = Vec::with_capacity(rows.len());
    for row in rows {
        let known = distinct.iter().position(|ids| ids == row.ids);
        row_of.push(known.unwrap_or(distinct.len()));
        if known.is_none() {
            distinct.push(row.ids.to_vec());
        }
    }
    Ok((TokenBatch::new(distinct)?, ReadTokens { rows: row_of, positions }))
}

/// Runs one batch without and with its lesions.
fn run(
    subject: Subject<'_>,
    rows: &[&Row<'_>],
    layers: &[usize],
    site: Site,
) -> Result<Vec<LesionOutcome>, StudyError> {
    let (batch, reads) = gather_tokens(subject, rows)?;
    let pass = CleanPass::run(subject, batch, reads)?;
    let mut targets = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        if let Some((_, neurons)) = &row.set {
            let position = row.prompt.position;
            for &layer in layers {
                targets.push(Target { row: index, layer, position, neurons, edit: Edit::Zero });
            }
        }
    }
    // All rows, lesioned or not: the controls go through the same operations as the lesions.
    let all: Vec<usize> = (0..rows.len()).collect();
    let read = |targets: &[Target<'_>]| -> Result<Vec<Reading>, StudyError> {
        let hidden = pass.lesioned(&all, layers[0], model_site(site), targets)?;
        read_each(subject, &hidden, |row| rows[row].prompt, Reading::pick)
    };
    let clean = read(&[])?;
    let lesioned = read(&targets)?;
    let mut outcomes = Vec::with_capacity(rows.len());
    for ((row, clean), lesioned) in rows.iter().zip(clean).zip(lesioned) {
        let Row { prompt, set, .. } = row;
        outcomes.push(LesionOutcome {
            prompt: prompt.prompt,
            position: prompt.position,
            neuron_set: set.as_ref().map(|(label, _)| (*label).to_owned()),
            neurons: set.as_ref().map_or(0, |(_, neurons)| neurons.len()),
            words: prompt.candidates.iter().map(|candidate| candidate.word.clone()).collect(),
            outcome: Outcome { clean, lesioned },
            score: prompt.score(),
        });
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::default_layer;

    #[test]
    fn the_default_layer_is_that_of_the_paper() {
        assert_eq!([12, 24, 6, 3, 2, 1].map(default_layer), [9, 18, 4, 2, 1, 0]);
    }
}
