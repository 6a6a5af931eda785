//! The words that a model knows.

use crate::{loading::loaded_model::LoadedModel, questions::word_pattern::WordPattern};

/// The words that a model reads as one token after a space, in the order of its vocabulary. They can be
/// words of a contrast and candidates of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordList {
    /// The model.
    pub model: String,
    /// The words.
    pub words: Vec<String>,
}

/// Lists the words that a model knows: all, or those that fit a pattern. Pieces of words, punctuation
/// and special tokens are no words.
#[must_use]
pub fn list_words(model: &LoadedModel, like: Option<&WordPattern>) -> WordList {
    let is_wanted = |word: &str| like.is_none_or(|pattern| pattern.fits(word));
    WordList { model: model.name().to_owned(), words: model.tokenizer().known_words(is_wanted) }
}
