//! Words as a model reads them by themselves.

use std::collections::HashMap;

use bert_model::BertTokenizer;

use crate::texts::contrast::WordKey;

/// A reader of words, which keeps what it has read.
pub(crate) struct WordReader<'a> {
    tokenizer: &'a BertTokenizer,
    keys: HashMap<String, WordKey>,
}

impl<'a> WordReader<'a> {
    pub(crate) fn new(tokenizer: &'a BertTokenizer) -> Self {
        Self { tokenizer, keys: HashMap::new() }
    }

    /// The key of a word. A word with a part that the model does not know is only itself.
    pub(crate) fn key(&mut self, word: &str) -> WordKey {
        if let Some(key) = self.keys.get(word) {
            return key.clone();
        }
        let key = self.read(word);
        self.keys.insert(word.to_owned(), key.clone());
        key
    }

    fn read(&self, word: &str) -> WordKey {
        match self.tokenizer.encode(word) {
            Ok(encoded) if self.tokenizer.unknown_words(&encoded, word).is_empty() => {
                WordKey::Tokens(encoded.ids)
            }
            _ => WordKey::Unknown(word.to_owned()),
        }
    }
}
