//! Masked prompts as the model reads them.

use bert_model::MASK;

use crate::{
    encoding::filled::{Filled, fill},
    error::StudyError,
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
    /// Adds a word, of token `id`, to those that could stand at a mask. Fails with the reason why
    /// it cannot be one of them.
    pub(crate) fn add(
        candidates: &mut Vec<Self>,
        subject: Subject<'_>,
        word: &str,
        id: u32,
    ) -> Result<(), String> {
        if subject.tokenizer.is_special(id) {
            return Err(format!("{word:?} is a special token, no word to predict"));
        }
        if let Some(Self { word: other, .. }) = candidates.iter().find(|same| same.id == id) {
            return Err(format!("{other:?} and {word:?} are one token for this model"));
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
    /// [`StudyError::Line`] where a candidate is not one token of the model, or changes the tokens
    /// around it, or a label is none of the contrast's.
    pub fn encode_all(
        subject: Subject<'_>,
        prompts: &Prompts,
        contrast: &Contrast,
    ) -> Result<Vec<Self>, StudyError> {
        prompts.check_labels(contrast)?;
        prompts.iter().map(|prompt| encode(subject, prompts, prompt, contrast)).collect()
    }
}

fn encode(
    subject: Subject<'_>,
    prompts: &Prompts,
    prompt: Prompt<'_>,
    contrast: &Contrast,
) -> Result<MaskedPrompt, StudyError> {
    let problem = |problem: String| StudyError::Line {
        file: prompts.file.clone(),
        line: prompt.template.line,
        problem,
    };
    let words = &prompt.template.braces[prompt.brace];
    let fill = |word: &String| fill(subject, &prompts.file, prompt.template, 0, prompt.brace, word);
    let filled: Vec<Filled> = words.iter().map(fill).collect::<Result<_, _>>()?;
    let (right, mask) = (&filled[0], subject.tokenizer.mask_id());
    let masked = right.masked(mask);
    let mut candidates: Vec<Candidate> = Vec::new();
    for (word, filled) in words.iter().zip(&filled) {
        let id = filled.ids[filled.position];
        Candidate::add(&mut candidates, subject, word, id).map_err(problem)?;
        if filled.masked(mask) != masked {
            let right = prompt.right();
            return Err(problem(format!("{right:?} and {word:?} leave other tokens around them")));
        }
    }
    Ok(MaskedPrompt {
        prompt: prompt.index,
        sentence: prompt.template.fill(prompt.brace, MASK).0,
        position: right.position,
        candidates,
        label: prompt.label(contrast).map(str::to_owned),
        masked,
        unmasked: right.ids.clone(),
    })
}
