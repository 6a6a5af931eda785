//! Stimuli as the model reads them.

use std::collections::HashMap;

use study_record::{SelectAt, SelectionSettings, StimuliCounts, TTestKind};

use crate::{
    encoding::filled::{Filled, fill},
    error::{LineProblem, StudyError},
    passes::subject::Subject,
    texts::{
        stimuli::{Contrast, Stimuli},
        stimuli_layout::StimuliLayout,
        template_lines::Template,
    },
};

/// Stimuli as the model reads them.
#[derive(Clone, Debug)]
pub struct EncodedStimuli {
    pub(crate) contrast: Contrast,
    pub(crate) layout: StimuliLayout,
    /// The t-test of each neuron.
    pub(crate) test: TTestKind,
    /// Line after line; side a and side b of a line that is a pair.
    pub(crate) sentences: Vec<Filled>,
}

impl EncodedStimuli {
    /// Encodes every sentence for a selection with these settings.
    ///
    /// # Errors
    /// [`StudyError::Line`] if a target is not one token of the model, if the sides of a pair have
    /// different numbers of tokens, or do not differ once the target is masked, or if two single
    /// sentences are the same to the model. [`StudyError::File`] if the settings ask for the paired
    /// test of single sentences.
    pub fn encode(
        subject: Subject<'_>,
        stimuli: &Stimuli,
        settings: &SelectionSettings,
    ) -> Result<Self, StudyError> {
        let Stimuli { file, templates, layout, .. } = stimuli;
        let test = stimuli.test(settings)?;
        let at = settings.at;
        let mut sentences = Vec::with_capacity(2 * templates.len());
        for template in templates {
            if layout.paired {
                sentences.extend(encode_pair(subject, file, template, at)?);
            } else {
                let word = &template.braces[0][0];
                sentences.push(encode_side(subject, file, template, 0, word, at)?);
            }
        }
        if !layout.paired {
            check_inputs_differ(stimuli, &sentences)?;
        }
        let contrast = stimuli.contrast().clone();
        Ok(Self { contrast, layout: layout.clone(), test, sentences })
    }

    /// The stimuli that neurons are selected on, if a share is held out.
    ///
    /// # Errors
    /// [`StudyError::HeldOut`] if either part would have fewer than 2 observations of a side.
    pub fn selected_on(&self, held_out: f64, seed: u64) -> Result<StimuliCounts, StudyError> {
        if held_out == 0.0 {
            return Ok(self.layout.counts());
        }
        let kept = self.layout.split(held_out, seed)?.kept;
        Ok(self.layout.counts_of(&kept))
    }

    /// The lines that are held out, ascending, counted from 0 without lines that are skipped; none if
    /// the share is 0.
    ///
    /// # Errors
    /// [`StudyError::HeldOut`] if either part would have fewer than 2 observations of a side.
    pub fn held_out_lines(&self, held_out: f64, seed: u64) -> Result<Vec<usize>, StudyError> {
        self.layout.held_out_lines(held_out, seed)
    }

    /// Number of sentences, two per pair.
    #[must_use]
    pub fn sentences(&self) -> usize {
        self.sentences.len()
    }

    /// The side of each sentence, and its row among those of this side.
    pub(crate) fn places(&self) -> Vec<(usize, usize)> {
        let mut places = Vec::with_capacity(self.sentences.len());
        for (side, lines) in self.layout.lines.iter().enumerate() {
            places.extend(lines.iter().enumerate().map(|(row, &line)| (line, (side, row))));
        }
        places.sort_unstable();
        places.into_iter().map(|(_, place)| place).collect()
    }

    /// Number of sentences of a line.
    pub(crate) fn sentences_per_line(&self) -> usize {
        if self.layout.paired { 2 } else { 1 }
    }
}

/// Checks that no two single sentences are the same to the model, such as sentences that differ only
/// in a target that is masked. Two of one label are allowed within a group.
///
/// # Errors
/// If a sentence is the same as an earlier one: [`StudyError::Line`] for the first of them.
fn check_inputs_differ(stimuli: &Stimuli, sentences: &[Filled]) -> Result<(), StudyError> {
    let Stimuli { file, templates, layout, .. } = stimuli;
    let mut known: HashMap<(&[u32], usize), usize> = HashMap::new();
    let mut sides = vec![0; templates.len()];
    for &line in &layout.lines[1] {
        sides[line] = 1;
    }
    for (line, sentence) in sentences.iter().enumerate() {
        let earlier = *known.entry((&sentence.ids, sentence.position)).or_insert(line);
        let (first, second) = (&templates[earlier], &templates[line]);
        let same_label = sides[earlier] == sides[line];
        let same_group = first.group.is_some() && first.group == second.group;
        if earlier != line && !(same_label && same_group) {
            let problem = LineProblem::SameInput { first: first.line, same_label };
            return Err(StudyError::in_line(file, second.line, problem));
        }
    }
    Ok(())
}

/// Side a and side b of a pair.
fn encode_pair(
    subject: Subject<'_>,
    file: &str,
    template: &Template,
    at: SelectAt,
) -> Result<[Filled; 2], StudyError> {
    let target = template.braces.len() - 1;
    if at == SelectAt::Masked && target == 0 {
        return Err(StudyError::in_line(file, template.line, LineProblem::SameSides));
    }
    let words = &template.braces[target];
    let a = encode_side(subject, file, template, 0, &words[0], at)?;
    let b = encode_side(subject, file, template, 1, &words[1], at)?;
    let lengths = [a.ids.len(), b.ids.len()];
    let positions = [a.position, b.position];
    if lengths[0] != lengths[1] || positions[0] != positions[1] {
        let problem = LineProblem::UnequalSides { lengths, positions };
        return Err(StudyError::in_line(file, template.line, problem));
    }
    Ok([a, b])
}

fn encode_side(
    subject: Subject<'_>,
    file: &str,
    template: &Template,
    side: usize,
    word: &str,
    at: SelectAt,
) -> Result<Filled, StudyError> {
    let filled = fill(subject, file, template, side, template.braces.len() - 1, word)?;
    match at {
        SelectAt::Visible => Ok(filled),
        SelectAt::Masked => {
            let ids = filled.masked(subject.tokenizer.mask_id());
            Ok(Filled { ids, position: filled.position })
        }
    }
}
