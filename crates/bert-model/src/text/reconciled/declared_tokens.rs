//! The special and added tokens that the files of a tokenizer declare.
//!
//! Declared tokens are added to the vocabulary in the order in which `transformers` adds them, because
//! a token that is not in it gets the next free id.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;
use tokenizers::{AddedToken, Tokenizer};

use crate::text::{
    reconciled::{option_file::OptionFile, tokenizer_class::TokenizerClass},
    tokenizer_error::TokenizerError,
};

/// The keys of special tokens, in the order in which they are added.
const NAMES: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/// The fault of a special token that is null.
const NEEDED: &str = "is null, but the model needs this token";

/// The key of added tokens by id in `tokenizer_config.json`.
const DECODER: &str = "added_tokens_decoder";

/// The key of further special tokens.
const EXTRA: &str = "extra_special_tokens";

/// The key of further special tokens in older files.
const ADDITIONAL: &str = "additional_special_tokens";

/// Further special tokens of CamemBERT by default.
const CAMEMBERT_EXTRA: [&str; 3] = ["<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"];

/// The files that declare tokens.
pub(crate) struct TokenFiles<'a> {
    /// `tokenizer_config.json`.
    pub(crate) options: &'a OptionFile,
    /// `special_tokens_map.json`.
    pub(crate) map: &'a OptionFile,
    /// `added_tokens.json`.
    pub(crate) added: &'a OptionFile,
    /// `added_tokens` of `tokenizer.json`.
    pub(crate) serialized: Option<&'a Value>,
}

/// Special and added tokens.
#[derive(Debug, Default)]
pub(crate) struct DeclaredTokens {
    /// Special tokens by key: [`NAMES`], then other ones.
    named: Vec<(String, AddedToken)>,
    /// Further special tokens.
    extra: Vec<AddedToken>,
    /// Added tokens by id.
    by_id: BTreeMap<i64, AddedToken>,
    /// Keys of special tokens that `tokenizer_config.json` writes with their properties. These do not
    /// make a token of `added_tokens.json` special.
    with_properties: HashSet<String>,
}

impl DeclaredTokens {
    /// Reads the tokens that the files declare; by default a class has special tokens of its own. A
    /// decoder needs none of them.
    ///
    /// # Errors
    /// If a file declares a token in a way that cannot be read.
    pub(crate) fn read(
        files: &TokenFiles<'_>,
        class: TokenizerClass,
        is_decoder: bool,
    ) -> Result<Self, TokenizerError> {
        let mut tokens = Self::default();
        tokens.read_named(files.options, is_decoder)?;
        if class == TokenizerClass::Esm && files.options.is_null("eos_token") {
            return Err(files.options.error("eos_token", NEEDED));
        }
        for (key, value) in files.options.iter().filter(|(_, value)| value.is_object()) {
            if value.get("content").is_some() {
                tokens.with_properties.insert(key.clone());
            }
        }
        let map_counts = !files.options.contains(DECODER);
        if map_counts {
            tokens.read_named(files.map, is_decoder)?;
        }
        let older = tokens.read_extra(files, map_counts)?;
        let has_extra = files.options.get(EXTRA).is_some_and(|value| !is_empty(value));
        if class == TokenizerClass::Camembert
            && !has_extra
            && files.options.get(ADDITIONAL).is_none()
        {
            let texts = CAMEMBERT_EXTRA.into_iter();
            tokens.extra.extend(texts.map(|text| AddedToken::from(text, true)));
        }
        if map_counts {
            tokens.read_added_by_text(files.added)?;
            tokens.read_serialized(files.serialized)?;
        } else {
            tokens.read_decoder(files.options)?;
        }
        if let Some((file, value)) = older {
            tokens.add_extra(file, ADDITIONAL, value)?;
        }
        for (key, content) in default_tokens(class) {
            let is_declared = tokens.named.iter().any(|(name, _)| name == key);
            if !is_declared && !files.options.is_null(key) && !files.map.is_null(key) {
                tokens.set_named(key, AddedToken::from(*content, true));
            }
        }
        tokens.named.sort_by_key(|(key, _)| {
            NAMES.iter().position(|name| name == key).unwrap_or(NAMES.len())
        });
        tokens.describe_named();
        Ok(tokens)
    }

