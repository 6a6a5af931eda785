//! A tokenizer built as its class builds it.

use std::collections::HashMap;

use serde_json::Value;
use tokenizers::{
    SplitDelimiterBehavior, Tokenizer,
    models::{
        bpe::{BPE, Merges, Vocab},
        unigram::Unigram,
        wordlevel::WordLevel,
        wordpiece::WordPiece,
    },
    normalizers::{
        self, BertNormalizer, Lowercase, NFC, NFKD, NormalizerWrapper, Precompiled, Replace,
        StripAccents,
    },
    pre_tokenizers::{
        PreTokenizerWrapper,
        bert::BertPreTokenizer,
        byte_level::ByteLevel,
        metaspace::{Metaspace, PrependScheme},
        sequence::Sequence,
        split::{Split, SplitPattern},
        whitespace::WhitespaceSplit,
    },
    processors::{bert::BertProcessing, roberta::RobertaProcessing, template::TemplateProcessing},
};

use crate::text::{
    foreign::{
        charsmap::{check_charsmap, decode_base64},
        component_checks::{CheckedComponents, TOKENIZER_JSON, build_whole},
    },
    reconciled::{
        bpe_codes, declared_tokens::DeclaredTokens, option_file::OptionFile,
        tokenizer_class::TokenizerClass,
    },
    tokenizer_error::TokenizerError,
};

/// The space of the tokens of XLM-RoBERTa and Llama.
const SPACE: char = '▁';

/// The vocabulary of a folder.
pub(crate) enum Vocabulary {
    /// A `tokenizer.json` whose components were checked.
    Json(Value),
    /// The bytes of a `vocab.txt`.
    Lines(Vec<u8>),
    /// The bytes of a `vocab.json` and of a `merges.txt`.
    Merges(Vec<u8>, Vec<u8>),
}

/// A special token with its id.
pub(crate) type TokenAndId = (String, u32);

/// Builds everything but the special tokens. A text is unknown as `unknown`.
pub(crate) fn build(
    class: TokenizerClass,
    vocabulary: Vocabulary,
    options: &OptionFile,
    tokens: &DeclaredTokens,
    unknown: &str,
) -> Result<Tokenizer, TokenizerError> {
    match class {
        TokenizerClass::Bert => build_bert(vocabulary, options, unknown),
        TokenizerClass::Roberta | TokenizerClass::Gpt2 => build_byte_level(vocabulary, options),
        TokenizerClass::XlmRoberta => build_xlm_roberta(vocabulary, options),
        TokenizerClass::Albert => build_albert(vocabulary, options),
        TokenizerClass::Camembert => build_camembert(vocabulary, options, unknown),
        TokenizerClass::PhoBert => build_phobert(vocabulary, options, tokens),
        TokenizerClass::Esm => build_esm(vocabulary, tokens, unknown),
        TokenizerClass::GptNeox => {
            let mut tokenizer = build_byte_level(vocabulary, options)?;
            tokenizer.with_normalizer(Some(NFC)).map_err(TokenizerError::library)?;
            Ok(tokenizer)
        }
        TokenizerClass::Qwen2 => build_qwen2(vocabulary, options),
        TokenizerClass::Llama => build_llama(vocabulary, options),
        TokenizerClass::Whole => match vocabulary {
            Vocabulary::Json(json) => build_whole(json),
            Vocabulary::Lines(_) | Vocabulary::Merges(..) => Err(wrong_vocabulary()),
        },
    }
}

fn build_bert(
    vocabulary: Vocabulary,
    options: &OptionFile,
    unknown: &str,
) -> Result<Tokenizer, TokenizerError> {
    let model: WordPiece = match vocabulary {
        Vocabulary::Lines(lines) => read_word_pieces(&lines, unknown)?,
        Vocabulary::Json(json) => {
            let vocab = read_vocabulary(take_vocabulary(json, Value::is_object)?)?;
            word_pieces(vocab, unknown)?
        }
        Vocabulary::Merges(..) => return Err(wrong_vocabulary()),
    };
    let mut tokenizer = Tokenizer::new(model);
    let normalizer = BertNormalizer::new(
        true,
        options.flag("tokenize_chinese_chars")?.unwrap_or(true),
        options.flag("strip_accents")?,
        options.flag("do_lower_case")?.unwrap_or(true),
    );
    tokenizer
        .with_normalizer(Some(normalizer))
        .map_err(TokenizerError::library)?
        .with_pre_tokenizer(Some(BertPreTokenizer));
    Ok(tokenizer)
}

