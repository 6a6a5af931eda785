//! Templates with a word filled in, as the model reads them.

use std::ops::Range;

use bert_model::{BertModelError, Encoded, MASK};

use crate::{
    encoding::word_doubts::WordDoubts,
    error::{InvalidLines, LineProblem},
    passes::subject::Subject,
    texts::template_lines::Template,
};

/// The tokens of a template with one word filled in; for a decoder, those up to this word.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filled {
    pub(crate) ids: Vec<u32>,
    /// Position of the filled word's token, or of its last one if it may be several.
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
        Self::find(subject, sentence, place, encoded, true)
    }

    /// Finds the token of the bytes `place` of an encoded sentence. The search for words that would be
    /// one token, `with_suggestions`, takes some time.
    ///
    /// # Errors
    /// If these bytes are not exactly one token, or the sentence is too long.
    fn find(
        subject: Subject<'_>,
        sentence: &str,
        place: Range<usize>,
        encoded: Encoded,
        with_suggestions: bool,
    ) -> Result<Self, BertModelError> {
        let position = if with_suggestions {
            subject.tokenizer.position_of(&encoded, sentence, place)?
        } else {
            subject.tokenizer.find_word(&encoded, sentence, place)?
        };
        let mut ids = encoded.ids;
        if subject.tokenizer.is_of_decoder() {
            ids.truncate(position + 1);
        }
        subject.check_length(&ids)?;
        Ok(Self { ids, position })
    }

    /// The tokens from which the filled word is predicted, and the position at which its prediction is read:
    /// with the mask in its place or, for a decoder, those before it.
    ///
    /// # Errors
    /// If the model is a decoder, and the word is the first token.
    pub(crate) fn asked(&self, subject: Subject<'_>) -> Result<Self, BertModelError> {
        let (ids, position) = subject.tokenizer.ask(&self.ids, self.position)?;
        Ok(Self { ids, position })
    }
}

/// The lines of a file that are being encoded.
pub(crate) struct FileEncoder<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) file: &'a str,
    pub(crate) doubts: WordDoubts,
    /// Invalid lines that were found.
    found: usize,
}

/// The most invalid lines whose errors suggest other words.
const MOST_SUGGESTIONS: usize = 20;

impl<'a> FileEncoder<'a> {
    pub(crate) fn new(subject: Subject<'a>, file: &'a str) -> Self {
        Self { subject, file, doubts: WordDoubts::default(), found: 0 }
    }

    /// Fills `word` into brace `brace`, and word number `side` into the other braces, and finds the
    /// token of `word`.
    ///
    /// # Errors
    /// If `word` is not one token of the model there, or the sentence is too long.
    pub(crate) fn fill(
        &mut self,
        template: &Template,
        side: usize,
        brace: usize,
        word: &str,
    ) -> Result<Filled, LineProblem> {
        let (sentence, place) = template.fill_sides(side, brace, word);
        let encoded = self.encode_sentence(template, &sentence)?;
        if self.subject.tokenizer.is_of_decoder()
            && sentence[place.end..].contains(char::is_alphanumeric)
        {
            self.doubts.add_unread(template.line);
        }
        let with_suggestions = self.found < MOST_SUGGESTIONS;
        Ok(Filled::find(self.subject, &sentence, place, encoded, with_suggestions)?)
    }

    /// Fills `word`, which may be several tokens, into brace `brace`, and word number `side` into the other
    /// braces. Returns the tokens of the sentence, and the bytes of it that the word is.
    ///
    /// # Errors
    /// If the sentence cannot be encoded.
    pub(crate) fn encode(
        &mut self,
        template: &Template,
        side: usize,
        brace: usize,
        word: &str,
    ) -> Result<(Encoded, Range<usize>), LineProblem> {
        let (sentence, place) = template.fill_sides(side, brace, word);
        Ok((self.encode_sentence(template, &sentence)?, place))
    }

    /// Fills `word` as [`FileEncoder::encode`] does, and finds its last token.
    ///
    /// # Errors
    /// If the sentence cannot be encoded or is too long.
    pub(crate) fn fill_last(
        &mut self,
        template: &Template,
        side: usize,
        brace: usize,
        word: &str,
    ) -> Result<Filled, LineProblem> {
        let (encoded, place) = self.encode(template, side, brace, word)?;
        let position = encoded.positions_in(place).map_or(0, |positions| positions.end - 1);
        let mut ids = encoded.ids;
        if self.subject.tokenizer.is_of_decoder() {
            ids.truncate(position + 1);
        }
        self.subject.check_length(&ids)?;
        Ok(Filled { ids, position })
    }

    /// Encodes a sentence of a template, with the doubts about its words.
    fn encode_sentence(
        &mut self,
        template: &Template,
        sentence: &str,
    ) -> Result<Encoded, LineProblem> {
        if self.subject.tokenizer.is_of_decoder() && sentence.contains(MASK) {
            return Err(BertModelError::MaskForDecoder { mask: MASK }.into());
        }
        let encoded = self.subject.tokenizer.encode(sentence)?;
        self.doubts.add(self.subject.tokenizer, template.line, sentence, &encoded);
        Ok(encoded)
    }

    /// The result of a line, unless it is invalid: then it is added to `invalid`.
    pub(crate) fn keep<T>(
        &mut self,
        line: usize,
        result: Result<T, LineProblem>,
        invalid: &mut InvalidLines,
    ) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(problem) => {
                self.found += 1;
                invalid.add(self.file, line, problem);
                None
            }
        }
    }
}
