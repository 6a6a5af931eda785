//! Masked prompts as the model reads them.

use std::collections::BTreeMap;

use bert_model::MASK;

use crate::{
    encoding::filled::{Filled, fill},
    error::{CandidateProblem, LineProblem, StudyError},
    passes::subject::Subject,
    texts::{
        prompts::{Prompt, Prompts},
        stimuli::Contrast,
    },
};

/// A word that could stand at the mask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The word as it stands in the prompts file.
    pub word: String,
    /// Its token.
    pub id: u32,
}

impl Candidate {
    /// Adds a word with the token `id` to the candidates at a mask.
    ///
    /// # Errors
    /// If the word is a special token, or its token that of another candidate.
    pub(crate) fn add(
        candidates: &mut Vec<Self>,
        subject: Subject<'_>,
        word: &str,
        id: u32,
    ) -> Result<(), CandidateProblem> {
        if subject.tokenizer.is_special(id) {
            return Err(CandidateProblem::Special { word: word.to_owned() });
        }
        if let Some(same) = candidates.iter().find(|candidate| candidate.id == id) {
            let other = same.word.clone();
            return Err(CandidateProblem::SameToken { other, word: word.to_owned() });
        }
        candidates.push(Self { word: word.to_owned(), id });
        Ok(())
    }
}

/// A prompt as the model reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedPrompt {
    /// Index of the template in its file; lines that are skipped do not count.
    pub prompt: usize,
    /// The sentence, with [`MASK`] in the target's place.
    pub sentence: String,
    /// Position of the mask; `[CLS]` is 0.
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
    /// The tokens, with the mask.
    pub(crate) masked: Vec<u32>,
    /// The tokens with the right word in the mask's place.
    pub(crate) unmasked: Vec<u32>,
}

impl MaskedPrompt {
    /// The right word.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.candidates[0].word
    }

    /// The tokens, with the mask.
    #[must_use]
    pub fn tokens(&self) -> &[u32] {
        &self.masked
    }

    /// Number of tokens.
    #[must_use]
    pub fn length(&self) -> usize {
        self.masked.len()
    }

    /// Encodes every prompt of a file.
    ///
    /// # Errors
    /// [`StudyError::Line`] if a candidate is not one token of the model or changes the tokens
    /// around it, or if a label is not one of the contrast's.
    pub fn encode_all(
        subject: Subject<'_>,
        prompts: &Prompts,
        contrast: &Contrast,
    ) -> Result<Vec<Self>, StudyError> {
        prompts.check_labels(contrast)?;
        let mut first_of_group: BTreeMap<&str, usize> = BTreeMap::new();
        let mut encoded = Vec::new();
        for prompt in prompts.iter() {
            let mut masked = encode(subject, &prompts.file, prompt, contrast)?;
            if let Some(group) = &prompt.template.group {
                masked.cluster = *first_of_group.entry(group).or_insert(prompt.index);
            }
            encoded.push(masked);
        }
        Ok(encoded)
    }
}

fn encode(
    subject: Subject<'_>,
    file: &str,
    prompt: Prompt<'_>,
    contrast: &Contrast,
) -> Result<MaskedPrompt, StudyError> {
    let Prompt { index, brace, template } = prompt;
    let words = &template.braces[brace];
    let mut sentences: Vec<Filled> = Vec::with_capacity(words.len());
    for word in words {
        sentences.push(fill(subject, file, template, 0, brace, word)?);
    }
    let mask = subject.tokenizer.mask_id();
    let masked = sentences[0].masked(mask);
    let mut candidates: Vec<Candidate> = Vec::with_capacity(words.len());
    for (word, sentence) in words.iter().zip(&sentences) {
        let id = sentence.ids[sentence.position];
        Candidate::add(&mut candidates, subject, word, id)
            .map_err(|problem| StudyError::in_line(file, template.line, problem))?;
        if sentence.masked(mask) != masked {
            let right = prompt.right().to_owned();
            let problem = LineProblem::Surroundings { right, word: word.clone() };
            return Err(StudyError::in_line(file, template.line, problem));
        }
    }
    Ok(MaskedPrompt {
        prompt: index,
        sentence: template.fill(brace, MASK).0,
        position: sentences[0].position,
        candidates,
        label: prompt.label(contrast).map(str::to_owned),
        group: template.group.clone(),
        cluster: index,
        masked,
        unmasked: sentences.swap_remove(0).ids,
    })
}