/// Reads a `vocab.txt`, one token per line.
fn read_word_pieces(lines: &[u8], unknown: &str) -> Result<WordPiece, TokenizerError> {
    // Some editors put a byte order mark before the first token.
    let lines = lines.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(lines);
    let vocab = WordPiece::read_bytes(lines).map_err(TokenizerError::library)?;
    word_pieces(vocab, unknown)
}

fn word_pieces(vocab: Vocab, unknown: &str) -> Result<WordPiece, TokenizerError> {
    let builder = WordPiece::builder().vocab(vocab).unk_token(unknown.to_owned());
    builder.build().map_err(TokenizerError::library)
}

/// Each token of the list is one wherever it stands, the longest first. White space separates tokens, and what is
/// no token is unknown.
fn build_esm(
    vocabulary: Vocabulary,
    declared: &DeclaredTokens,
    unknown: &str,
) -> Result<Tokenizer, TokenizerError> {
    let Vocabulary::Lines(lines) = vocabulary else { return Err(wrong_vocabulary()) };
    let text = String::from_utf8(lines).map_err(TokenizerError::library)?;
    let tokens: Vec<&str> = text.lines().map(str::trim).collect();
    let numbered = tokens.iter().zip(0_u32..);
    let mut ids: HashMap<String, u32> =
        numbered.map(|(token, id)| ((*token).to_owned(), id)).collect();
    if !ids.contains_key(unknown) {
        return Err(TokenizerError::NoSpecialToken { token: unknown.to_owned() });
    }
    declared.extend_ids(&mut ids)?;
    let vocab = ids.into_iter().collect();
    let model = WordLevel::builder().vocab(vocab).unk_token(unknown.to_owned());
    let mut tokenizer = Tokenizer::new(model.build().map_err(TokenizerError::library)?);
    let mut patterns: Vec<&str> = tokens.into_iter().filter(|token| !token.is_empty()).collect();
    patterns.sort_by_key(|token| std::cmp::Reverse(token.len()));
    let patterns: Vec<String> = patterns.into_iter().map(escape).collect();
    let token = SplitPattern::Regex(patterns.join("|"));
    let token = Split::new(token, SplitDelimiterBehavior::Isolated, false);
    let space = SplitPattern::Regex(format!("[{}]+", bpe_codes::PYTHON_SPACE));
    let space = Split::new(space, SplitDelimiterBehavior::Removed, false);
    tokenizer.with_pre_tokenizer(Some(Sequence::new(vec![
        PreTokenizerWrapper::Split(token.map_err(TokenizerError::library)?),
        PreTokenizerWrapper::Split(space.map_err(TokenizerError::library)?),
    ])));
    Ok(tokenizer)
}

