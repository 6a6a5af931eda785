//! The position of a word's token in a text.

use std::{collections::HashSet, ops::Range};

use crate::{
    error::BertModelError,
    text::tokenizer::{BertTokenizer, Encoded},
};

/// Marks that byte-level and unigram tokenizers write for the space before a word.
pub(crate) const SPACES: [char; 2] = ['Ġ', '▁'];

/// Least similarity of a suggested word, by Jaro and Winkler's measure, from 0 to 1.
const SIMILAR: f64 = 0.75;
/// Number of words that are suggested.
const SUGGESTIONS: usize = 3;
/// Words that are tried before the search for suggestions ends.
const TRIED: usize = 50;

impl BertTokenizer {
    /// The position of the single token that the bytes `word` of `text` became.
    ///
    /// # Errors
    /// If the word is several tokens ([`BertModelError::SplitWord`], which suggests words that would
    /// be one in its place), not in the vocabulary ([`BertModelError::UnknownWord`]), or only a part
    /// of its token ([`BertModelError::PartOfToken`]).
    pub fn position_of(
        &self,
        encoded: &Encoded,
        text: &str,
        word: Range<usize>,
    ) -> Result<usize, BertModelError> {
        self.find_word(encoded, text, word.clone()).map_err(|error| match error {
            BertModelError::SplitWord { word: name, pieces, .. } => {
                let suggestions = self.suggest(text, word);
                BertModelError::SplitWord { word: name, pieces, suggestions }
            }
            other => other,
        })
    }

    /// As [`BertTokenizer::position_of`], without suggestions, which take a search of the vocabulary.
    ///
    /// # Errors
    /// If the word is not one token, as in [`BertTokenizer::position_of`].
    pub fn find_word(
        &self,
        encoded: &Encoded,
        text: &str,
        word: Range<usize>,
    ) -> Result<usize, BertModelError> {
        let mut covering: Vec<usize> = (0..encoded.spans.len())
            .filter(|&position| {
                let span = &encoded.spans[position];
                span.start < word.end && word.start < span.end
            })
            .collect();
        // The space before a word is the word's first piece if the next token does not contain it.
        if let Some(space) = covering.first().and_then(|first| first.checked_sub(1))
            && encoded.tokens[space].chars().all(|c| SPACES.contains(&c))
            && !encoded.tokens[space + 1].starts_with(SPACES)
        {
            covering.insert(0, space);
        }
        let name = || text.get(word.clone()).unwrap_or_default().to_owned();
        match covering[..] {
            [position] if self.unknown == Some(encoded.ids[position]) => {
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
                Err(BertModelError::SplitWord { word: name(), pieces, suggestions: Vec::new() })
            }
        }
    }

    /// The words most similar to the bytes `word` of `text` that would be one token in its place.
    fn suggest(&self, text: &str, word: Range<usize>) -> Vec<String> {
        let before = &text[..word.start];
        let after = &text[word.end..];
        self.similar_words(&text[word].to_lowercase())
            .into_iter()
            .take(TRIED)
            .filter(|token| self.is_one_token(before, token, after))
            .take(SUGGESTIONS)
            .collect()
    }

    /// Tokens that are similar to `name` and might be words, the most similar first.
    fn similar_words(&self, name: &str) -> Vec<String> {
        let mut words: Vec<(f64, u32, String)> = self
            .vocabulary()
            .map(|(token, id)| (token.trim_start_matches(SPACES).to_owned(), id))
            .filter(|(token, _)| {
                token.chars().count() > 1 && token.chars().all(char::is_alphabetic)
            })
            .map(|(token, id)| (strsim::jaro_winkler(name, &token.to_lowercase()), id, token))
            .filter(|(similarity, _, token)| *similarity >= SIMILAR && token.to_lowercase() != name)
            .collect();
        words.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut seen = HashSet::new();
        words.retain(|(_, _, token)| seen.insert(token.to_lowercase()));
        words.into_iter().map(|(_, _, token)| token).collect()
    }

    /// Whether `token` between these texts is encoded as one token. A token of the vocabulary may be
    /// a piece of words only.
    fn is_one_token(&self, before: &str, token: &str, after: &str) -> bool {
        let text = format!("{before}{token}{after}");
        let place = before.len()..before.len() + token.len();
        self.encode(&text).and_then(|encoded| self.find_word(&encoded, &text, place)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use crate::text::tokenizer::{BertTokenizer, SpecialTokens, WordPieceOptions};

    fn tokenizer() -> BertTokenizer {
        let vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n.\nthe\ndog\nsaw\nhim\nh\n##u\n##m\n";
        let special = SpecialTokens::default();
        BertTokenizer::from_vocab(vocab.as_bytes(), WordPieceOptions::default(), &special).unwrap()
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
        assert_eq!(Some(encoded.ids[position]), tokenizer.mask_id());
    }

    #[test]
    fn split_and_unknown_words_are_named() {
        let tokenizer = tokenizer();
        let text = "The hum saw zebras.";
        let encoded = tokenizer.encode(text).unwrap();
        let split = tokenizer.position_of(&encoded, text, 4..7).unwrap_err();
        assert_eq!(
            split.to_string(),
            "\"hum\" is 3 tokens (h ##u ##m); one is needed; words of one token like it: him"
        );
        let unknown = tokenizer.position_of(&encoded, text, 12..18).unwrap_err();
        assert_eq!(unknown.to_string(), "\"zebras\" is not in the model's vocabulary");
    }

    #[test]
    fn a_part_of_a_token_is_an_error() {
        let tokenizer = tokenizer();
        let encoded = tokenizer.encode("The dog.").unwrap();
        let part = tokenizer.position_of(&encoded, "The dog.", 4..6).unwrap_err();
        assert!(part.to_string().starts_with("\"do\" is only a part of the token \"dog\""));
    }
}
