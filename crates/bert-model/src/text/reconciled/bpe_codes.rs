//! The tokenizer of PhoBERT and BERTweet: a `vocab.txt` and the merges of fastBPE in `bpe.codes`.
//!
//! Words are split at white space, and a piece after which its word goes on ends with `@@`. The library marks
//! the last piece of a word instead. Its ids are those of the vocabulary, but pieces that only merges contain
//! have no id; they get one from [`NO_ID`] on, and are unknown in the end.

use std::collections::{HashMap, HashSet};

use tokenizers::{
    SplitDelimiterBehavior, Tokenizer,
    models::bpe::{BPE, Merges, Vocab},
    pre_tokenizers::split::{Split, SplitPattern},
};

use crate::text::{reconciled::declared_tokens::DeclaredTokens, tokenizer_error::TokenizerError};

const VOCABULARY: &str = "vocab.txt";
const MERGES: &str = "bpe.codes";

/// White space in Python, as a part of a class in a pattern: four characters more than in Rust.
pub(crate) const PYTHON_SPACE: &str = r"\s\x1c-\x1f";

/// The first id of pieces that are not in the vocabulary.
pub(crate) const NO_ID: u32 = 1 << 31;

/// The end of a piece in the vocabulary if its word goes on.
const GOES_ON: &str = "@@";

/// The end of a word's last piece in the library.
const WORD_END: &str = "</w>";

/// Builds the tokenizer. The special tokens that stand before the vocabulary are `first`.
pub(crate) fn build(
    vocabulary: &[u8],
    merges: &[u8],
    first: [&str; 4],
    declared: &DeclaredTokens,
) -> Result<Tokenizer, TokenizerError> {
    let mut ids = read_ids(vocabulary, first)?;
    declared.extend_ids(&mut ids)?;
    let mut vocab = Vocab::default();
    let mut seen = HashSet::new();
    let mut in_order: Vec<(&String, u32)> = ids.iter().map(|(token, &id)| (token, id)).collect();
    in_order.sort_by_key(|&(token, id)| (id, token));
    for (token, id) in in_order {
        let is_piece = !first.contains(&token.as_str()) && !declared.contains(token);
        let symbol = if is_piece { library_form(token) } else { token.clone() };
        if vocab.insert(symbol, id).is_some() || !seen.insert(id) {
            let problem = format!("{token:?} and another token have one id or are one text");
            return Err(error(VOCABULARY, problem));
        }
    }
    let pairs = read_pairs(merges)?;
    let mut next = NO_ID;
    for (left, right) in &pairs {
        for symbol in [left.clone(), right.clone(), format!("{left}{right}")] {
            if !vocab.contains_key(&symbol) {
                vocab.insert(symbol, next);
                next += 1;
            }
        }
    }
    let [.., unknown] = first;
    let builder = BPE::builder()
        .vocab_and_merges(vocab, pairs)
        .unk_token(unknown.to_owned())
        .end_of_word_suffix(WORD_END.to_owned());
    let mut tokenizer = Tokenizer::new(builder.build().map_err(TokenizerError::library)?);
    // A line break after a word belongs to it.
    let pattern = SplitPattern::Regex(format!(r"[^{PYTHON_SPACE}]+\n?"));
    let split = Split::new(pattern, SplitDelimiterBehavior::Removed, true);
    tokenizer.with_pre_tokenizer(Some(split.map_err(TokenizerError::library)?));
    Ok(tokenizer)
}

/// A token of the vocabulary as the library writes it.
fn library_form(token: &str) -> String {
    match token.strip_suffix(GOES_ON) {
        Some(piece) if !piece.is_empty() => piece.to_owned(),
        _ => format!("{token}{WORD_END}"),
    }
}

/// A piece of the library as the vocabulary writes it.
pub(crate) fn vocabulary_form(piece: &str) -> String {
    match piece.strip_suffix(WORD_END) {
        Some(word) if !word.is_empty() => word.to_owned(),
        _ => format!("{piece}{GOES_ON}"),
    }
}

/// The id of each token. Each line of the vocabulary is a token and how often it occurs.
fn read_ids(vocabulary: &[u8], first: [&str; 4]) -> Result<HashMap<String, u32>, TokenizerError> {
    let mut ids: HashMap<String, u32> =
        first.iter().zip(0..).map(|(token, id)| ((*token).to_owned(), id)).collect();
    if ids.len() < first.len() {
        return Err(error(VOCABULARY, format!("two of the special tokens {first:?} are the same")));
    }
    let text = read_text(VOCABULARY, vocabulary)?;
    for ((number, next), line) in (1..).zip(4..).zip(text.lines()) {
        let Some((token, _count)) = line.trim().rsplit_once(' ') else {
            return Err(error(VOCABULARY, format!("line {number} is not a token and its count")));
        };
        if ids.insert(token.to_owned(), next).is_some() {
            return Err(error(VOCABULARY, format!("line {number}: {token:?} has an id already")));
        }
    }
    Ok(ids)
}

/// The pairs of `bpe.codes`: each line is two symbols and how often they occur together. What stands after the
/// last line break is not read, as in `transformers`.
fn read_pairs(merges: &[u8]) -> Result<Merges, TokenizerError> {
    let text = read_text(MERGES, merges)?;
    let whole_lines = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
    let mut pairs = Merges::new();
    for (number, line) in (1..).zip(whole_lines.lines()) {
        let symbols: Vec<&str> = line.split_whitespace().collect();
        let [left, right, _count] = symbols[..] else {
            let problem = format!("line {number} is not two symbols and their count");
            return Err(error(MERGES, problem));
        };
        pairs.push((left.to_owned(), right.to_owned()));
    }
    Ok(pairs)
}

/// The text of a file, with line feeds at the ends of its lines.
fn read_text(file: &'static str, bytes: &[u8]) -> Result<String, TokenizerError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.replace("\r\n", "\n").replace('\r', "\n")),
        Err(source) => Err(error(file, source.to_string())),
    }
}

fn error(file: &'static str, message: String) -> TokenizerError {
    TokenizerError::Options { file, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_written_in_either_form() {
        for (token, piece) in [("nhà", "nhà</w>"), ("nh@@", "nh"), ("@@", "@@</w>")] {
            assert_eq!(library_form(token), piece);
            assert_eq!(vocabulary_form(piece), token);
        }
    }

    #[test]
    fn lines_that_are_not_read_are_named() {
        let first = ["<s>", "<pad>", "</s>", "<unk>"];
        for (vocabulary, merges, expected) in [
            ("a\n", "", "vocab.txt: line 1"),
            ("a 1\na 1\n", "", "vocab.txt: line 2: \"a\""),
            ("a 1\n", "a b\n", "bpe.codes: line 1"),
        ] {
            let declared = DeclaredTokens::default();
            let found = build(vocabulary.as_bytes(), merges.as_bytes(), first, &declared);
            let found = found.map(drop).unwrap_err().to_string();
            assert!(found.starts_with(expected), "{found}");
        }
    }
}