    fn read_named(&mut self, file: &OptionFile, is_decoder: bool) -> Result<(), TokenizerError> {
        for (key, value) in file.iter() {
            if NAMES.contains(&key.as_str()) {
                if value.is_null() {
                    let is_needed =
                        matches!(&**key, "unk_token" | "cls_token" | "sep_token" | "mask_token");
                    if is_needed && !is_decoder {
                        return Err(file.error(key, NEEDED));
                    }
                    self.named.retain(|(name, _)| name != key);
                    continue;
                }
                let token = read_token(file, key, value, true)?;
                self.set_named(key, token);
            } else if key.ends_with("_token") && value.is_string() {
                let token = read_token(file, key, value, true)?;
                self.set_named(key, token);
            }
        }
        Ok(())
    }

    fn set_named(&mut self, key: &str, token: AddedToken) {
        self.with_properties.remove(key);
        self.named.retain(|(name, _)| name != key);
        self.named.push((key.to_owned(), token));
    }

    /// Reads further special tokens: a list, or an object whose tokens have names. Also returns a list
    /// under the older key that counts only after the added tokens.
    fn read_extra<'a>(
        &mut self,
        files: &TokenFiles<'a>,
        map_counts: bool,
    ) -> Result<Option<(&'a OptionFile, &'a Value)>, TokenizerError> {
        let options = files.options;
        let extra = options.get(EXTRA).filter(|value| !is_empty(value));
        let mut has_list = options.contains(EXTRA);
        let mut older = options.get(ADDITIONAL).map(|value| (options, value));
        if let Some(value) = extra {
            self.add_extra(options, EXTRA, value)?;
            has_list = value.is_array();
        } else if options.contains(ADDITIONAL) {
            has_list = true;
            if let Some((file, value)) = older.take() {
                self.add_extra(file, ADDITIONAL, value)?;
            }
        }
        if map_counts {
            if let Some(value) = files.map.get(EXTRA) {
                self.add_extra(files.map, EXTRA, value)?;
                has_list = value.is_array();
            }
            if let Some(value) = files.map.get(ADDITIONAL) {
                older = Some((files.map, value));
            }
        }
        Ok(older.filter(|_| !has_list))
    }

    fn add_extra(
        &mut self,
        file: &OptionFile,
        key: &str,
        value: &Value,
    ) -> Result<(), TokenizerError> {
        match value {
            Value::Array(tokens) => {
                for token in tokens {
                    let token = read_token(file, key, token, true)?;
                    if !self.extra.contains(&token) {
                        self.extra.push(token);
                    }
                }
            }
            Value::Object(tokens) => {
                for (name, token) in tokens {
                    let token = read_token(file, key, token, true)?;
                    self.set_named(name, token);
                }
            }
            other => return Err(file.error(key, format!("is {other}, not a list of tokens"))),
        }
        Ok(())
    }

    /// Reads `added_tokens_decoder` of `tokenizer_config.json`: tokens by id.
    fn read_decoder(&mut self, options: &OptionFile) -> Result<(), TokenizerError> {
        let Some(Value::Object(tokens)) = options.get(DECODER) else {
            return Err(options.error(DECODER, "is not an object of tokens by id"));
        };
        for (id, token) in tokens {
            let Ok(id) = id.parse::<i64>() else {
                return Err(options.error(DECODER, format!("has the key {id:?}, not an id")));
            };
            let token = read_token(options, DECODER, token, false)?;
            self.by_id.insert(id, token);
        }
        Ok(())
    }

    /// Reads `added_tokens.json`: ids by text.
    fn read_added_by_text(&mut self, file: &OptionFile) -> Result<(), TokenizerError> {
        for (content, id) in file.iter() {
            let Some(id) = id.as_i64() else {
                return Err(file.error(content, format!("is {id}, not an id")));
            };
            let named = self.named.iter().filter(|(key, _)| {
                NAMES.contains(&key.as_str()) && !self.with_properties.contains(key)
            });
            let mut special = named.map(|(_, token)| token).chain(&self.extra);
            let is_special = special.any(|token| token.content == *content);
            let token = AddedToken::from(content.clone(), is_special);
            if let Some(other) = self.by_id.insert(id, token) {
                let other = other.content;
                return Err(file.error(content, format!("is {id}, as `{other}` is")));
            }
        }
        Ok(())
    }

    /// Reads `added_tokens` of `tokenizer.json`: a list of tokens with their ids.
    fn read_serialized(&mut self, serialized: Option<&Value>) -> Result<(), TokenizerError> {
        let Some(serialized) = serialized else { return Ok(()) };
        let error = |problem: String| TokenizerError::Setting {
            file: "tokenizer.json",
            key: "added_tokens".to_owned(),
            problem,
        };
        let Value::Array(tokens) = serialized else {
            return Err(error("is not a list".to_owned()));
        };
        for token in tokens {
            let Some(id) = token["id"].as_i64() else {
                return Err(error(format!("has a token without an id: {token}")));
            };
            let Some(token) = described_token(token, false) else {
                return Err(error(format!("has a token that cannot be read: {token}")));
            };
            self.by_id.insert(id, token);
        }
        Ok(())
    }

    /// Gives a named token the properties of the added token with its text.
    fn describe_named(&mut self) {
        let described: HashMap<&str, &AddedToken> =
            self.by_id.values().map(|token| (token.content.as_str(), token)).collect();
        for (key, token) in &mut self.named {
            if NAMES.contains(&key.as_str())
                && let Some(&described) = described.get(token.content.as_str())
            {
                *token = described.clone();
            }
        }
    }

    /// The text of a special token.
    pub(crate) fn text_of(&self, key: &str) -> Option<&str> {
        let named = self.named.iter().find(|(name, _)| name == key);
        named.map(|(_, token)| token.content.as_str())
    }

    /// Adds the tokens to the ids of a vocabulary as a class in Python does: an added token has the id that a file
    /// gives it, even if the vocabulary has another one, and special tokens without an id get the next ones.
    ///
    /// # Errors
    /// If two tokens would get the same id, or a token is to be a word by itself, which such a class reads in
    /// another way.
    pub(crate) fn extend_ids(&self, ids: &mut HashMap<String, u32>) -> Result<(), TokenizerError> {
        let named = self.named.iter().map(|(_, token)| token);
        let special: Vec<&AddedToken> = named.chain(&self.extra).collect();
        let mut all = self.by_id.values().chain(special.iter().copied());
        if let Some(token) = all.find(|token| token.single_word) {
            let problem = format!("of {:?} is true, which is not supported here", token.content);
            return Err(id_error("single_word", problem));
        }
        for (&id, token) in &self.by_id {
            let Ok(id) = u32::try_from(id) else {
                return Err(id_error(DECODER, format!("contains {id}, not an id")));
            };
            ids.insert(token.content.clone(), id);
        }
        let mut next = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        for token in special {
            if ids.contains_key(&token.content) {
                continue;
            }
            if ids.values().any(|&id| id == next) {
                let problem =
                    format!("has no {:?}, which would get the id of another", token.content);
                return Err(id_error(DECODER, problem));
            }
            ids.insert(token.content.clone(), next);
            next += 1;
        }
        Ok(())
    }

    /// True if this text is a special or an added token.
    pub(crate) fn contains(&self, text: &str) -> bool {
        let named = self.named.iter().map(|(_, token)| token);
        named.chain(&self.extra).any(|token| token.content == text) || self.is_added(text)
    }

    /// True if a file declares this text as an added token, so that it may get a new id.
    pub(crate) fn is_added(&self, text: &str) -> bool {
        self.by_id.values().any(|token| token.content == text)
    }

    /// All tokens in the order in which they are added to a tokenizer that has some of them.
    pub(crate) fn in_order(&self, tokenizer: &Tokenizer) -> Vec<AddedToken> {
        let present = tokenizer.get_added_tokens_decoder();
        let present: HashSet<&str> = present.values().map(|token| token.content.as_str()).collect();
        let mut tokens: Vec<AddedToken> = self.by_id.values().cloned().collect();
        for token in self.named.iter().map(|(_, token)| token).chain(&self.extra) {
            let is_known = present.contains(token.content.as_str())
                || tokens.iter().any(|known| known.content == token.content);
            if !is_known {
                tokens.push(token.clone());
            }
        }
        for token in &mut tokens {
            token.special |= self.named.iter().any(|(_, named)| named.content == token.content);
        }
        tokens
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(items) => items.is_empty(),
        _ => false,
    }
}

