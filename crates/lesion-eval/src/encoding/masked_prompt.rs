//! Prompts as the model reads them, each with one word to predict.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use bert_model::MASK;
use study_record::{ScoreUnit, Tokens, Warning};

use crate::{
    encoding::{
        counterpart::Counterpart,
        filled::{FileEncoder, Filled},
        scored_sentences::ScoredSentences,
        word_keys::WordReader,
    },
    error::{CandidateProblem, InvalidLines, LineProblem, StudyError},
    passes::subject::Subject,
    texts::{
        contrast::Contrast,
        prompts::{Prompt, Prompts},
    },
};

/// A word that could be the predicted one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The word as it stands in the prompts file.
    pub word: String,
    /// Its token.
    pub id: u32,
}

/// The candidates of a prompt, each with a token of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Candidates {
    list: Vec<Candidate>,
    /// The place of each token in the list.
    places: HashMap<u32, usize>,
}

impl Candidates {
    /// Adds a word with the token `id`.
    ///
    /// # Errors
    /// If the word is a special token, or its token that of another candidate.
    pub(crate) fn add(
        &mut self,
        subject: Subject<'_>,
        word: &str,
        id: u32,
    ) -> Result<(), CandidateProblem> {
        if subject.tokenizer.is_special(id) {
            return Err(CandidateProblem::Special { word: word.to_owned() });
        }
        if let Some(&place) = self.places.get(&id) {
            let other = self.list[place].word.clone();
            return Err(CandidateProblem::SameToken { other, word: word.to_owned() });
        }
        self.places.insert(id, self.list.len());
        self.list.push(Candidate { word: word.to_owned(), id });
        Ok(())
    }

    /// The candidates in the order in which they were added.
    pub(crate) fn into_list(self) -> Vec<Candidate> {
        self.list
    }
}

/// A prompt as the model reads it: with a mask in the word's place, where the word is predicted. A
/// decoder reads what stands before the word, and predicts it at the last of these tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedPrompt {
    /// Index of the template in its file; lines that are skipped do not count.
    pub prompt: usize,
    /// The sentence, with [`MASK`] in the target's place.
    pub sentence: String,
    /// Position at which the word is predicted; that of the first token is 0.
    pub position: usize,
    /// The right word first, then the others.
    pub candidates: Vec<Candidate>,
    /// The label of the matched neuron set, if there is one.
    pub label: Option<String>,
    /// The name of the template's group, if it has one.
    pub group: Option<String>,
    /// The first template of its group, or the template itself: prompts with the same one are not
    /// independent observations.
    pub(crate) cluster: usize,
    /// The tokens that are read, with a mask if the model has one.
    pub(crate) masked: Vec<u32>,
    /// The tokens with the right word in the mask's place; for a decoder the same ones as in `masked`.
    pub(crate) unmasked: Vec<u32>,
    /// The other side of its template, if it has one.
    pub counterpart: Option<Counterpart>,
    /// Its sentences, one for each candidate, if these are scored. Then the position is that of the first
    /// token of the right word, the tokens are those of its sentence, and a candidate's token is its first.
    pub(crate) scored: Option<Arc<ScoredSentences>>,
}

impl MaskedPrompt {
    /// The score by which its candidates are compared.
    #[must_use]
    pub fn score(&self) -> ScoreUnit {
        if self.scored.is_some() { ScoreUnit::Sentence } else { ScoreUnit::Word }
    }

