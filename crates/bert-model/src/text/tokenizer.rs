use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::Arc,
};

use tokenizers::{
    AddedToken, Encoding, NormalizedString, Normalizer, Tokenizer,
    decoders::wordpiece::WordPiece as WordPieceDecoder, models::wordpiece::WordPiece,
    normalizers::BertNormalizer, pre_tokenizers::bert::BertPreTokenizer,
    processors::bert::BertProcessing,
};

use crate::{
    config::family::Family,
    error::BertModelError,
    fence::{fenced, fenced_in_time},
    text::{
        foreign::component_checks::read_whole, reconciled::bpe_codes,
        tokenizer_error::TokenizerError,
    },
};

/// The mask, as a text for any model may contain it. The model's own mask token is accepted too.
pub const MASK: &str = "[MASK]";

/// Options of `tokenizer_config.json` for a `vocab.txt`; the default is that of `transformers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordPieceOptions {
    /// Whether text is lower-cased first.
    pub lower_case: bool,
    /// Whether accents are removed from letters; by default as `lower_case`.
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
    /// Fills up short sequences; never used here.
    pub padding: String,
    /// Replaces a word that is not in the vocabulary.
    pub unknown: String,
    /// Stands before every text.
    pub class: String,
    /// Stands after every text.
    pub separator: String,
    /// Replaces a masked word.
    pub mask: String,
}

impl SpecialTokens {
    /// The special tokens of a family, which are used unless a file names others.
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

/// The special tokens of BERT.
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
    /// Whether each token was added, such as the class token.
    added: Vec<bool>,
    /// The number of each token's word, as the tokenizer cuts a text into words before it cuts these into
    /// tokens; none for tokens that were added.
    words: Vec<Option<u32>>,
}

impl Encoded {
    /// The bytes of the text that became the token at `position`; empty if the token was added.
    #[must_use]
    pub fn place(&self, position: usize) -> Range<usize> {
        self.spans.get(position).cloned().unwrap_or_default()
    }

    /// True if the token at `position` was added, such as the class token.
    #[must_use]
    pub fn is_added(&self, position: usize) -> bool {
        self.added[position]
    }

    /// The positions after `position` of the tokens of the same word.
    pub fn rest_of_word(&self, position: usize) -> impl Iterator<Item = usize> {
        let word = self.words[position];
        let after = position + 1..self.words.len();
        after.take_while(move |&next| word.is_some() && self.words[next] == word)
    }

    /// The positions of the tokens that a part of the text became; none if it has none.
    #[must_use]
    pub fn positions_in(&self, part: Range<usize>) -> Option<Range<usize>> {
        let is_inside = |span: &Range<usize>| {
            span.start < part.end && part.start < span.end && !span.is_empty()
        };
        let first = self.spans.iter().position(is_inside)?;
        let last = self.spans.iter().rposition(is_inside)?;
        Some(first..last + 1)
    }

    /// The position of each token that was not added, and its part of the text.
    fn written<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
        let spans = self.spans.iter().enumerate().filter(|(_, span)| !span.is_empty());
        spans.map(|(position, span)| (position, text.get(span.clone()).unwrap_or_default()))
    }
}

/// The tokenizer of a checkpoint.
#[derive(Clone, Debug)]
pub struct BertTokenizer {
    pub(crate) inner: Arc<Tokenizer>,
    /// Whether it has patterns of its own, whose time to read a text is not bounded.
    has_patterns: bool,
    /// Number of token embeddings, if the model has fewer than the tokenizer has tokens.
    embeddings: Option<usize>,
    pub(crate) unknown: Option<u32>,
    /// None for a decoder, which predicts a word from what stands before it.
    mask: Option<u32>,
    mask_token: String,
    special: HashSet<u32>,
    /// The texts of the added tokens, which the library may give in another form.
    added: HashMap<u32, String>,
    /// True if each letter is a word, as in a protein.
    pub(crate) reads_letters: bool,
    /// True if a piece after which its word goes on ends with `@@`, as in PhoBERT.
    pub(crate) has_joined_pieces: bool,
}

impl BertTokenizer {
    /// Reads a `tokenizer.json` as it is. Its padding and truncation are switched off: nothing is padded
    /// here, and a text that is too long is an error. So is its dropout: a text always becomes the same
    /// tokens.
    ///
    /// # Errors
    /// If the tokenizer cannot be read or does not suit the model ([`BertModelError::Tokenizer`]).
    pub fn from_json(json: &[u8], special: &SpecialTokens) -> Result<Self, BertModelError> {
        let (inner, has_patterns) = read_whole(json).map_err(BertModelError::Tokenizer)?;
        Self::new(inner, special, has_patterns)
    }

