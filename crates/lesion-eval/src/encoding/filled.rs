//! Templates with a word filled in, as the model reads them.

use std::ops::Range;

use bert_model::BertModelError;

use crate::{error::StudyError, passes::subject::Subject, texts::template_lines::Template};

/// The tokens of a template with one word filled in.
#[derive(Clone, Debug)]
pub(crate) struct Filled {
    pub(crate) ids: Vec<u32>,
    /// Position of the filled word's token.
    pub(crate) position: usize,
}

impl Filled {
    /// Encodes a sentence and finds the token of the bytes `place` of it.
    ///
    /// # Errors
    /// If these bytes are not exactly one token, or the sentence is too long.
    pub(crate) fn encode(
        subject: Subject<'_>,
        sentence: &str,
        place: Range<usize>,
    ) -> Result<Self, BertModelError> {
        let encoded = subject.tokenizer.encode(sentence)?;
        let position = subject.tokenizer.position_of(&encoded, sentence, place)?;
        subject.check_length(&encoded.ids)?;
        Ok(Self { ids: encoded.ids, position })
    }

    /// The tokens with the mask in the place of the filled word.
    pub(crate) fn masked(&self, mask: u32) -> Vec<u32> {
        let mut ids = self.ids.clone();
        ids[self.position] = mask;
        ids
    }
}

/// Fills `word` into brace `brace`, and word number `side` into the other braces, and finds the
/// token of `word`.
///
/// # Errors
/// [`StudyError::Line`] if `word` is not one token of the model there, or the sentence is too long.
pub(crate) fn fill(
    subject: Subject<'_>,
    file: &str,
    template: &Template,
    side: usize,
    brace: usize,
    word: &str,
) -> Result<Filled, StudyError> {
    let (sentence, place) = template.fill_sides(side, brace, word);
    Filled::encode(subject, &sentence, place)
        .map_err(|error| StudyError::in_line(file, template.line, error))
}
