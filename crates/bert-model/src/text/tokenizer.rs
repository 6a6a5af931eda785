use std::{collections::HashSet, ops::Range};

use tokenizers::{
    AddedToken, Tokenizer, decoders::wordpiece::WordPiece as WordPieceDecoder,
    models::wordpiece::WordPiece, normalizers::BertNormalizer,
    pre_tokenizers::bert::BertPreTokenizer, processors::bert::BertProcessing,
};

use crate::{config::family::Family, error::BertModelError};

/// How a mask may be written in a text for any model, beside the model's own mask token.
pub const MASK: &str = "[MASK]";

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

/// The tokens that stand for no word, as the files of a checkpoint write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecialTokens {
    /// Fills sequences up; never used here.
    pub padding: String,
    /// Stands for what the vocabulary does not have.
    pub unknown: String,
    /// Stands before every text.
    pub class: String,
    /// Stands after every text.
    pub separator: String,
    /// Stands for a masked word.
    pub mask: String,
}

impl SpecialTokens {
    /// Those of a family's tokenizers where no file says others.
    #[must_use]
    pub fn of(family: Family) -> Self {
        let [padding, unknown, class, separator, mask] =
            family.traits().special_tokens.map(str::to_owned);
        Self { padding, unknown, class, separator, mask }
    }

    fn all(&self) -> [&String; 5] {
        [&self.padding, &self.unknown, &self.class, &self.separator, &self.mask]
    }
}

/// BERT's.
impl Default for SpecialTokens {
    fn default() -> Self {
        Self::of(Family::Bert)
    }
}

/// A text as the model reads it, special tokens included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Token ids; position 0 is the class token, `[CLS]` or `<s>`.
    pub ids: Vec<u32>,
    /// The tokens as the vocabulary writes them.
    pub tokens: Vec<String>,
    /// Byte range of each token in the text, without white space around it; empty for special
    /// tokens that were added.
    pub(crate) spans: Vec<Range<usize>>,
}

impl Encoded {
    /// The bytes of the text that the token at `position` stands for; none where it was added.
    #[must_use]
    pub fn place(&self, position: usize) -> Range<usize> {
        self.spans.get(position).cloned().unwrap_or_default()
    }

    /// The position of each token that stands in the text, and what stands there.
    fn written<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
        let spans = self.spans.iter().enumerate().filter(|(_, span)| !span.is_empty());
        spans.map(|(position, span)| (position, text.get(span.clone()).unwrap_or_default()))
    }
}

/// The tokenizer of a checkpoint.
#[derive(Clone, Debug)]
pub struct BertTokenizer {
    pub(crate) inner: Tokenizer,
    pub(crate) unknown: Option<u32>,
    mask: u32,
    mask_token: String,
    special: HashSet<u32>,
}

impl BertTokenizer {
    /// Reads a `tokenizer.json`. Padding and truncation that it may ask for are switched off:
    /// nothing is padded here, and a text that is too long is an error.
    ///
    /// # Errors
    /// [`BertModelError::Tokenizer`].
    pub fn from_json(json: &[u8], special: &SpecialTokens) -> Result<Self, BertModelError> {
        Self::new(Tokenizer::from_bytes(json).map_err(tokenizer_error)?, special)
    }

    /// Builds BERT's WordPiece tokenizer from a `vocab.txt`, one token a line.
    ///
    /// # Errors
    /// [`BertModelError::Tokenizer`].
    pub fn from_vocab(
        vocab: &[u8],
        options: WordPieceOptions,
        special: &SpecialTokens,
    ) -> Result<Self, BertModelError> {
        // Some editors put a byte order mark before the first token.
        let vocab = vocab.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(vocab);
        let vocab = WordPiece::read_bytes(vocab).map_err(tokenizer_error)?;
        let id = |token: &String| {
            let reason = || format!("vocab.txt has no {token}");
            let id = vocab.get(token).ok_or_else(|| BertModelError::Tokenizer { reason: reason() });
            Ok::<_, BertModelError>((token.clone(), *id?))
        };
        // Each has to be there already: adding it below would invent an id for it.
        for token in special.all() {
            id(token)?;
        }
        let processor = BertProcessing::new(id(&special.separator)?, id(&special.class)?);
        let model = WordPiece::builder()
            .vocab(vocab)
            .unk_token(special.unknown.clone())
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
        let tokens = special.all().map(|token| AddedToken::from(token.clone(), true));
        inner.add_special_tokens(tokens).map_err(tokenizer_error)?;
        Self::new(inner, special)
    }

    fn new(mut inner: Tokenizer, names: &SpecialTokens) -> Result<Self, BertModelError> {
        inner.with_padding(None);
        inner.with_truncation(None).map_err(tokenizer_error)?;
        let id = |token: &str| {
            let reason = || format!("the vocabulary has no {token}");
            inner.token_to_id(token).ok_or_else(|| BertModelError::Tokenizer { reason: reason() })
        };
        let SpecialTokens { class, separator, mask: mask_token, .. } = names;
        let (mask, class_id, separator_id) = (id(mask_token)?, id(class)?, id(separator)?);
        let unknown = inner.token_to_id(&names.unknown);
        let added = inner.get_added_tokens_decoder();
        let added = added.into_iter().filter(|(_, token)| token.special).map(|(id, _)| id);
        let named = names.all().into_iter().filter_map(|token| inner.token_to_id(token));
        let special = added.chain(named).collect();
        let mask_token = mask_token.clone();
        let tokenizer = Self { inner, unknown, mask, mask_token, special };
        if tokenizer.encode("")?.ids != [class_id, separator_id] {
            let reason = format!("it does not put {class} before and {separator} after a text");
            return Err(BertModelError::Tokenizer { reason });
        }
        if tokenizer.encode(MASK)?.ids != [class_id, mask, separator_id] {
            let reason = format!("it does not read {} as one token", tokenizer.mask_token);
            return Err(BertModelError::Tokenizer { reason });
        }
        Ok(tokenizer)
    }