    /// Reads the `tokenizer.json` of a decoder as it is.
    ///
    /// # Errors
    /// If the tokenizer cannot be read or does not suit a decoder ([`BertModelError::Tokenizer`]).
    pub fn decoder_from_json(json: &[u8], special: &SpecialTokens) -> Result<Self, BertModelError> {
        let (inner, has_patterns) = read_whole(json).map_err(BertModelError::Tokenizer)?;
        Self::of_decoder(inner, special, has_patterns)
    }

    /// Builds BERT's WordPiece tokenizer from a `vocab.txt`, one token per line.
    ///
    /// # Errors
    /// If the vocabulary cannot be read or has no special tokens ([`BertModelError::Tokenizer`]).
    pub fn from_vocab(
        vocab: &[u8],
        options: WordPieceOptions,
        special: &SpecialTokens,
    ) -> Result<Self, BertModelError> {
        // Some editors put a byte order mark before the first token.
        let vocab = vocab.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(vocab);
        let vocab = WordPiece::read_bytes(vocab).map_err(library_error)?;
        let token_and_id = |token: &String| match vocab.get(token) {
            Some(&id) => Ok((token.clone(), id)),
            None => Err(no_special_token(token)),
        };
        // Each has to be there already: adding it below would invent an id for it.
        for token in special.all() {
            token_and_id(token)?;
        }
        let processor =
            BertProcessing::new(token_and_id(&special.separator)?, token_and_id(&special.class)?);
        let model = WordPiece::builder()
            .vocab(vocab)
            .unk_token(special.unknown.clone())
            .build()
            .map_err(library_error)?;

        let mut inner = Tokenizer::new(model);
        inner
            .with_normalizer(Some(BertNormalizer::new(
                true,
                options.split_chinese,
                options.strip_accents,
                options.lower_case,
            )))
            .map_err(library_error)?
            .with_pre_tokenizer(Some(BertPreTokenizer))
            .with_post_processor(Some(processor))
            .with_decoder(Some(WordPieceDecoder::default()));
        let tokens = special.all().map(|token| AddedToken::from(token.clone(), true));
        inner.add_special_tokens(tokens).map_err(library_error)?;
        Self::new(inner, special, false)
    }

    /// A tokenizer that puts its special tokens around a text, and reads the mask as one token.
    pub(crate) fn new(
        inner: Tokenizer,
        names: &SpecialTokens,
        has_patterns: bool,
    ) -> Result<Self, BertModelError> {
        check_added_tokens(&inner)?;
        let id = |token: &str| inner.token_to_id(token).ok_or_else(|| no_special_token(token));
        let mask = id(&names.mask)?;
        let frame = [id(&names.class)?, id(&names.separator)?];
        let tokenizer = Self::with_tokens(inner, names, has_patterns, Some(mask));
        tokenizer.check_frame(names, frame, mask)?;
        Ok(tokenizer)
    }

    /// A tokenizer of a decoder, which puts at most one token before a text and none after it.
    pub(crate) fn of_decoder(
        inner: Tokenizer,
        names: &SpecialTokens,
        has_patterns: bool,
    ) -> Result<Self, BertModelError> {
        check_added_tokens(&inner)?;
        let tokenizer = Self::with_tokens(inner, names, has_patterns, None);
        let before = tokenizer.encode("")?.ids;
        let some = tokenizer.encode("a")?;
        let ends_with_text = some.added.last() == Some(&false);
        if before.len() > 1 || !some.ids.starts_with(&before) || !ends_with_text {
            return Err(BertModelError::Tokenizer(TokenizerError::DecoderFrame));
        }
        Ok(tokenizer)
    }

    fn with_tokens(
        inner: Tokenizer,
        names: &SpecialTokens,
        has_patterns: bool,
        mask: Option<u32>,
    ) -> Self {
        let unknown = inner.token_to_id(&names.unknown);
        let mut special: HashSet<u32> =
            names.all().into_iter().filter_map(|token| inner.token_to_id(token)).collect();
        let mut added = HashMap::new();
        for (id, token) in inner.get_added_tokens_decoder() {
            if token.special {
                special.insert(id);
            }
            added.insert(id, token.content);
        }
        Self {
            inner: Arc::new(inner),
            has_patterns,
            embeddings: None,
            unknown,
            mask,
            mask_token: if mask.is_some() { names.mask.clone() } else { MASK.to_owned() },
            special,
            added,
            reads_letters: false,
            has_joined_pieces: false,
        }
    }

