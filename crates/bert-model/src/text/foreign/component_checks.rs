//! Checks of the components of a `tokenizer.json`, before any of them reads a text.

use serde_json::{Map, Value, json};
use tokenizers::Tokenizer;

use crate::{
    fence::{Fault, fenced, fenced_in_time},
    text::{
        foreign::{
            charsmap::{check_charsmap, decode_base64},
            pattern_dialect::translate_patterns,
        },
        tokenizer_error::TokenizerError,
    },
};

/// The file whose components are checked.
pub(crate) const TOKENIZER_JSON: &str = "tokenizer.json";

/// The components that read a text.
const COMPONENTS: [&str; 3] = ["normalizer", "pre_tokenizer", "post_processor"];

/// Largest growth of a text: its factor, and the bytes added to that.
const MOST_GROWTH: f64 = 1000.0;

/// Length of a replacement in bytes that counts as no growth. The longest one of NFKC has 33.
const SHORT_REPLACEMENT: usize = 64;

/// Number of tokens that may be put around a text.
const MOST_SPECIAL_TOKENS: usize = 100;

/// A text with parts that components treat differently.
const PROBE: &str = "He saw  him, na\u{ef}ve cafe\u{301} don't 123 \u{4e2d}\u{6587} \u{1f600}\u{200d} \
                     aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.";

/// Reads all of a `tokenizer.json`, but not what would change texts at random, cut or lengthen them.
/// Also returns whether it has patterns, whose time to read a text is not bounded.
///
/// # Errors
/// If it cannot be read, or a component is not safe to use.
pub(crate) fn read_whole(json: &[u8]) -> Result<(Tokenizer, bool), TokenizerError> {
    let mut json = parse_json(json)?;
    translate_components(&mut json)?;
    let checked = check_components(&json)?;
    let tokenizer = fenced(|| build_whole(json));
    let tokenizer = tokenizer.map_err(TokenizerError::library)?;
    Ok((tokenizer?, checked.has_patterns))
}

/// Reads the text of a `tokenizer.json`.
///
/// # Errors
/// If it is not JSON.
pub(crate) fn parse_json(json: &[u8]) -> Result<Value, TokenizerError> {
    serde_json::from_slice(json).map_err(|error| TokenizerError::Options {
        file: TOKENIZER_JSON,
        message: error.to_string(),
    })
}

/// Builds a tokenizer from all of a `tokenizer.json` whose components were checked.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn build_whole(mut json: Value) -> Result<Tokenizer, TokenizerError> {
    if let Some(keys) = json.as_object_mut() {
        // No token is turned back into text.
        for key in ["padding", "truncation", "decoder"] {
            keys.insert(key.to_owned(), Value::Null);
        }
    }
    if let Some(dropout) = json.get_mut("model").and_then(|model| model.get_mut("dropout")) {
        *dropout = Value::Null;
    }
    Tokenizer::from_bytes(json.to_string()).map_err(TokenizerError::library)
}

/// Components that passed the checks.
pub(crate) struct CheckedComponents {
    /// True if there are patterns, whose time to read a text is not bounded.
    pub(crate) has_patterns: bool,
    /// A tokenizer with these components and without a vocabulary.
    pub(crate) empty: Tokenizer,
}

/// Translates the patterns of all components.
///
/// # Errors
/// If a pattern cannot be translated; the error names the component.
pub(crate) fn translate_components(json: &mut Value) -> Result<(), TokenizerError> {
    for key in COMPONENTS {
        if let Some(component) = json.get_mut(key) {
            translate_patterns(component).map_err(|problem| component_error(key, problem))?;
        }
    }
    Ok(())
}

/// Checks the components of a `tokenizer.json`: that they can be read, that they end, and that a text
/// stays within bounds.
///
/// # Errors
/// If not, the error names the component.
pub(crate) fn check_components(json: &Value) -> Result<CheckedComponents, TokenizerError> {
    for key in COMPONENTS {
        check_charsmaps(&json[key]).map_err(|problem| component_error(key, problem))?;
    }
    let has_patterns = COMPONENTS.iter().any(|key| contains_pattern(&json[*key]));
    let empty = probe_components(json, has_patterns)?;
    let mut growth = Growth { factor: 1.0, added: 0.0 };
    for key in COMPONENTS {
        // As the library understood it, which may be in more than one way.
        let understood = match key {
            "normalizer" => serde_json::to_value(empty.get_normalizer()),
            "pre_tokenizer" => serde_json::to_value(empty.get_pre_tokenizer()),
            _ => serde_json::to_value(empty.get_post_processor()),
        };
        let understood = understood.map_err(|error| component_error(key, error.to_string()))?;
        growth.count(&understood).map_err(|problem| component_error(key, problem))?;
        if growth.factor > MOST_GROWTH || growth.added > MOST_GROWTH {
            let problem = format!("makes a text more than {MOST_GROWTH} times longer");
            return Err(component_error(key, problem));
        }
    }
    let read = move || {
        let probed = empty.encode(PROBE, true).map(|_| ()).and_then(|()| empty.encode("", true));
        (probed.map(drop).map_err(|error| error.to_string()), empty)
    };
    let (probed, empty) = run_fenced(has_patterns, read)?;
    probed.map_err(|message| TokenizerError::Library { message })?;
    Ok(CheckedComponents { has_patterns, empty })
}

