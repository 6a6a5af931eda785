use std::ops::Range;

use tokenizers::{
    AddedToken, Tokenizer, decoders::wordpiece::WordPiece as WordPieceDecoder,
    models::wordpiece::WordPiece, normalizers::BertNormalizer,
    pre_tokenizers::bert::BertPreTokenizer, processors::bert::BertProcessing,
};

use crate::BertModelError;

const UNKNOWN: &str = "[UNK]";
const CLASS: &str = "[CLS]";
const SEPARATOR: &str = "[SEP]";
const MASK: &str = "[MASK]";
const SPECIALS: [&str; 5] = ["[PAD]", UNKNOWN, CLASS, SEPARATOR, MASK];

/// What a `tokenizer_config.json` says of a `vocab.txt`; the default is that of `transformers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordPieceOptions {
    /// Whether text is lower-cased first.
    pub lower_case: bool,
    /// Whether accents are taken off letters; as `lower_case` where it is not said.
    pub strip_accents: Option<bool>,
    /// Whether each Chinese character is a word.
    pub split_chinese: bool,
}

impl Default for WordPieceOptions {
    fn default() -> Self {
        Self { lower_case: true, strip_accents: None, split_chinese: true }
    }
}

/// A text as the model reads it, `[CLS]` and `[SEP]` included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Token ids; position 0 is `[CLS]`.
    pub ids: Vec<u32>,
    /// The tokens as text.
    pub tokens: Vec<String>,
    /// Byte range of each token in the text; empty for special tokens that were added.
    spans: Vec<Range<usize>>,
}

impl Encoded {
    /// The position of each token that stands in the text, and what stands there.
    fn written<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
        let spans = self.spans.iter().enumerate().filter(|(_, span)| !span.is_empty());
        spans.map(|(position, span)| (position, text.get(span.clone()).unwrap_or_default()))
    }
}

/// The tokenizer of a checkpoint.
#[derive(Clone, Debug)]
pub struct BertTokenizer {
    inner: Tokenizer,
    unknown: u32,
    mask: u32,
}

impl BertTokenizer {
    /// Reads a `tokenizer.json`. Padding and truncation that it may ask for are switched off:
    /// nothing is padded here, and a text that is too long is an error.
    ///
    /// # Errors
    /// [`BertModelError::Tokenizer`].
    pub fn from_json(json: &[u8]) -> Result<Self, BertModelError> {
        Self::new(Tokenizer::from_bytes(json).map_err(tokenizer_error)?)
    }

    /// Builds BERT's WordPiece tokenizer from a `vocab.txt`, one token a line.
    ///
    /// # Errors
    /// [`BertModelError::Tokenizer`].
    pub fn from_vocab(vocab: &[u8], options: WordPieceOptions) -> Result<Self, BertModelError> {
        // Some editors put a byte order mark before the first token.
        let vocab = vocab.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(vocab);
        let vocab = WordPiece::read_bytes(vocab).map_err(tokenizer_error)?;
        let id = |token: &str| {
            let reason = || format!("vocab.txt has no {token}");
            let id = vocab.get(token).ok_or_else(|| BertModelError::Tokenizer { reason: reason() });
            Ok::<_, BertModelError>((token.to_owned(), *id?))
        };
        // Each has to be there already: adding it below would invent an id for it.
        for special in SPECIALS {
            id(special)?;
        }
        let processor = BertProcessing::new(id(SEPARATOR)?, id(CLASS)?);
        let model = WordPiece::builder()
            .vocab(vocab)
            .unk_token(UNKNOWN.to_owned())
            .build()
            .map_err(tokenizer_error)?;

        let mut inner = Tokenizer::new(model);
        inner
            .with_normalizer(Some(BertNormalizer::new(
                true,
                options.split_chinese,
                options.strip_accents,
                options.lower_case,
            )))
            .map_err(tokenizer_error)?
            .with_pre_tokenizer(Some(BertPreTokenizer))
            .with_post_processor(Some(processor))
            .with_decoder(Some(WordPieceDecoder::default()));
        let specials = SPECIALS.map(|token| AddedToken::from(token, true));
        inner.add_special_tokens(specials).map_err(tokenizer_error)?;
        Self::new(inner)
    }

