//! Stimuli as the model reads them.

use std::collections::HashMap;

use study_record::{ScoreUnit, SelectAt, SelectionSettings, StimuliCounts, TTestKind, Warning};

use crate::{
    encoding::{
        filled::{FileEncoder, Filled},
        word_keys::WordReader,
    },
    error::{InvalidLines, LineProblem, StudyError},
    passes::subject::Subject,
    texts::{
        contrast::Contrast, stimuli::Stimuli, stimuli_layout::StimuliLayout,
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
    /// Encodes every sentence for a selection with these settings. If sentences are scored (`score`), a
    /// visible target may be several tokens: neurons are tested at its last one.
    ///
    /// # Errors
    /// [`StudyError::Lines`] if lines are invalid: a target is not one token of the model, the sides
    /// of a pair have different numbers of tokens, unless sentences are scored, or are the same, a pair is the other way round than
    /// others, two lines are the same to the model, or there is a third label. [`StudyError::File`] if
    /// there are fewer than 2 pairs, or 2 sentences of each label, or 2 groups of them, or if the
    /// settings ask for the paired test of single sentences.
    pub fn encode(
        subject: Subject<'_>,
        stimuli: &Stimuli,
        settings: &SelectionSettings,
        score: ScoreUnit,
    ) -> Result<Self, StudyError> {
        let mut invalid = InvalidLines::default();
        let encoded = Self::encode_valid_lines(
            subject,
            stimuli,
            settings,
            score,
            &mut invalid,
            &mut Vec::new(),
        )?;
        invalid.check()?;
        Ok(encoded)
    }

    /// As [`EncodedStimuli::encode`], with invalid lines added to `invalid`, and doubts to `warnings`.
    /// If there are invalid lines, only the contrast of the result has a meaning.
    ///
    /// # Errors
    /// If no line is invalid, and there are too few; or if the settings ask for the paired test of
    /// single sentences. Both are a [`StudyError::File`].
    pub fn encode_valid_lines(
        subject: Subject<'_>,
        stimuli: &Stimuli,
        settings: &SelectionSettings,
        score: ScoreUnit,
        invalid: &mut InvalidLines,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, StudyError> {
        let test = stimuli.test(settings)?;
        let mut encoder = FileEncoder::new(subject, &stimuli.file);
        let mut sentences = Vec::with_capacity(2 * stimuli.templates.len());
        let mut valid = Stimuli { templates: Vec::new(), ..stimuli.clone() };
        for template in &stimuli.templates {
            let may_be_several = score == ScoreUnit::Sentence && settings.at == SelectAt::Visible;
            let encoded = match (stimuli.paired, may_be_several) {
                (true, false) => encode_pair(&mut encoder, template, settings.at),
                (true, true) => encode_pair_of_any_length(&mut encoder, template),
                (false, false) => {
                    encode_side(&mut encoder, template, 0, settings.at).map(|filled| vec![filled])
                }
                (false, true) => fill_last(&mut encoder, template, 0).map(|filled| vec![filled]),
            };
            if let Some(sides) = encoder.keep(template.line, encoded, invalid) {
                sentences.extend(sides);
                valid.templates.push(template.clone());
            }
        }
        warnings.extend(stimuli.warnings.iter().cloned());
        encoder.doubts.warn(&stimuli.file, warnings);
        let mut words = WordReader::new(subject.tokenizer);
        let mut read = |word: &str| words.key(word);
        let (contrast, layout) = valid.arrange(&mut read, invalid, warnings)?;
        check_inputs_differ(&valid, &layout, &sentences, invalid);
        Ok(Self { contrast, layout, test, sentences })
    }

    /// The two labels.
    #[must_use]
    pub fn contrast(&self) -> &Contrast {
        &self.contrast
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

/// Finds lines that are the same to the model as an earlier one, such as sentences that differ only in
/// a target that is masked. Two of one label are allowed within a group.
fn check_inputs_differ(
    stimuli: &Stimuli,
    layout: &StimuliLayout,
    sentences: &[Filled],
    invalid: &mut InvalidLines,
) {
    let mut known: HashMap<(&[u32], usize, &[u32]), usize> = HashMap::new();
    let mut sides = vec![0; stimuli.templates.len()];
    if !layout.paired {
        for &line in &layout.lines[1] {
            sides[line] = 1;
        }
    }
    let per_line = if layout.paired { 2 } else { 1 };
    for (line, inputs) in sentences.chunks(per_line).enumerate() {
        let other_side = inputs.get(1).map_or(&[][..], |side| &side.ids);
        let input = (&inputs[0].ids[..], inputs[0].position, other_side);
        let earlier = *known.entry(input).or_insert(line);
        let (first, second) = (&stimuli.templates[earlier], &stimuli.templates[line]);
        let same_label = sides[earlier] == sides[line];
        let same_group = first.group.is_some() && first.group == second.group;
        if earlier != line && !(same_label && same_group) {
            let problem = LineProblem::SameInput { first: first.line, same_label };
            invalid.add(&stimuli.file, second.line, problem);
        }
    }
}

/// Side a and side b of a pair.
fn encode_pair(
    encoder: &mut FileEncoder<'_>,
    template: &Template,
    at: SelectAt,
) -> Result<Vec<Filled>, LineProblem> {
    let target = template.braces.len() - 1;
    if at == SelectAt::Masked && target == 0 {
        return Err(LineProblem::SameSides);
    }
    let a = fill_target(encoder, template, 0)?;
    let b = fill_target(encoder, template, 1)?;
    if a.ids[a.position] == b.ids[b.position] {
        let words = &template.braces[target];
        return Err(LineProblem::SameWords { words: [words[0].clone(), words[1].clone()] });
    }
    let lengths = [a.ids.len(), b.ids.len()];
    let positions = [a.position, b.position];
    if lengths[0] != lengths[1] || positions[0] != positions[1] {
        return Err(LineProblem::UnequalSides { lengths, positions });
    }
    let sides = vec![seen_at(encoder.subject, a, at)?, seen_at(encoder.subject, b, at)?];
    if sides[0].ids == sides[1].ids {
        return Err(LineProblem::SameTokens { unknown: encoder.doubts.unknown(template.line) });
    }
    Ok(sides)
}

/// Side a and side b of a pair whose targets may be several tokens, each with its last one.
fn encode_pair_of_any_length(
    encoder: &mut FileEncoder<'_>,
    template: &Template,
) -> Result<Vec<Filled>, LineProblem> {
    let sides = vec![fill_last(encoder, template, 0)?, fill_last(encoder, template, 1)?];
    if sides[0].ids == sides[1].ids {
        return Err(LineProblem::SameTokens { unknown: encoder.doubts.unknown(template.line) });
    }
    Ok(sides)
}

fn encode_side(
    encoder: &mut FileEncoder<'_>,
    template: &Template,
    side: usize,
    at: SelectAt,
) -> Result<Filled, LineProblem> {
    let filled = fill_target(encoder, template, side)?;
    seen_at(encoder.subject, filled, at)
}

/// One side of a template, with a target of one or several tokens.
fn fill_last(
    encoder: &mut FileEncoder<'_>,
    template: &Template,
    side: usize,
) -> Result<Filled, LineProblem> {
    let target = template.braces.len() - 1;
    encoder.fill_last(template, side, target, &template.braces[target][side])
}

/// One side of a template, with its target visible.
fn fill_target(
    encoder: &mut FileEncoder<'_>,
    template: &Template,
    side: usize,
) -> Result<Filled, LineProblem> {
    let target = template.braces.len() - 1;
    encoder.fill(template, side, target, &template.braces[target][side])
}

/// A sentence as the model reads it, with its target visible or to be predicted.
fn seen_at(subject: Subject<'_>, filled: Filled, at: SelectAt) -> Result<Filled, LineProblem> {
    match at {
        SelectAt::Visible => Ok(filled),
        SelectAt::Masked => Ok(filled.asked(subject)?),
    }
}