/// An error about the ids of tokens.
fn id_error(key: &str, problem: String) -> TokenizerError {
    TokenizerError::Setting { file: "tokenizer_config.json", key: key.to_owned(), problem }
}

/// The special tokens of a class unless a file declares others.
fn default_tokens(class: TokenizerClass) -> &'static [(&'static str, &'static str)] {
    match class {
        TokenizerClass::Bert => &[
            ("unk_token", "[UNK]"),
            ("sep_token", "[SEP]"),
            ("pad_token", "[PAD]"),
            ("cls_token", "[CLS]"),
            ("mask_token", "[MASK]"),
        ],
        TokenizerClass::Roberta
        | TokenizerClass::XlmRoberta
        | TokenizerClass::Camembert
        | TokenizerClass::PhoBert => &[
            ("bos_token", "<s>"),
            ("eos_token", "</s>"),
            ("unk_token", "<unk>"),
            ("sep_token", "</s>"),
            ("pad_token", "<pad>"),
            ("cls_token", "<s>"),
            ("mask_token", "<mask>"),
        ],
        TokenizerClass::Albert => &[
            ("bos_token", "[CLS]"),
            ("eos_token", "[SEP]"),
            ("unk_token", "<unk>"),
            ("sep_token", "[SEP]"),
            ("pad_token", "<pad>"),
            ("cls_token", "[CLS]"),
            ("mask_token", "[MASK]"),
        ],
        TokenizerClass::Esm => &[
            ("eos_token", "<eos>"),
            ("unk_token", "<unk>"),
            ("pad_token", "<pad>"),
            ("cls_token", "<cls>"),
            ("mask_token", "<mask>"),
        ],
        TokenizerClass::Gpt2 => &[
            ("bos_token", "<|endoftext|>"),
            ("eos_token", "<|endoftext|>"),
            ("unk_token", "<|endoftext|>"),
        ],
        TokenizerClass::GptNeox => &[
            ("bos_token", "<|endoftext|>"),
            ("eos_token", "<|endoftext|>"),
            ("unk_token", "<|endoftext|>"),
            ("pad_token", "<|padding|>"),
        ],
        TokenizerClass::Qwen2 => &[
            ("eos_token", "<|endoftext|>"),
            ("unk_token", "<|endoftext|>"),
            ("pad_token", "<|endoftext|>"),
        ],
        TokenizerClass::Llama => {
            &[("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>")]
        }
        TokenizerClass::Whole => &[],
    }
}

/// A token that is written as its text alone, or with its properties.
fn read_token(
    file: &OptionFile,
    key: &str,
    value: &Value,
    special: bool,
) -> Result<AddedToken, TokenizerError> {
    let token = match value {
        Value::String(text) => Some(AddedToken::from(text.clone(), special)),
        other => described_token(other, special),
    };
    token.ok_or_else(|| file.error(key, format!("contains {value}, which is not a token")))
}

/// A token with its properties; `special` by default.
fn described_token(value: &Value, special: bool) -> Option<AddedToken> {
    let content = value.get("content")?.as_str()?;
    let flag = |name: &str| match value.get(name) {
        None => Some(None),
        Some(flag) => flag.as_bool().map(Some),
    };
    let special = special || flag("special")?.unwrap_or_default();
    let mut token = AddedToken::from(content, special);
    token.single_word = flag("single_word")?.unwrap_or_default();
    token.lstrip = flag("lstrip")?.unwrap_or_default();
    token.rstrip = flag("rstrip")?.unwrap_or_default();
    token.normalized = flag("normalized")?.unwrap_or(!special);
    Some(token)
}