/// A pattern that matches a text.
fn escape(text: &str) -> String {
    let mut pattern = String::new();
    for character in text.chars() {
        // A backslash before other characters may stand for something else.
        if r"\.+*?()|[]{}^$#&-~".contains(character) || character.is_whitespace() {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

fn build_byte_level(
    vocabulary: Vocabulary,
    options: &OptionFile,
) -> Result<Tokenizer, TokenizerError> {
    if options.is_null("add_prefix_space") {
        return Err(options.error("add_prefix_space", "is null, not true or false"));
    }
    let add_prefix_space = options.flag("add_prefix_space")?.unwrap_or_default();
    let mut tokenizer = merged_pieces(vocabulary)?;
    tokenizer.with_pre_tokenizer(Some(ByteLevel::default().add_prefix_space(add_prefix_space)));
    Ok(tokenizer)
}

/// A BPE whose pieces have no marks at their ends.
fn merged_pieces(vocabulary: Vocabulary) -> Result<Tokenizer, TokenizerError> {
    let (vocab, merges) = read_merged(vocabulary)?;
    let builder = BPE::builder()
        .vocab_and_merges(vocab, merges)
        .continuing_subword_prefix(String::new())
        .end_of_word_suffix(String::new());
    Ok(Tokenizer::new(builder.build().map_err(TokenizerError::library)?))
}

/// The pattern at which Qwen2 splits a text.
const QWEN2_PATTERN: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
);

fn build_qwen2(vocabulary: Vocabulary, options: &OptionFile) -> Result<Tokenizer, TokenizerError> {
    let add_prefix_space = options.flag("add_prefix_space")?.unwrap_or_default();
    let mut tokenizer = merged_pieces(vocabulary)?;
    let pattern = SplitPattern::Regex(QWEN2_PATTERN.to_owned());
    let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false);
    let bytes = ByteLevel::default().add_prefix_space(add_prefix_space).use_regex(false);
    tokenizer.with_normalizer(Some(NFC)).map_err(TokenizerError::library)?.with_pre_tokenizer(
        Some(Sequence::new(vec![
            PreTokenizerWrapper::Split(split.map_err(TokenizerError::library)?),
            PreTokenizerWrapper::ByteLevel(bytes),
        ])),
    );
    Ok(tokenizer)
}

fn build_llama(vocabulary: Vocabulary, options: &OptionFile) -> Result<Tokenizer, TokenizerError> {
    let (vocab, merges) = read_merged(vocabulary)?;
    let builder = BPE::builder().vocab_and_merges(vocab, merges).fuse_unk(true).byte_fallback(true);
    let mut tokenizer = Tokenizer::new(builder.build().map_err(TokenizerError::library)?);
    let scheme = if !options.flag("add_prefix_space")?.unwrap_or(true) {
        PrependScheme::Never
    } else if options.flag("legacy")?.unwrap_or_default() {
        PrependScheme::Always
    } else {
        PrependScheme::First
    };
    tokenizer.with_pre_tokenizer(Some(Metaspace::new(SPACE, scheme, false)));
    Ok(tokenizer)
}

/// The vocabulary and the merges of a BPE.
fn read_merged(vocabulary: Vocabulary) -> Result<(Vocab, Merges), TokenizerError> {
    match vocabulary {
        Vocabulary::Json(mut json) => {
            let merges = read_pairs(json["model"]["merges"].take())?;
            Ok((read_vocabulary(take_vocabulary(json, Value::is_object)?)?, merges))
        }
        Vocabulary::Merges(vocab, merges) => {
            let vocab = serde_json::from_slice(&vocab).map_err(|error| {
                TokenizerError::Options { file: "vocab.json", message: error.to_string() }
            })?;
            Ok((vocab, read_merges(&merges)?))
        }
        Vocabulary::Lines(_) => Err(wrong_vocabulary()),
    }
}

/// The merges of a `tokenizer.json`: pairs, or in older files two tokens with a space between.
fn read_pairs(merges: Value) -> Result<Merges, TokenizerError> {
    let merges = match merges {
        Value::Array(merges) => merges,
        _ => Vec::new(),
    };
    let mut pairs = Vec::with_capacity(merges.len());
    for merge in merges {
        match merge.as_str() {
            Some(line) => pairs.push(split_pair(line).map_err(merges_error)?),
            None => pairs.push(serde_json::from_value(merge).map_err(merges_error)?),
        }
    }
    Ok(pairs)
}

fn merges_error(error: impl std::fmt::Display) -> TokenizerError {
    TokenizerError::Setting {
        file: TOKENIZER_JSON,
        key: "merges".to_owned(),
        problem: format!("contains something else than pairs of tokens: {error}"),
    }
}

/// The pairs of a `merges.txt`, one per line, after a line with its version.
fn read_merges(merges: &[u8]) -> Result<Merges, TokenizerError> {
    let error = |message: String| TokenizerError::Options { file: "merges.txt", message };
    let text = std::str::from_utf8(merges).map_err(|source| error(source.to_string()))?;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with("#version"));
    lines
        .map(|(number, line)| {
            split_pair(line).map_err(|problem| error(format!("line {number}: {problem}")))
        })
        .collect()
}

fn split_pair(line: &str) -> Result<(String, String), String> {
    match line.split_once(' ') {
        Some((left, right)) if !right.contains(' ') => Ok((left.to_owned(), right.to_owned())),
        _ => Err(format!("{line:?} is not two tokens")),
    }
}

fn build_xlm_roberta(
    vocabulary: Vocabulary,
    options: &OptionFile,
) -> Result<Tokenizer, TokenizerError> {
    /// The place of the unknown token in every vocabulary.
    const UNKNOWN: usize = 3;
    let (mut tokenizer, charsmap) = build_unigrams(vocabulary, options, UNKNOWN)?;
    if let Some(charsmap) = charsmap {
        tokenizer.with_normalizer(Some(charsmap)).map_err(TokenizerError::library)?;
    }
    Ok(tokenizer)
}

