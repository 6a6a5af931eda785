//! Finds the one token of a word in a text.

use std::{collections::HashSet, ops::Range};

use crate::{
    error::BertModelError,
    text::tokenizer::{BertTokenizer, Encoded},
};

/// What byte-level and unigram tokenizers write for the space before a word.
const SPACES: [char; 2] = ['Ġ', '▁'];

/// How alike a word has to be to be suggested, by Jaro and Winkler's measure, from 0 to 1.
const ALIKE: f64 = 0.75;
const SUGGESTIONS: usize = 3;
/// Words that are tried before the search for suggestions ends.
const TRIED: usize = 50;

impl BertTokenizer {
    /// The position of the one token that the bytes `word` of `text` became.
    ///
    /// # Errors
    /// [`BertModelError::SplitWord`] where it is several tokens, with words that are one in its
    /// place; [`BertModelError::UnknownWord`] where it is not in the vocabulary;
    /// [`BertModelError::PartOfToken`] where its token is more than the word.
    pub fn position_of(
        &self,
        encoded: &Encoded,
        text: &str,
        word: Range<usize>,
    ) -> Result<usize, BertModelError> {
        self.find(encoded, text, word.clone()).map_err(|error| match error {
            BertModelError::SplitWord { word: name, pieces, .. } => {
                let suggestions = self.suggestions(text, word);
                BertModelError::SplitWord { word: name, pieces, suggestions }
            }
            other => other,
        })
    }

    /// The same without suggestions.
    fn find(
        &self,
        encoded: &Encoded,
        text: &str,
        word: Range<usize>,
    ) -> Result<usize, BertModelError> {
        let mut covering: Vec<usize> = (0..encoded.spans.len())
            .filter(|&i| {
                let span = &encoded.spans[i];
                span.start < word.end && word.start < span.end
            })
            .collect();
        // The space before a word is its first piece where the rest does not begin with it.
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

    /// The words most like the bytes `word` of `text` that would be one token in its place.
    fn suggestions(&self, text: &str, word: Range<usize>) -> Vec<String> {
        let (before, after) = (&text[..word.start], &text[word.end..]);
        let name = text[word].to_lowercase();
        let mut words: Vec<(f64, u32, String)> = self
            .inner
            .get_vocab(true)
            .into_iter()
            .map(|(token, id)| (token.trim_start_matches(SPACES).to_owned(), id))
            .filter(|(token, _)| {
                token.chars().count() > 1 && token.chars().all(char::is_alphabetic)
            })
            .map(|(token, id)| (strsim::jaro_winkler(&name, &token.to_lowercase()), id, token))
            .filter(|(alike, _, token)| *alike >= ALIKE && token.to_lowercase() != name)
            .collect();
        words.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut seen = HashSet::new();
        words.retain(|(_, _, token)| seen.insert(token.to_lowercase()));
        // A token may be a piece of words only; in the text it shows.
        let whole = |token: &String| {
            let text = format!("{before}{token}{after}");
            let place = before.len()..before.len() + token.len();
            let found = self.encode(&text).and_then(|encoded| self.find(&encoded, &text, place));
            found.is_ok()
        };
        let tokens = words.into_iter().take(TRIED).map(|(_, _, token)| token);
        tokens.filter(whole).take(SUGGESTIONS).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::text::tokenizer::{BertTokenizer, SpecialTokens, WordPieceOptions};

    fn tokenizer() -> BertTokenizer {
        let vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n.\nthe\ndog\nsaw\nhim\nh\n##u\n##m\n";
        let (options, special) = (WordPieceOptions::default(), SpecialTokens::default());
        BertTokenizer::from_vocab(vocab.as_bytes(), options, &special).unwrap()
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
    fn a_part_of_a_token_is_no_target() {
        let tokenizer = tokenizer();
        let encoded = tokenizer.encode("The dog.").unwrap();
        let part = tokenizer.position_of(&encoded, "The dog.", 4..6).unwrap_err();
        assert!(part.to_string().starts_with("\"do\" is only a part of the token \"dog\""));
    }
}