fn run_fenced<T: Send + 'static>(
    has_patterns: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, TokenizerError> {
    let result = if has_patterns { fenced_in_time(work) } else { fenced(work) };
    result.map_err(|fault| {
        let problem = match fault {
            Fault::Panicked => "one of these is faulty".to_owned(),
            Fault::TooSlow | Fault::NoThread | Fault::Busy => fault.to_string(),
        };
        component_error(&COMPONENTS.join("`, `"), problem)
    })
}

fn component_error(key: &str, problem: impl Into<String>) -> TokenizerError {
    let problem = problem.into();
    TokenizerError::Setting { file: TOKENIZER_JSON, key: key.to_owned(), problem }
}

/// Reads the components with a vocabulary of one word.
fn probe_components(json: &Value, has_patterns: bool) -> Result<Tokenizer, TokenizerError> {
    let mut empty = json!({
        "version": "1.0",
        "added_tokens": [],
        "model": {"type": "WordLevel", "vocab": {"word": 0}, "unk_token": "word"},
    });
    for key in COMPONENTS {
        empty[key] = json[key].clone();
    }
    let bytes = empty.to_string().into_bytes();
    let read = run_fenced(has_patterns, move || {
        Tokenizer::from_bytes(bytes).map_err(|error| error.to_string())
    })?;
    read.map_err(|message| TokenizerError::Library { message })
}

/// Checks every map of characters, because the library trusts its lengths.
fn check_charsmaps(component: &Value) -> Result<(), String> {
    match component {
        Value::Array(parts) => parts.iter().try_for_each(check_charsmaps),
        Value::Object(keys) => {
            if let Some(map) = keys.get("precompiled_charsmap") {
                longest_replacement(map)?;
            }
            keys.values().try_for_each(check_charsmaps)
        }
        _ => Ok(()),
    }
}

fn longest_replacement(map: &Value) -> Result<usize, String> {
    let Some(map) = map.as_str().and_then(decode_base64) else {
        return Err("has a `precompiled_charsmap` that is not base64".to_owned());
    };
    check_charsmap(&map).map_err(|problem| format!("has a `precompiled_charsmap` that {problem}"))
}

fn contains_pattern(component: &Value) -> bool {
    match component {
        Value::Array(parts) => parts.iter().any(contains_pattern),
        Value::Object(keys) => keys.contains_key("Regex") || keys.values().any(contains_pattern),
        _ => false,
    }
}

/// Bounds of how much longer a text becomes.
struct Growth {
    factor: f64,
    added: f64,
}

impl Growth {
    /// Counts a component and its parts, and checks its sizes.
    fn count(&mut self, component: &Value) -> Result<(), String> {
        let Value::Object(keys) = component else { return Ok(()) };
        for list in ["normalizers", "pretokenizers", "processors"] {
            for part in keys.get(list).and_then(Value::as_array).into_iter().flatten() {
                self.count(part)?;
            }
        }
        match keys.get("type").and_then(Value::as_str).unwrap_or_default() {
            "Precompiled" => {
                let longest = longest_replacement(&keys["precompiled_charsmap"])?;
                if longest > SHORT_REPLACEMENT {
                    self.multiply(longest);
                }
            }
            "Replace" => self.multiply(replacement_growth(keys)),
            "Prepend" => {
                self.added += length_of(keys, "prepend") as f64;
                self.multiply(1);
            }
            // A byte becomes a character of at most two bytes.
            "ByteLevel" => self.multiply(2),
            // A space becomes one character.
            "Metaspace" => self.multiply(length_of(keys, "replacement")),
            "FixedLength" if keys.get("length") == Some(&json!(0)) => {
                return Err("has a FixedLength of 0".to_owned());
            }
            "TemplateProcessing" => check_template(keys)?,
            _ => (),
        }
        Ok(())
    }

    fn multiply(&mut self, factor: usize) {
        self.factor *= factor.max(1) as f64;
        self.added *= factor.max(1) as f64;
    }
}

fn length_of(keys: &Map<String, Value>, key: &str) -> usize {
    keys.get(key).and_then(Value::as_str).map_or(0, str::len)
}

/// Length of a replacement as a multiple of the length of what it replaces.
fn replacement_growth(keys: &Map<String, Value>) -> usize {
    let content = length_of(keys, "content");
    match keys.get("pattern").and_then(|pattern| pattern.get("String")).and_then(Value::as_str) {
        Some(pattern) if !pattern.is_empty() => content.div_ceil(pattern.len()),
        // Such a pattern may match nothing, before every letter.
        _ => content + 1,
    }
}

/// Checks that a template contains the text once, and only special tokens that it describes.
fn check_template(keys: &Map<String, Value>) -> Result<(), String> {
    let mut texts = 0;
    let mut tokens = 0;
    for piece in keys.get("single").and_then(Value::as_array).into_iter().flatten() {
        if let Some(sequence) = piece.get("Sequence") {
            if sequence["id"] != "A" {
                return Err("has a second text in `single`".to_owned());
            }
            texts += 1;
        }
        if let Some(special) = piece.get("SpecialToken") {
            let name = special["id"].as_str().unwrap_or_default();
            let described = keys.get("special_tokens").and_then(|tokens| tokens.get(name));
            let Some(ids) = described.and_then(|token| token["ids"].as_array()) else {
                return Err(format!("names {name:?}, which its `special_tokens` do not describe"));
            };
            tokens += ids.len();
        }
    }
    if texts != 1 {
        return Err(format!("contains the text {texts} times in `single`, not once"));
    }
    if tokens > MOST_SPECIAL_TOKENS {
        return Err(format!("adds {tokens} tokens to a text"));
    }
    Ok(())
}