/// The unknown token is found by its name.
fn build_camembert(
    vocabulary: Vocabulary,
    options: &OptionFile,
    unknown: &str,
) -> Result<Tokenizer, TokenizerError> {
    let place = match &vocabulary {
        Vocabulary::Json(json) => place_of_unigram(&json["model"]["vocab"], unknown),
        Vocabulary::Lines(_) | Vocabulary::Merges(..) => 0,
    };
    let (mut tokenizer, charsmap) = build_unigrams(vocabulary, options, place)?;
    if let Some(charsmap) = charsmap {
        tokenizer.with_normalizer(Some(charsmap)).map_err(TokenizerError::library)?;
    }
    Ok(tokenizer)
}

/// The place of a token among unigrams; 0 if it is none of them.
fn place_of_unigram(vocab: &Value, token: &str) -> usize {
    let entries = vocab.as_array().map(Vec::as_slice).unwrap_or_default();
    entries.iter().position(|entry| entry[0] == token).unwrap_or_default()
}

fn build_phobert(
    vocabulary: Vocabulary,
    options: &OptionFile,
    tokens: &DeclaredTokens,
) -> Result<Tokenizer, TokenizerError> {
    const NORMALISES: &str = "normalization";
    if options.flag(NORMALISES)?.unwrap_or_default() {
        let problem = "is true, which rewrites tweets in Python; rewrite the texts before, and \
                       set it to false in a copy of the folder";
        return Err(options.error(NORMALISES, problem));
    }
    let Vocabulary::Merges(vocab, merges) = vocabulary else { return Err(wrong_vocabulary()) };
    let mut first = [""; 4];
    for (place, key) in first.iter_mut().zip(["bos_token", "pad_token", "eos_token", "unk_token"]) {
        match tokens.text_of(key) {
            Some(token) => *place = token,
            None => return Err(options.error(key, "is null, but the vocabulary needs this token")),
        }
    }
    bpe_codes::build(&vocab, &merges, first, tokens)
}

fn build_albert(vocabulary: Vocabulary, options: &OptionFile) -> Result<Tokenizer, TokenizerError> {
    /// The place of the unknown token in every vocabulary.
    const UNKNOWN: usize = 1;
    let (mut tokenizer, charsmap) = build_unigrams(vocabulary, options, UNKNOWN)?;
    let mut normalizers: Vec<NormalizerWrapper> = Vec::new();
    for quotes in ["``", "''"] {
        normalizers.push(Replace::new(quotes, "\"").map_err(TokenizerError::library)?.into());
    }
    if !unigram_flag(options, "keep_accents", false)? {
        normalizers.push(NFKD.into());
        normalizers.push(StripAccents.into());
    }
    if unigram_flag(options, "do_lower_case", true)? {
        normalizers.push(Lowercase.into());
    }
    normalizers.extend(charsmap.map(Into::into));
    let normalizer = normalizers::Sequence::new(normalizers);
    tokenizer.with_normalizer(Some(normalizer)).map_err(TokenizerError::library)?;
    Ok(tokenizer)
}

/// An option of a class of unigrams, which takes null for false.
fn unigram_flag(options: &OptionFile, key: &str, default: bool) -> Result<bool, TokenizerError> {
    if options.is_null(key) {
        return Ok(false);
    }
    Ok(options.flag(key)?.unwrap_or(default))
}

/// A tokenizer of unigrams, and the map of characters of its file.
fn build_unigrams(
    vocabulary: Vocabulary,
    options: &OptionFile,
    unknown: usize,
) -> Result<(Tokenizer, Option<Precompiled>), TokenizerError> {
    let Vocabulary::Json(mut json) = vocabulary else { return Err(wrong_vocabulary()) };
    let charsmap = match take_charsmap(&mut json["normalizer"]) {
        Some(charsmap) => {
            Some(read_charsmap(&charsmap).map_err(|problem| TokenizerError::Setting {
                file: TOKENIZER_JSON,
                key: "precompiled_charsmap".to_owned(),
                problem,
            })?)
        }
        None => None,
    };
    let vocab = serde_json::from_value(take_vocabulary(json, Value::is_array)?);
    let vocab = vocab.map_err(TokenizerError::library)?;
    let model = Unigram::from(vocab, Some(unknown), false).map_err(TokenizerError::library)?;
    let mut tokenizer = Tokenizer::new(model);
    let add_prefix_space = unigram_flag(options, "add_prefix_space", true)?;
    let scheme = if add_prefix_space { PrependScheme::Always } else { PrependScheme::Never };
    tokenizer.with_pre_tokenizer(Some(Sequence::new(vec![
        PreTokenizerWrapper::WhitespaceSplit(WhitespaceSplit),
        PreTokenizerWrapper::Metaspace(Metaspace::new(SPACE, scheme, true)),
    ])));
    Ok((tokenizer, charsmap))
}