    /// Lets a text be an error if the model has no embedding for one of its tokens.
    ///
    /// # Errors
    /// If the model has no embedding for the mask or what is put around a text.
    pub(crate) fn limit_ids(&mut self, embeddings: usize) -> Result<(), BertModelError> {
        self.embeddings = Some(embeddings);
        self.encode(MASK).map(drop)
    }

    /// Checks that a text is encoded between these two tokens, and a mask as one token.
    fn check_frame(
        &self,
        names: &SpecialTokens,
        [class, separator]: [u32; 2],
        mask: u32,
    ) -> Result<(), BertModelError> {
        if self.encode("")?.ids != [class, separator] {
            return Err(BertModelError::Tokenizer(TokenizerError::NoFrame {
                class: names.class.clone(),
                separator: names.separator.clone(),
            }));
        }
        if self.encode(MASK)?.ids != [class, mask, separator] {
            let mask = self.mask_token.clone();
            return Err(BertModelError::Tokenizer(TokenizerError::SplitMask { mask }));
        }
        Ok(())
    }

    /// The text that replaces a masked word.
    #[must_use]
    pub fn mask_token(&self) -> &str {
        &self.mask_token
    }

    /// The id of the mask token; none for a decoder.
    #[must_use]
    pub fn mask_id(&self) -> Option<u32> {
        self.mask
    }

    /// The id of the token that stands for an unknown word, if there is one.
    #[must_use]
    pub fn unknown_id(&self) -> Option<u32> {
        self.unknown
    }

    /// True if each letter is a word, as in a protein.
    #[must_use]
    pub fn reads_letters(&self) -> bool {
        self.reads_letters
    }

    /// True if the model is a decoder, which reads only what stands before a word.
    #[must_use]
    pub fn is_of_decoder(&self) -> bool {
        self.mask.is_none()
    }

    /// The tokens from which the model predicts the token at `position` of `ids`, and the position at which
    /// the prediction is read: with a mask in its place, or those before it.
    ///
    /// # Errors
    /// If nothing stands before it, and the model is a decoder ([`BertModelError::NothingBefore`]).
    ///
    /// # Panics
    /// If there is no such position.
    pub fn ask(&self, ids: &[u32], position: usize) -> Result<(Vec<u32>, usize), BertModelError> {
        if let Some(mask) = self.mask {
            let mut masked = ids.to_vec();
            masked[position] = mask;
            return Ok((masked, position));
        }
        match position.checked_sub(1) {
            Some(before) => Ok((ids[..position].to_vec(), before)),
            None => Err(BertModelError::NothingBefore),
        }
    }

    /// Number of tokens in the vocabulary.
    #[must_use]
    pub fn vocabulary_size(&self) -> usize {
        self.vocabulary().count()
    }

    /// The highest id of any token.
    #[must_use]
    pub fn highest_id(&self) -> u32 {
        self.vocabulary().map(|(_, id)| id).max().unwrap_or_default()
    }

    /// The tokens of the vocabulary with their ids, in no order.
    pub(crate) fn vocabulary(&self) -> impl Iterator<Item = (String, u32)> {
        let vocabulary = self.inner.get_vocab(true).into_iter();
        let with_ids = vocabulary.filter(|&(_, id)| id < bpe_codes::NO_ID);
        with_ids.map(|(token, id)| (self.token(id).unwrap_or(token), id))
    }

    /// Whether the id is one of the special tokens, which stand for no word.
    #[must_use]
    pub fn is_special(&self, id: u32) -> bool {
        self.special.contains(&id)
    }

    /// The token of an id.
    #[must_use]
    pub fn token(&self, id: u32) -> Option<String> {
        match self.added.get(&id) {
            Some(token) => Some(token.clone()),
            None if self.has_joined_pieces => {
                self.inner.id_to_token(id).map(|piece| bpe_codes::vocabulary_form(&piece))
            }
            None => self.inner.id_to_token(id),
        }
    }

    /// The tokenizer as the text of a `tokenizer.json`.
    ///
    /// # Errors
    /// If the tokenizer cannot be written as JSON ([`BertModelError::Tokenizer`]).
    pub fn to_json(&self) -> Result<String, BertModelError> {
        self.inner.to_string(true).map_err(library_error)
    }

