//! A tokenizer from the files of a checkpoint directory.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{
    config::family::Family,
    error::BertModelError,
    text::tokenizer::{BertTokenizer, SpecialTokens, WordPieceOptions},
    weights::read_file::read_file,
};

/// What `tokenizer_config.json` and `special_tokens_map.json` may say.
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

/// A special token: its text alone, or the text among what else is known of it.
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

/// The tokenizer in `dir`. What is read is added to `files`.
pub(crate) fn open_tokenizer(
    dir: &Path,
    family: Family,
    files: &mut Vec<PathBuf>,
) -> Result<BertTokenizer, BertModelError> {
    let mut found = |name: &str| {
        let file = dir.join(name);
        file.exists().then(|| files.push(file.clone())).map(|()| read_file(&file)).transpose()
    };
    let mut special = SpecialTokens::of(family);
    let mut word_piece = WordPieceOptions::default();
    // Where both say something, the first one counts; so it comes last.
    for name in ["special_tokens_map.json", "tokenizer_config.json"] {
        let Some(json) = found(name)? else { continue };
        let options: Options = serde_json::from_slice(&json)
            .map_err(|error| BertModelError::Tokenizer { reason: format!("{name}: {error}") })?;
        for (token, said) in [
            (&mut special.padding, options.pad_token),
            (&mut special.unknown, options.unk_token),
            (&mut special.class, options.cls_token),
            (&mut special.separator, options.sep_token),
            (&mut special.mask, options.mask_token),
        ] {
            *token = said.map_or_else(|| std::mem::take(token), Token::into_text);
        }
        word_piece.lower_case = options.do_lower_case.unwrap_or(word_piece.lower_case);
        word_piece.strip_accents = options.strip_accents.or(word_piece.strip_accents);
        word_piece.split_chinese =
            options.tokenize_chinese_chars.unwrap_or(word_piece.split_chinese);
    }
    if let Some(json) = found("tokenizer.json")? {
        return BertTokenizer::from_json(&json, &special);
    }
    let (vocab, expected) = if family.traits().word_pieces {
        (found("vocab.txt")?, "tokenizer.json and no vocab.txt")
    } else {
        (None, "tokenizer.json")
    };
    match vocab {
        Some(vocab) => BertTokenizer::from_vocab(&vocab, word_piece, &special),
        None => Err(BertModelError::NoTokenizer { dir: dir.to_owned(), expected }),
    }
}