    /// The right word.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.candidates[0].word
    }

    /// The tokens that are read, with a mask if the model has one.
    #[must_use]
    pub fn tokens(&self) -> &[u32] {
        &self.masked
    }

    /// Number of tokens.
    #[must_use]
    pub fn length(&self) -> usize {
        self.masked.len()
    }

    /// Checks that the counterpart has a token for each of `tokens`.
    fn check_counterpart(&self, tokens: &Tokens) -> Result<(), LineProblem> {
        let Some(counterpart) = &self.counterpart else {
            return Err(LineProblem::NoCounterpart { target: self.target().to_owned() });
        };
        let lengths = [self.length(), counterpart.masked.len()];
        let positions = [self.position, counterpart.position];
        let is_aligned = lengths[0] == lengths[1] && positions[0] == positions[1];
        if *tokens != Tokens::Target && !is_aligned {
            return Err(LineProblem::UnalignedCounterpart { lengths, positions });
        }
        // A decoder does not read a context that stands after the word.
        if self.label.is_some() && counterpart.masked == self.masked {
            return Err(LineProblem::SameCounterpart { target: self.target().to_owned() });
        }
        Ok(())
    }

    /// Encodes every prompt of a file, whose candidates are compared by `score`.
    ///
    /// # Errors
    /// [`StudyError::Lines`] if lines are invalid: a candidate is not one token of the model or changes
    /// the tokens around it, unless sentences are scored; a label is not one of the contrast's; or two
    /// prompts are the same.
    pub fn encode_all(
        subject: Subject<'_>,
        prompts: &Prompts,
        contrast: &Contrast,
        score: ScoreUnit,
    ) -> Result<Vec<Self>, StudyError> {
        let mut invalid = InvalidLines::default();
        let encoded = Self::encode_valid_lines(
            subject,
            prompts,
            contrast,
            score,
            &mut invalid,
            &mut Vec::new(),
        );
        invalid.check()?;
        Ok(encoded)
    }

    /// As [`MaskedPrompt::encode_all`], with invalid lines left out and added to `invalid`, and doubts
    /// added to `warnings`.
    pub fn encode_valid_lines(
        subject: Subject<'_>,
        prompts: &Prompts,
        contrast: &Contrast,
        score: ScoreUnit,
        invalid: &mut InvalidLines,
        warnings: &mut Vec<Warning>,
    ) -> Vec<Self> {
        let mut encoder = FileEncoder::new(subject, &prompts.file);
        let mut words = WordReader::new(subject.tokenizer);
        let mut first_of_group: BTreeMap<&str, usize> = BTreeMap::new();
        let mut encoded = Vec::new();
        for prompt in prompts.iter() {
            let result = match score {
                ScoreUnit::Word => encode(&mut encoder, prompt),
                ScoreUnit::Sentence => encode_sentences(&mut encoder, prompt),
            };
            let Some(mut masked) = encoder.keep(prompt.template.line, result, invalid) else {
                continue;
            };
            let label = prompt.label(contrast, &mut |word: &str| words.key(word));
            masked.label = label.map(str::to_owned);
            if let Some(group) = &prompt.template.group {
                masked.cluster = *first_of_group.entry(group).or_insert(prompt.index);
            }
            encoded.push(masked);
        }
        warnings.extend(prompts.warnings.iter().cloned());
        encoder.doubts.warn(&prompts.file, warnings);
        prompts.check_labels(contrast, invalid, warnings);
        check_prompts_differ(prompts, &encoded, invalid);
        encoded
    }
}

/// Finds prompts whose neurons cannot be patched at `tokens`: those without a counterpart; if they are lesioned,
/// with one that the model reads as the prompt; or, unless only the token of the prediction is patched, with one
/// of other positions.
pub fn check_counterparts(
    prompts: &Prompts,
    encoded: &[MaskedPrompt],
    tokens: &Tokens,
    invalid: &mut InvalidLines,
) {
    for prompt in encoded {
        if let Err(problem) = prompt.check_counterpart(tokens) {
            invalid.add(&prompts.file, prompts.templates[prompt.prompt].line, problem);
        }
    }
}

/// Finds prompts that are the same to the model as one of an earlier line, with the same right word. They would
/// count as two observations, whatever the other candidates are, except within a group.
fn check_prompts_differ(prompts: &Prompts, encoded: &[MaskedPrompt], invalid: &mut InvalidLines) {
    let mut known = HashMap::new();
    for masked in encoded {
        let right = masked.candidates[0].id;
        let input = (&masked.masked, masked.position, right, &masked.label, &masked.scored);
        let earlier: &MaskedPrompt = known.entry(input).or_insert(masked);
        if earlier.prompt != masked.prompt && earlier.cluster != masked.cluster {
            let first = prompts.templates[earlier.prompt].line;
            let line = prompts.templates[masked.prompt].line;
            invalid.add(&prompts.file, line, LineProblem::SameInput { first, same_label: true });
        }
    }
}