    /// Encodes one text, with a class token before and a separator after it. The text may contain a
    /// mask as the model's own mask token or as `[MASK]`.
    ///
    /// # Errors
    /// If the text cannot be encoded ([`BertModelError::Encode`]).
    pub fn encode(&self, text: &str) -> Result<Encoded, BertModelError> {
        let with_mask_tokens = text.replace(MASK, &self.mask_token);
        let encoding = self
            .run(&with_mask_tokens)
            .map_err(|message| BertModelError::Encode { text: text.to_owned(), message })?;
        let masks = MaskPlaces::new(text, &self.mask_token);
        let mut spans = Vec::with_capacity(encoding.len());
        for &(start, end) in encoding.get_offsets() {
            let span = trim_span(&with_mask_tokens, start..end);
            spans.push(masks.place_in_text(span.start)..masks.place_in_text(span.end));
        }
        let mut ids = encoding.get_ids().to_vec();
        for id in &mut ids {
            if *id >= bpe_codes::NO_ID {
                *id = self.unknown.unwrap_or_default();
            }
        }
        let tokens: Vec<String> =
            ids.iter().map(|&id| self.token(id).unwrap_or_default()).collect();
        if let Some(embeddings) = self.embeddings
            && let Some(position) = ids.iter().position(|&id| id as usize >= embeddings)
        {
            let token = tokens[position].clone();
            return Err(BertModelError::NoEmbedding { token, id: ids[position], embeddings });
        }
        let added = encoding.get_special_tokens_mask().iter().map(|&mask| mask == 1).collect();
        let words = encoding.get_word_ids().to_vec();
        Ok(Encoded { ids, tokens, spans, added, words })
    }

    /// Lets the library encode a text, or returns its message in one line.
    fn run(&self, text: &str) -> Result<Encoding, String> {
        let encode = |inner: &Tokenizer, text: &str| {
            inner.encode(text, true).map_err(|error| one_line(&error.to_string()))
        };
        let result = if self.has_patterns {
            let inner = Arc::clone(&self.inner);
            let text = text.to_owned();
            fenced_in_time(move || encode(&inner, &text))
        } else {
            fenced(|| encode(&self.inner, text))
        };
        result.unwrap_or_else(|fault| Err(fault.to_string()))
    }

    /// Encodes a text that contains a mask, and finds the positions of its masks. For a decoder it encodes
    /// what stands before the mask, at whose last token the prediction is read.
    ///
    /// # Errors
    /// If the text contains no mask ([`BertModelError::NoMask`]) or another special token
    /// ([`BertModelError::SpecialToken`]), or if it cannot be encoded ([`BertModelError::Encode`]).
    pub fn encode_masked(&self, text: &str) -> Result<(Encoded, Vec<usize>), BertModelError> {
        if self.is_of_decoder() {
            return self.encode_before_mask(text);
        }
        let encoded = self.encode(text)?;
        let mut masks = Vec::new();
        for (position, &id) in encoded.ids.iter().enumerate() {
            if Some(id) == self.mask {
                masks.push(position);
            } else if self.is_special(id) && !encoded.added[position] {
                let token = &encoded.tokens[position];
                // A word that is not in the vocabulary becomes a special token, but does not spell it.
                let is_spelled = text.get(encoded.place(position)) == Some(token.as_str());
                if self.unknown != Some(id) || is_spelled {
                    let token = token.clone();
                    return Err(BertModelError::SpecialToken { token, mask: MASK });
                }
            }
        }
        if masks.is_empty() {
            return Err(BertModelError::NoMask { mask: MASK });
        }
        Ok((encoded, masks))
    }

    /// Encodes what stands before the mask of a text, without one space before the mask, which belongs to
    /// the predicted word. Other white space is text, as in a sentence with the word in its place.
    fn encode_before_mask(&self, text: &str) -> Result<(Encoded, Vec<usize>), BertModelError> {
        let Some((before, after)) = text.split_once(MASK) else {
            return Err(BertModelError::NoMask { mask: MASK });
        };
        if after.contains(char::is_alphanumeric) {
            let after = after.trim().to_owned();
            return Err(BertModelError::TextAfterMask { after, mask: MASK });
        }
        let encoded = self.encode(before.strip_suffix(' ').unwrap_or(before))?;
        match encoded.ids.len().checked_sub(1) {
            Some(last) => Ok((encoded, vec![last])),
            None => Err(BertModelError::NothingBefore),
        }
    }

