//! From text to tokens, and to the position of a word among them.

pub(crate) mod foreign;
pub(crate) mod known_words;
pub(crate) mod reconciled;
pub(crate) mod tokenizer;
pub(crate) mod tokenizer_error;
pub(crate) mod word_position;
