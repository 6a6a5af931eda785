//! A tokenizer from the files of a checkpoint directory.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{
    config::family::Family,
    error::BertModelError,
    text::{
        tokenizer::{BertTokenizer, SpecialTokens, WordPieceOptions},
        tokenizer_error::TokenizerError,
    },
    weights::read_file::read_file,
};

/// The keys of `tokenizer_config.json` and `special_tokens_map.json` that are read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Options {
    do_lower_case: Option<bool>,
    strip_accents: Option<bool>,
    tokenize_chinese_chars: Option<bool>,
    pad_token: Option<Token>,
    unk_token: Option<Token>,
    cls_token: Option<Token>,
    sep_token: Option<Token>,
    mask_token: Option<Token>,
}

/// A special token: its text alone, or its text among other properties.
#[derive(Deserialize)]
#[serde(untagged)]
enum Token {
    Text(String),
    Described { content: String },
}

impl Token {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) | Self::Described { content: text } => text,
        }
    }
}

/// Opens the tokenizer in `dir`, and adds each file that it reads to `files`.
pub(crate) fn open_tokenizer(
    dir: &Path,
    family: Family,
    files: &mut Vec<PathBuf>,
) -> Result<BertTokenizer, BertModelError> {
    let mut special = SpecialTokens::of(family);
    let mut word_piece = WordPieceOptions::default();
    // The later file overrides the earlier one.
    for name in ["special_tokens_map.json", "tokenizer_config.json"] {
        let Some(json) = read_if_there(dir, name, files)? else { continue };
        let options: Options = serde_json::from_slice(&json).map_err(|error| {
            let message = error.to_string();
            BertModelError::Tokenizer(TokenizerError::Options { file: name, message })
        })?;
        for (token, given) in [
            (&mut special.padding, options.pad_token),
            (&mut special.unknown, options.unk_token),
            (&mut special.class, options.cls_token),
            (&mut special.separator, options.sep_token),
            (&mut special.mask, options.mask_token),
        ] {
            if let Some(given) = given {
                *token = given.into_text();
            }
        }
        word_piece.lower_case = options.do_lower_case.unwrap_or(word_piece.lower_case);
        word_piece.strip_accents = options.strip_accents.or(word_piece.strip_accents);
        word_piece.split_chinese =
            options.tokenize_chinese_chars.unwrap_or(word_piece.split_chinese);
    }
    if let Some(json) = read_if_there(dir, "tokenizer.json", files)? {
        return BertTokenizer::from_json(&json, &special);
    }
    if !family.traits().word_pieces {
        let expected = &["tokenizer.json"];
        return Err(BertModelError::NoTokenizer { dir: dir.to_owned(), expected });
    }
    let Some(vocab) = read_if_there(dir, "vocab.txt", files)? else {
        let expected = &["tokenizer.json", "vocab.txt"];
        return Err(BertModelError::NoTokenizer { dir: dir.to_owned(), expected });
    };
    BertTokenizer::from_vocab(&vocab, word_piece, &special)
}

/// The bytes of the file `name` in `dir`, which is then added to `files`; `None` if there is none.
fn read_if_there(
    dir: &Path,
    name: &str,
    files: &mut Vec<PathBuf>,
) -> Result<Option<Vec<u8>>, BertModelError> {
    let file = dir.join(name);
    if !file.exists() {
        return Ok(None);
    }
    files.push(file.clone());
    read_file(&file).map(Some)
}