    /// The text that stands for a masked word.
    #[must_use]
    pub fn mask_token(&self) -> &str {
        &self.mask_token
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
        self.special.contains(&id)
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

    /// Encodes one text, with a class token before and a separator after it. A mask may be written
    /// as the model's own mask token or as `[MASK]`.
    ///
    /// # Errors
    /// [`BertModelError::Encode`].
    pub fn encode(&self, text: &str) -> Result<Encoded, BertModelError> {
        let own = text.replace(MASK, &self.mask_token);
        let encoding = self.inner.encode(own.as_str(), true).map_err(|error| {
            BertModelError::Encode { text: text.to_owned(), reason: error.to_string() }
        })?;
        // From a place in `own` to that in `text`.
        let (from, to) = (self.mask_token.len(), MASK.len());
        let masks: Vec<usize> = text.match_indices(MASK).map(|(start, _)| start).collect();
        let place = |at: usize| {
            let ends = masks.iter().enumerate().map(|(i, start)| start + (i + 1) * from - i * to);
            let before = ends.filter(|&end| end <= at).count();
            at + before * to - before * from
        };
        let span = |&(start, end): &(usize, usize)| {
            // Some tokenizers count the space before a word to its token.
            let token = own.get(start..end).unwrap_or_default();
            let start = start + (token.len() - token.trim_start().len());
            place(start)..place(start + token.trim().len())
        };
        let ids = encoding.get_ids().to_vec();
        Ok(Encoded {
            tokens: ids.iter().map(|&id| self.token(id).unwrap_or_default()).collect(),
            ids,
            spans: encoding.get_offsets().iter().map(span).collect(),
        })
    }

    /// Encodes a text that has a mask in it, and says at which positions.
    ///
    /// # Errors
    /// [`BertModelError::NoMask`] where there is none, [`BertModelError::SpecialToken`] where
    /// another special token stands in the text, [`BertModelError::Encode`].
    pub fn encode_masked(&self, text: &str) -> Result<(Encoded, Vec<usize>), BertModelError> {
        let encoded = self.encode(text)?;
        let (masks, others): (Vec<_>, Vec<_>) = encoded
            .written(text)
            .filter(|&(at, _)| self.is_special(encoded.ids[at]))
            .partition(|&(at, _)| encoded.ids[at] == self.mask);
        // What is no token of the vocabulary is read as a special one, but does not spell it.
        let spelt = |&&(at, word): &&(usize, &str)| word == encoded.tokens[at];
        if let Some(&(_, token)) = others.iter().find(spelt) {
            return Err(BertModelError::SpecialToken { token: token.to_owned(), mask: MASK });
        }
        if masks.is_empty() {
            return Err(BertModelError::NoMask { mask: MASK });
        }
        let masks = masks.into_iter().map(|(at, _)| at).collect();
        Ok((encoded, masks))
    }

    /// The words of a text that are not in the vocabulary.
    #[must_use]
    pub fn unknown_words(&self, encoded: &Encoded, text: &str) -> Vec<String> {
        let unknown = |&(at, _): &(usize, &str)| self.unknown == Some(encoded.ids[at]);
        encoded.written(text).filter(unknown).map(|(_, word)| word.to_owned()).collect()
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
        from_vocab(vocab).unwrap()
    }

    fn from_vocab(vocab: &str) -> Result<BertTokenizer, BertModelError> {
        let (options, special) = (WordPieceOptions::default(), SpecialTokens::default());
        BertTokenizer::from_vocab(vocab.as_bytes(), options, &special)
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
    fn special_tokens_are_never_invented() {
        let special = Family::Bert.traits().special_tokens;
        for missing in special {
            let error = from_vocab(&special.join("\n").replace(missing, "other")).unwrap_err();
            assert!(error.to_string().contains(missing), "{error}");
        }
    }

    #[test]
    fn a_tokenizer_that_frames_no_text_is_refused() {
        let json = tokenizer().to_json().unwrap();
        let mut json: serde_json::Value = serde_json::from_str(&json).unwrap();
        json["post_processor"] = serde_json::Value::Null;
        let json = json.to_string();
        let error = BertTokenizer::from_json(json.as_bytes(), &SpecialTokens::default());
        let error = error.unwrap_err();
        assert!(error.to_string().contains("[CLS] before"), "{error}");
    }

    #[test]
    fn json_and_vocab_give_the_same_tokenizer() {
        let from_vocab = tokenizer();
        let json = from_vocab.to_json().unwrap();
        let from_json = BertTokenizer::from_json(json.as_bytes(), &SpecialTokens::default());
        let from_json = from_json.unwrap();
        let text = "The hum [MASK] zebra, Dog.";
        assert_eq!(from_vocab.encode(text).unwrap(), from_json.encode(text).unwrap());
    }
}