    fn new(mut inner: Tokenizer) -> Result<Self, BertModelError> {
        inner.with_padding(None);
        inner.with_truncation(None).map_err(tokenizer_error)?;
        let id = |token: &str| {
            let reason = || format!("the vocabulary has no {token}");
            inner.token_to_id(token).ok_or_else(|| BertModelError::Tokenizer { reason: reason() })
        };
        let (unknown, mask) = (id(UNKNOWN)?, id(MASK)?);
        let frame = [id(CLASS)?, id(SEPARATOR)?];
        let tokenizer = Self { inner, unknown, mask };
        if tokenizer.encode("")?.ids != frame {
            let reason = format!("it does not put {CLASS} before and {SEPARATOR} after a text");
            return Err(BertModelError::Tokenizer { reason });
        }
        Ok(tokenizer)
    }

    /// The text that stands for a masked word.
    #[must_use]
    pub fn mask_token(&self) -> &'static str {
        MASK
    }

    /// The id of the mask token.
    #[must_use]
    pub fn mask_id(&self) -> u32 {
        self.mask
    }

    /// Number of tokens in the vocabulary.
    #[must_use]
    pub fn vocabulary_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The highest id of any token.
    #[must_use]
    pub fn highest_id(&self) -> u32 {
        self.inner.get_vocab(true).into_values().max().unwrap_or_default()
    }

    /// Whether the id is one of the special tokens, which are no words.
    #[must_use]
    pub fn is_special(&self, id: u32) -> bool {
        self.token(id).is_some_and(|token| SPECIALS.contains(&token.as_str()))
    }

    /// The token of an id.
    #[must_use]
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The tokenizer as the text of a `tokenizer.json`.
    ///
    /// # Errors
    /// [`BertModelError::Tokenizer`].
    pub fn to_json(&self) -> Result<String, BertModelError> {
        self.inner.to_string(true).map_err(tokenizer_error)
    }

    /// Encodes one text, with `[CLS]` and `[SEP]`.
    ///
    /// # Errors
    /// [`BertModelError::Encode`].
    pub fn encode(&self, text: &str) -> Result<Encoded, BertModelError> {
        let encoding = self.inner.encode(text, true).map_err(|error| BertModelError::Encode {
            text: text.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Encoded {
            ids: encoding.get_ids().to_vec(),
            tokens: encoding.get_tokens().to_vec(),
            spans: encoding.get_offsets().iter().map(|&(start, end)| start..end).collect(),
        })
    }

    /// Encodes a text that has the mask token in it, and says at which positions.
    ///
    /// # Errors
    /// [`BertModelError::NoMask`] where there is none, [`BertModelError::SpecialToken`] where
    /// another special token stands in the text, [`BertModelError::Encode`].
    pub fn encode_masked(&self, text: &str) -> Result<(Encoded, Vec<usize>), BertModelError> {
        let encoded = self.encode(text)?;
        let special = |word: &str| word != MASK && SPECIALS.contains(&word);
        if let Some((_, token)) = encoded.written(text).find(|(_, word)| special(word)) {
            return Err(BertModelError::SpecialToken { token: token.to_owned(), mask: MASK });
        }
        let masks = |&position: &usize| encoded.ids[position] == self.mask;
        let masks: Vec<usize> = (0..encoded.ids.len()).filter(masks).collect();
        if masks.is_empty() {
            return Err(BertModelError::NoMask { mask: MASK });
        }
        Ok((encoded, masks))
    }

    /// The words of a text that are not in the vocabulary.
    #[must_use]
    pub fn unknown_words(&self, encoded: &Encoded, text: &str) -> Vec<String> {
        let unknown = encoded.written(text).filter(|&(at, _)| encoded.ids[at] == self.unknown);
        unknown.map(|(_, word)| word.to_owned()).collect()
    }

    /// The position of the one token that the bytes `word` of `text` became.
    ///
    /// # Errors
    /// [`BertModelError::SplitWord`] where it is several tokens, [`BertModelError::UnknownWord`]
    /// where it is not in the vocabulary.
    pub fn position_of(
        &self,
        encoded: &Encoded,
        text: &str,
        word: Range<usize>,
    ) -> Result<usize, BertModelError> {
        let covering: Vec<usize> = (0..encoded.spans.len())
            .filter(|&i| {
                let span = &encoded.spans[i];
                span.start < word.end && word.start < span.end
            })
            .collect();
        let name = || text.get(word.clone()).unwrap_or_default().to_owned();
        match covering[..] {
            [position] if encoded.ids[position] == self.unknown => {
                Err(BertModelError::UnknownWord { word: name() })
            }
            [position] if encoded.spans[position] == word => Ok(position),
            [position] => {
                let span = encoded.spans[position].clone();
                let token = text.get(span).unwrap_or_default().to_owned();
                Err(BertModelError::PartOfToken { word: name(), token })
            }
            [] => Err(BertModelError::UnknownWord { word: name() }),
            _ => {
                let pieces = covering.iter().map(|&i| encoded.tokens[i].clone()).collect();
                Err(BertModelError::SplitWord { word: name(), pieces })
            }
        }
    }
}