/// The first map of characters of a normaliser or of its parts.
fn take_charsmap(normalizer: &mut Value) -> Option<Value> {
    let parts = match normalizer.get_mut("normalizers") {
        Some(parts) => parts.as_array_mut()?.as_mut_slice(),
        None => std::slice::from_mut(normalizer),
    };
    let precompiled = parts.iter_mut().find(|part| part["type"] == "Precompiled")?;
    Some(precompiled.get_mut("precompiled_charsmap")?.take())
}

fn read_charsmap(charsmap: &Value) -> Result<Precompiled, String> {
    let Some(bytes) = charsmap.as_str().and_then(decode_base64) else {
        return Err("is not base64".to_owned());
    };
    check_charsmap(&bytes)?;
    Precompiled::from(&bytes).map_err(|error| error.to_string())
}

/// Adds the class token before and the separator after a text, as the class does.
pub(crate) fn frame(
    tokenizer: &mut Tokenizer,
    class: TokenizerClass,
    options: &OptionFile,
    [first, last]: [TokenAndId; 2],
) -> Result<(), TokenizerError> {
    match class {
        TokenizerClass::Bert
        | TokenizerClass::XlmRoberta
        | TokenizerClass::Albert
        | TokenizerClass::Camembert
        | TokenizerClass::PhoBert
        | TokenizerClass::Esm => {
            tokenizer.with_post_processor(Some(BertProcessing::new(last, first)));
        }
        TokenizerClass::Roberta => {
            let processor = RobertaProcessing::new(last, first)
                .trim_offsets(options.flag("trim_offsets")?.unwrap_or(true))
                .add_prefix_space(options.flag("add_prefix_space")?.unwrap_or_default());
            tokenizer.with_post_processor(Some(processor));
        }
        TokenizerClass::Gpt2
        | TokenizerClass::GptNeox
        | TokenizerClass::Qwen2
        | TokenizerClass::Llama
        | TokenizerClass::Whole => (),
    }
    Ok(())
}

/// Frames a text as a decoder's class does: as the post-processor of `tokenizer.json` says, whose components are
/// `checked`. If there is no such file, `add_bos_token` puts the decoder's first token before a text.
pub(crate) fn frame_decoder(
    tokenizer: &mut Tokenizer,
    class: TokenizerClass,
    options: &OptionFile,
    first: Option<&str>,
    checked: Option<&CheckedComponents>,
) -> Result<(), TokenizerError> {
    if let Some(checked) = checked {
        // GPT-NeoX's class makes its own, for which the options do not count.
        let stored = checked.empty.get_post_processor().cloned();
        tokenizer.with_post_processor(stored.filter(|_| class != TokenizerClass::GptNeox));
        return Ok(());
    }
    if options.flag("add_eos_token")? == Some(true) {
        return Err(options.error("add_eos_token", "is true; a decoder reads on after a text"));
    }
    if options.flag("add_bos_token")? != Some(true) {
        return Ok(());
    }
    let first = first.and_then(|first| Some((first, tokenizer.token_to_id(first)?)));
    let Some((token, id)) = first else { return Ok(()) };
    let processor = TemplateProcessing::builder()
        .try_single(format!("{token} $A"))
        .map_err(TokenizerError::library)?
        .special_tokens(vec![(token, id)])
        .build()
        .map_err(TokenizerError::library)?;
    tokenizer.with_post_processor(Some(processor));
    Ok(())
}

/// The vocabulary of a `tokenizer.json`.
fn take_vocabulary(mut json: Value, has_form: fn(&Value) -> bool) -> Result<Value, TokenizerError> {
    match json.get_mut("model").and_then(|model| model.get_mut("vocab")) {
        Some(vocab) if has_form(vocab) => Ok(vocab.take()),
        _ => Err(wrong_vocabulary()),
    }
}

fn wrong_vocabulary() -> TokenizerError {
    TokenizerError::Setting {
        file: TOKENIZER_JSON,
        key: "vocab".to_owned(),
        problem: "is not a vocabulary of this model's tokenizer, see `tokenizer_class` in \
                  tokenizer_config.json"
            .to_owned(),
    }
}

fn read_vocabulary(vocab: Value) -> Result<Vocab, TokenizerError> {
    serde_json::from_value(vocab).map_err(|error| TokenizerError::Setting {
        file: TOKENIZER_JSON,
        key: "vocab".to_owned(),
        problem: format!("contains something else than ids: {error}"),
    })
}