fn encode(encoder: &mut FileEncoder<'_>, prompt: Prompt<'_>) -> Result<MaskedPrompt, LineProblem> {
    let Prompt { index, brace, template } = prompt;
    let subject = encoder.subject;
    let right = encoder.fill(template, 0, brace, prompt.right())?;
    let asked = right.asked(subject)?;
    let mut candidates = Candidates::default();
    candidates.add(subject, prompt.right(), right.ids[right.position])?;
    for word in &template.braces[brace][1..] {
        let filled: Filled = encoder.fill(template, 0, brace, word)?;
        candidates.add(subject, word, filled.ids[filled.position])?;
        if filled.asked(subject)?.ids != asked.ids {
            let right = prompt.right().to_owned();
            return Err(LineProblem::Surroundings { right, word: word.clone() });
        }
    }
    Ok(MaskedPrompt {
        prompt: index,
        sentence: template.fill(brace, MASK).0,
        position: asked.position,
        candidates: candidates.into_list(),
        label: None,
        group: template.group.clone(),
        cluster: index,
        unmasked: if subject.tokenizer.is_of_decoder() { asked.ids.clone() } else { right.ids },
        masked: asked.ids,
        counterpart: Counterpart::encode(subject, prompt),
        scored: None,
    })
}

/// Encodes a prompt whose sentences are scored, one for each candidate.
fn encode_sentences(
    encoder: &mut FileEncoder<'_>,
    prompt: Prompt<'_>,
) -> Result<MaskedPrompt, LineProblem> {
    let Prompt { index, brace, template } = prompt;
    let subject = encoder.subject;
    let mut scored = ScoredSentences::default();
    let mut candidates = Vec::with_capacity(prompt.words().len());
    let mut right: Option<Filled> = None;
    for word in prompt.words() {
        let (encoded, place) = encoder.encode(template, 0, brace, word)?;
        scored.add(subject, &encoded)?;
        let positions = encoded.positions_in(place);
        let position = positions.map_or(0, |positions| positions.start);
        let filled = Filled { ids: encoded.ids, position };
        candidates.push(Candidate { word: word.clone(), id: filled.ids[position] });
        right.get_or_insert(filled);
    }
    if let Some((first, other)) = scored.find_same() {
        let words = [first, other].map(|place| prompt.words()[place].clone());
        return Err(LineProblem::SameWords { words });
    }
    let Filled { ids, position } = right.unwrap_or_default();
    Ok(MaskedPrompt {
        prompt: index,
        sentence: template.fill(brace, MASK).0,
        position,
        candidates,
        label: None,
        group: template.group.clone(),
        cluster: index,
        unmasked: ids.clone(),
        masked: ids,
        counterpart: None,
        scored: Some(Arc::new(scored)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_mask_can_be_patched_from_a_counterpart_of_another_length() {
        let prompt = MaskedPrompt {
            prompt: 0,
            sentence: String::new(),
            position: 2,
            candidates: vec![Candidate { word: "him".to_owned(), id: 50 }],
            label: None,
            group: None,
            cluster: 0,
            masked: vec![2, 40, 4, 3],
            unmasked: Vec::new(),
            scored: None,
            counterpart: Some(Counterpart {
                sentence: String::new(),
                position: 3,
                masked: vec![2, 40, 41, 4, 3],
            }),
        };
        assert!(prompt.check_counterpart(&Tokens::Target).is_ok());
        let read =
            Counterpart { masked: prompt.masked.clone(), ..prompt.counterpart.clone().unwrap() };
        let mut same = MaskedPrompt { counterpart: Some(read), ..prompt.clone() };
        assert!(same.check_counterpart(&Tokens::Target).is_ok());
        same.label = Some("him".to_owned());
        let problem = same.check_counterpart(&Tokens::Target).unwrap_err().to_string();
        assert!(problem.contains("would change nothing"), "{problem}");
        for tokens in [Tokens::All, Tokens::Offsets(vec![0])] {
            let problem = prompt.check_counterpart(&tokens).unwrap_err().to_string();
            assert!(
                problem.contains("4 and 5 tokens, with the word predicted at 2 and 3"),
                "{problem}"
            );
        }
    }
}