    /// The bytes of a text's mask whose prediction is read at `position` of its tokens, as
    /// [`BertTokenizer::encode_masked`] returns them.
    #[must_use]
    pub fn mask_place(&self, text: &str, encoded: &Encoded, position: usize) -> Range<usize> {
        if !self.is_of_decoder() {
            return encoded.place(position);
        }
        let start = text.find(MASK).unwrap_or(text.len());
        start..(start + MASK.len()).min(text.len())
    }

    /// The words of a text that are not in the vocabulary. A decoder's unknown token often is the one that ends
    /// a text; where the text spells it, it is meant.
    #[must_use]
    pub fn unknown_words(&self, encoded: &Encoded, text: &str) -> Vec<String> {
        encoded
            .written(text)
            .filter(|&(position, word)| {
                let is_meant = self.is_of_decoder() && word == encoded.tokens[position];
                self.unknown == Some(encoded.ids[position]) && !is_meant
            })
            .map(|(_, word)| word.to_owned())
            .collect()
    }
}

/// The places of the masks in a text, and in the same text with the model's mask token for each.
struct MaskPlaces {
    /// Start of each mask in the text.
    starts: Vec<usize>,
    token_length: usize,
}

impl MaskPlaces {
    fn new(text: &str, mask_token: &str) -> Self {
        let starts = text.match_indices(MASK).map(|(start, _)| start).collect();
        Self { starts, token_length: mask_token.len() }
    }

    /// The place in the text of a place in the text with mask tokens.
    fn place_in_text(&self, place: usize) -> usize {
        let starts = self.starts.iter().enumerate();
        // Where each mask token ends in the text with mask tokens.
        let ends = starts
            .map(|(index, start)| start + (index + 1) * self.token_length - index * MASK.len());
        let masks_before = ends.filter(|&end| end <= place).count();
        place + masks_before * MASK.len() - masks_before * self.token_length
    }
}

/// The part of `span` without white space around it. The library's ends may be inside a character.
fn trim_span(text: &str, span: Range<usize>) -> Range<usize> {
    let start = text.ceil_char_boundary(span.start);
    let end = text.ceil_char_boundary(span.end).max(start);
    // Some tokenizers count the space before a word to its token.
    let token = &text[start..end];
    let start = start + (token.len() - token.trim_start().len());
    start..start + token.trim().len()
}

/// A message in one line.
fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Checks that every added token is a text of its own after normalisation. The library would find an
/// empty one everywhere, without end, and one of two equal ones by chance.
fn check_added_tokens(inner: &Tokenizer) -> Result<(), BertModelError> {
    let mut tokens: Vec<AddedToken> = inner.get_added_tokens_decoder().into_values().collect();
    tokens.sort_by(|a, b| a.content.cmp(&b.content));
    let mut seen: HashMap<String, String> = HashMap::new();
    for token in tokens.into_iter().filter(|token| token.normalized) {
        let mut text = NormalizedString::from(token.content.as_str());
        let normalized = fenced(|| match inner.get_normalizer() {
            Some(normalizer) => normalizer.normalize(&mut text).is_ok(),
            None => true,
        });
        let token = token.content;
        if normalized != Ok(true) || text.get().is_empty() {
            return Err(BertModelError::Tokenizer(TokenizerError::EmptyToken { token }));
        }
        if let Some(other) = seen.insert(text.get().to_owned(), token.clone()) {
            return Err(BertModelError::Tokenizer(TokenizerError::EqualTokens { token, other }));
        }
    }
    Ok(())
}

fn library_error(error: impl std::fmt::Display) -> BertModelError {
    BertModelError::Tokenizer(TokenizerError::library(error))
}

fn no_special_token(token: &str) -> BertModelError {
    BertModelError::Tokenizer(TokenizerError::NoSpecialToken { token: token.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokenizer() -> BertTokenizer {
        let vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n.\nthe\ndog\nsaw\nhim\nh\n##u\n##m\n";
        from_vocab(vocab).unwrap()
    }

    fn from_vocab(vocab: &str) -> Result<BertTokenizer, BertModelError> {
        let special = SpecialTokens::default();
        BertTokenizer::from_vocab(vocab.as_bytes(), WordPieceOptions::default(), &special)
    }

    #[test]
    fn every_mask_is_found_and_any_other_special_token_is_an_error() {
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
    fn a_tokenizer_that_does_not_add_special_tokens_is_refused() {
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