fn tokenizer_error(error: impl std::fmt::Display) -> BertModelError {
    BertModelError::Tokenizer { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokenizer() -> BertTokenizer {
        let vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n.\nthe\ndog\nsaw\nhim\nh\n##u\n##m\n";
        BertTokenizer::from_vocab(vocab.as_bytes(), WordPieceOptions::default()).unwrap()
    }

    #[test]
    fn a_word_is_found_by_its_place_in_the_text() {
        let tokenizer = tokenizer();
        let text = "The dog saw HIM.";
        let encoded = tokenizer.encode(text).unwrap();
        assert_eq!(encoded.tokens, ["[CLS]", "the", "dog", "saw", "him", ".", "[SEP]"]);
        assert_eq!(tokenizer.position_of(&encoded, text, 12..15).unwrap(), 4);
    }

    #[test]
    fn a_mask_is_one_token() {
        let tokenizer = tokenizer();
        let text = "The dog saw [MASK].";
        let encoded = tokenizer.encode(text).unwrap();
        let position = tokenizer.position_of(&encoded, text, 12..18).unwrap();
        assert_eq!(encoded.ids[position], tokenizer.mask_id());
    }

    #[test]
    fn every_mask_is_found_and_no_other_special_token_may_stand_in_a_text() {
        let tokenizer = tokenizer();
        let text = "The [MASK] saw zebras and [MASK].";
        let (encoded, masks) = tokenizer.encode_masked(text).unwrap();
        assert_eq!(masks, [2, 6]);
        assert_eq!(tokenizer.unknown_words(&encoded, text), ["zebras", "and"]);
        let error = |text: &str| tokenizer.encode_masked(text).unwrap_err().to_string();
        assert!(error("The [mask] saw.").starts_with("no [MASK] in the sentence"));
        for special in ["[SEP]", "[CLS]", "[PAD]", "[UNK]"] {
            assert!(error(&format!("The {special} saw [MASK].")).starts_with(special));
        }
    }

    #[test]
    fn split_and_unknown_words_are_named() {
        let tokenizer = tokenizer();
        let text = "The hum saw zebras.";
        let encoded = tokenizer.encode(text).unwrap();
        let split = tokenizer.position_of(&encoded, text, 4..7).unwrap_err();
        assert_eq!(split.to_string(), "\"hum\" is 3 tokens (h ##u ##m); one is needed");
        let unknown = tokenizer.position_of(&encoded, text, 12..18).unwrap_err();
        assert_eq!(unknown.to_string(), "\"zebras\" is not in the model's vocabulary");
    }

    #[test]
    fn a_part_of_a_token_is_no_target() {
        let tokenizer = tokenizer();
        let encoded = tokenizer.encode("The dog.").unwrap();
        let part = tokenizer.position_of(&encoded, "The dog.", 4..6).unwrap_err();
        assert!(part.to_string().starts_with("\"do\" is only a part of the token \"dog\""));
    }

    #[test]
    fn special_tokens_are_never_invented() {
        for missing in SPECIALS {
            let vocab = SPECIALS.join("\n").replace(missing, "other");
            let error = BertTokenizer::from_vocab(vocab.as_bytes(), WordPieceOptions::default());
            assert!(error.unwrap_err().to_string().contains(missing));
        }
    }

    #[test]
    fn a_tokenizer_that_frames_no_text_is_refused() {
        let json = tokenizer().to_json().unwrap();
        let mut json: serde_json::Value = serde_json::from_str(&json).unwrap();
        json["post_processor"] = serde_json::Value::Null;
        let error = BertTokenizer::from_json(json.to_string().as_bytes()).unwrap_err();
        assert!(error.to_string().contains("[CLS] before"), "{error}");
    }

    #[test]
    fn json_and_vocab_give_the_same_tokenizer() {
        let from_vocab = tokenizer();
        let from_json = BertTokenizer::from_json(from_vocab.to_json().unwrap().as_bytes()).unwrap();
        let text = "The hum [MASK] zebra, Dog.";
        assert_eq!(from_vocab.encode(text).unwrap(), from_json.encode(text).unwrap());
    }
}
