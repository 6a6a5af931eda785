//! The tokenizer that the files of a folder describe, as `transformers` 5.23 reads them.
//!
//! It chooses a class, takes the vocabulary and the added tokens from the files, and builds everything
//! else itself, except for a class of no model, for which all of `tokenizer.json` counts.

pub(crate) mod assemble;
pub(crate) mod bpe_codes;
pub(crate) mod declared_tokens;
pub(crate) mod option_file;
pub(crate) mod tokenizer_class;
pub(crate) mod tokenizer_folder;
