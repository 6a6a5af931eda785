//! The words that a model knows: those that it reads as one token.

use rayon::prelude::*;

use crate::{
    fence::fenced,
    text::{tokenizer::BertTokenizer, word_position::SPACES},
};

/// A text before a word, so that the word does not begin the sentence.
const BEFORE: &str = "a ";

impl BertTokenizer {
    /// The words that are one token after a space, in the order of the vocabulary, without pieces of
    /// words, punctuation and special tokens. Words that `is_wanted` rejects are left out.
    #[must_use]
    pub fn known_words(&self, is_wanted: impl Fn(&str) -> bool + Sync) -> Vec<String> {
        let mut ids: Vec<u32> = self.vocabulary().map(|(_, id)| id).collect();
        ids.sort_unstable();
        ids.dedup();
        let word = |&id: &u32| {
            let word = self.spelling(id)?;
            let is_known = is_wanted(&word) && self.reads_as(&word, id);
            is_known.then_some(word)
        };
        ids.par_iter().filter_map(word).collect()
    }

    /// The text of a token that may be a word, without the space before it.
    fn spelling(&self, id: u32) -> Option<String> {
        if self.is_special(id) {
            return None;
        }
        let token = self.token(id)?;
        let decoded = match self.inner.get_decoder() {
            // Byte-level tokens write bytes that are no letters as other letters.
            Some(_) => fenced(|| self.inner.decode(&[id], false).ok()).ok().flatten()?,
            None => token.trim_start_matches(SPACES).to_owned(),
        };
        let word = decoded.trim();
        word.contains(char::is_alphanumeric).then(|| word.to_owned())
    }

    /// True if the model reads a word after a space as the token `id`.
    fn reads_as(&self, word: &str, id: u32) -> bool {
        let text = format!("{BEFORE}{word}");
        let Ok(encoded) = self.encode(&text) else { return false };
        let position = self.find_word(&encoded, &text, BEFORE.len()..text.len());
        position.is_ok_and(|position| encoded.ids[position] == id)
    }
}

#[cfg(test)]
mod tests {
    use crate::text::tokenizer::{BertTokenizer, SpecialTokens, WordPieceOptions};

    #[test]
    fn words_are_whole_tokens_in_the_order_of_the_vocabulary() {
        let vocab =
            "[PAD]\n[unused1]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n.\nthe\ndog\nHim\nhim\n##u\n7\n日\n";
        let special = SpecialTokens::default();
        let options = WordPieceOptions::default();
        let tokenizer = BertTokenizer::from_vocab(vocab.as_bytes(), options, &special).unwrap();
        // The tokenizer writes `Him` in lower case, so that this token never occurs.
        assert_eq!(tokenizer.known_words(|_| true), ["the", "dog", "him", "7", "日"]);
        assert_eq!(tokenizer.known_words(|word| word.ends_with('g')), ["dog"]);
    }
}
