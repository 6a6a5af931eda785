//! A tokenizer from the files of a checkpoint folder.

use std::{borrow::Cow, path::PathBuf};

use serde_json::Value;
use tokenizers::Tokenizer;

use crate::{
    checkpoint_note::CheckpointNote,
    config::family::Family,
    error::BertModelError,
    fence::fenced,
    model_folder::ModelFolder,
    text::{
        foreign::component_checks::{
            CheckedComponents, TOKENIZER_JSON, check_components, parse_json, translate_components,
        },
        reconciled::{
            assemble::{self, TokenAndId, Vocabulary},
            declared_tokens::{DeclaredTokens, TokenFiles},
            option_file::OptionFile,
            tokenizer_class::TokenizerClass,
        },
        tokenizer::{BertTokenizer, SpecialTokens},
        tokenizer_error::TokenizerError,
    },
};

/// The options of the tokenizer.
const OPTIONS: &str = "tokenizer_config.json";
/// The special tokens, in older folders.
const TOKEN_MAP: &str = "special_tokens_map.json";
/// The added tokens, in older folders.
const ADDED_TOKENS: &str = "added_tokens.json";

/// The first token of CamemBERT's vocabularies.
const CAMEMBERT_FIRST: &str = "<s>NOTUSED";

/// Options that would change what a text becomes, and that this crate does not have.
const UNSUPPORTED: [&str; 8] = [
    "split_special_tokens",
    "init_inputs",
    "vocab",
    "merges",
    "tokenizer_object",
    "post_processor",
    "gguf_file",
    "fast_tokenizer_files",
];

/// A tokenizer, the files that it was read from, and notes for its user.
#[derive(Debug)]
pub(crate) struct OpenedTokenizer {
    pub(crate) tokenizer: BertTokenizer,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) notes: Vec<CheckpointNote>,
}

/// Opens the tokenizer in a folder as `transformers` does for a model of this family.
pub(crate) fn open_tokenizer(
    folder: &ModelFolder,
    family: Family,
) -> Result<OpenedTokenizer, BertModelError> {
    let mut folder = Folder { folder, files: Vec::new() };
    let options = folder.options(OPTIONS)?;
    let map = folder.options(TOKEN_MAP)?;
    let added = folder.options(ADDED_TOKENS)?;
    let config = OptionFile::read("config.json", folder.read("config.json")?.as_deref());
    folder.files.retain(|file| !file.ends_with("config.json"));
    let config = config.map_err(BertModelError::Tokenizer)?;
    check_options(&options).map_err(BertModelError::Tokenizer)?;
    let class = folder.class(&options, &config, family)?;
    let vocabulary = folder.vocabulary(class)?;
    let parts = Parts { class, family, options, map, added };
    let opened = match fenced(|| parts.build(vocabulary)) {
        Ok(built) => built,
        Err(fault) => Err(TokenizerError::library(fault)),
    };
    let (tokenizer, special, has_patterns, notes) = opened.map_err(BertModelError::Tokenizer)?;
    let mut tokenizer = if family.is_decoder() {
        BertTokenizer::of_decoder(tokenizer, &special, has_patterns)?
    } else {
        BertTokenizer::new(tokenizer, &special, has_patterns)?
    };
    tokenizer.reads_letters = class == TokenizerClass::Esm;
    tokenizer.has_joined_pieces = class == TokenizerClass::PhoBert;
    Ok(OpenedTokenizer { tokenizer, files: folder.files, notes })
}

impl BertTokenizer {
    /// Opens the tokenizer of a checkpoint's folder as `AutoTokenizer` of `transformers` 5.23 does for
    /// a model of this family.
    ///
    /// # Errors
    /// If a file is missing or cannot be read, or asks for a tokenizer that this crate does not have.
    pub fn open(folder: impl Into<ModelFolder>, family: Family) -> Result<Self, BertModelError> {
        open_tokenizer(&folder.into(), family).map(|opened| opened.tokenizer)
    }
}

/// The class whose vocabulary is in a folder: unigrams are XLM-RoBERTa's, or CamemBERT's if they begin with
/// its first token, merges are RoBERTa's, and anything else is BERT's.
pub(crate) fn class_of_vocabulary(folder: &ModelFolder) -> TokenizerClass {
    let json = folder.read(TOKENIZER_JSON).ok();
    let json = json.and_then(|json| parse_json(&json).ok());
    let is_camembert =
        json.as_ref().is_some_and(|json| json["model"]["vocab"][0][0] == CAMEMBERT_FIRST);
    let (has_unigrams, has_merges) = match json {
        Some(json) => (json["model"]["vocab"].is_array(), json["model"]["merges"].is_array()),
        None => (folder.contains("sentencepiece.bpe.model"), folder.contains("merges.txt")),
    };
    match (has_unigrams, has_merges) {
        (true, _) if is_camembert => TokenizerClass::Camembert,
        (true, _) => TokenizerClass::XlmRoberta,
        (false, true) => TokenizerClass::Roberta,
        (false, false) => TokenizerClass::Bert,
    }
}

/// Checks that there is no option that would silently be ignored.
fn check_options(options: &OptionFile) -> Result<(), TokenizerError> {
    for key in UNSUPPORTED {
        let Some(value) = options.get(key) else { continue };
        let is_empty = match value {
            Value::Bool(flag) => !flag,
            Value::Array(items) => items.is_empty(),
            Value::Object(items) => items.is_empty(),
            _ => false,
        };
        if !is_empty {
            return Err(options.error(key, "is not supported"));
        }
    }
    Ok(())
}

/// A folder whose files are remembered as they are read.
struct Folder<'a> {
    folder: &'a ModelFolder,
    files: Vec<PathBuf>,
}

impl<'a> Folder<'a> {
    /// The bytes of a file, if it is there.
    fn read(&mut self, name: &str) -> Result<Option<Cow<'a, [u8]>>, BertModelError> {
        if !self.folder.contains(name) {
            return Ok(None);
        }
        let bytes = self.folder.read(name)?;
        self.files.push(self.folder.path().join(name));
        Ok(Some(bytes))
    }

    /// The class of the tokenizer.
    fn class(
        &mut self,
        options: &OptionFile,
        config: &OptionFile,
        family: Family,
    ) -> Result<TokenizerClass, BertModelError> {
        let traits = family.traits();
        if traits.fixes_tokenizer {
            return Ok(traits.tokenizer);
        }
        let class = TokenizerClass::choose(options, config, traits.tokenizer, family.is_decoder());
        let class = class.map_err(BertModelError::Tokenizer)?;
        if class == TokenizerClass::Llama && self.is_byte_level()? {
            return Ok(TokenizerClass::Whole);
        }
        Ok(class)
    }

    /// True if `tokenizer.json` contains the name of a byte-level component. Files of Llama 3 do, although they may
    /// name the class of Llama 2.
    fn is_byte_level(&mut self) -> Result<bool, BertModelError> {
        const NAME: &[u8] = b"\"ByteLevel\"";
        if !self.folder.contains(TOKENIZER_JSON) {
            return Ok(false);
        }
        let json = self.folder.read(TOKENIZER_JSON)?;
        Ok(json.windows(NAME.len()).any(|part| part == NAME))
    }

    fn options(&mut self, name: &'static str) -> Result<OptionFile, BertModelError> {
        let json = self.read(name)?;
        OptionFile::read(name, json.as_deref()).map_err(BertModelError::Tokenizer)
    }

    /// The vocabulary: `tokenizer.json`, or the older files of the class.
    fn vocabulary(&mut self, class: TokenizerClass) -> Result<Vocabulary, BertModelError> {
        if !class.is_python()
            && let Some(json) = self.read(TOKENIZER_JSON)?
        {
            return parse_json(&json).map(Vocabulary::Json).map_err(BertModelError::Tokenizer);
        }
        let missing = BertModelError::NoTokenizer {
            dir: self.folder.path().to_owned(),
            expected: match class {
                TokenizerClass::Bert => &["tokenizer.json", "vocab.txt"],
                TokenizerClass::Esm => &["vocab.txt"],
                TokenizerClass::Roberta
                | TokenizerClass::Gpt2
                | TokenizerClass::GptNeox
                | TokenizerClass::Qwen2 => &["tokenizer.json", "vocab.json with merges.txt"],
                TokenizerClass::PhoBert => &["vocab.txt with bpe.codes"],
                TokenizerClass::XlmRoberta
                | TokenizerClass::Albert
                | TokenizerClass::Camembert
                | TokenizerClass::Llama
                | TokenizerClass::Whole => &["tokenizer.json"],
            },
        };
        let mut contents = Vec::new();
        for name in class.vocabulary_files() {
            let Some(bytes) = self.read(name)? else { return Err(missing) };
            contents.push(bytes.into_owned());
        }
        match <[Vec<u8>; 2]>::try_from(contents) {
            Ok([vocab, merges]) => Ok(Vocabulary::Merges(vocab, merges)),
            Err(mut contents) => contents.pop().map(Vocabulary::Lines).ok_or(missing),
        }
    }
}

/// The parts that a tokenizer is built from, besides its vocabulary.
struct Parts {
    class: TokenizerClass,
    family: Family,
    options: OptionFile,
    map: OptionFile,
    added: OptionFile,
}

type Built = (Tokenizer, SpecialTokens, bool, Vec<CheckpointNote>);

impl Parts {
    fn build(&self, mut vocabulary: Vocabulary) -> Result<Built, TokenizerError> {
        let mut checked = None;
        let mut serialized = None;
        if let Vocabulary::Json(json) = &mut vocabulary {
            translate_components(json)?;
            checked = Some(check_components(json)?);
            serialized = json.get("added_tokens").cloned();
        }
        let files = TokenFiles {
            options: &self.options,
            map: &self.map,
            added: &self.added,
            serialized: serialized.as_ref(),
        };
        let is_decoder = self.family.is_decoder();
        let tokens = DeclaredTokens::read(&files, self.class, is_decoder)?;
        let mut special = self.special_tokens(&tokens);
        let mut inner =
            assemble::build(self.class, vocabulary, &self.options, &tokens, &special.unknown)?;
        let has_patterns = self.class == TokenizerClass::Whole
            && checked.as_ref().is_some_and(|checked| checked.has_patterns);
        if is_decoder {
            let added = tokens.in_order(&inner);
            inner.add_tokens(added).map_err(TokenizerError::library)?;
            if self.class != TokenizerClass::Whole {
                let first = tokens.text_of("bos_token");
                assemble::frame_decoder(
                    &mut inner,
                    self.class,
                    &self.options,
                    first,
                    checked.as_ref(),
                )?;
            }
            let notes = self.notes(&inner, checked.as_ref());
            return Ok((inner, special, has_patterns, notes));
        }
        let stored = checked.as_ref().and_then(|checked| checked.empty.get_post_processor());
        let has_stored_frame = match self.class {
            TokenizerClass::Whole => true,
            TokenizerClass::Albert => stored.is_some(),
            _ => false,
        };
        let mut needed = vec![&special.mask];
        if !has_stored_frame {
            needed.extend([&special.class, &special.separator]);
        }
        for token in needed {
            // A token that no file contains would get an id that the model never saw.
            if inner.token_to_id(token).is_none() && !tokens.is_added(token) {
                return Err(TokenizerError::NoSpecialToken { token: token.clone() });
            }
        }
        if self.class == TokenizerClass::Bert && inner.token_to_id(&special.unknown).is_none() {
            return Err(TokenizerError::NoSpecialToken { token: special.unknown });
        }
        let added = tokens.in_order(&inner);
        inner.add_tokens(added).map_err(TokenizerError::library)?;
        if has_stored_frame {
            inner.with_post_processor(stored.cloned());
            let Some([class, separator]) = frame_of(&inner) else {
                let SpecialTokens { class, separator, .. } = special;
                return Err(TokenizerError::NoFrame { class, separator });
            };
            special = SpecialTokens { class, separator, ..special };
        } else {
            let frame: [TokenAndId; 2] =
                [with_id(&inner, &special.class)?, with_id(&inner, &special.separator)?];
            assemble::frame(&mut inner, self.class, &self.options, frame)?;
        }
        let notes = self.notes(&inner, checked.as_ref());
        Ok((inner, special, has_patterns, notes))
    }

    /// The special tokens, those of the family if no file names them.
    fn special_tokens(&self, tokens: &DeclaredTokens) -> SpecialTokens {
        let family = SpecialTokens::of(self.family);
        let text = |key: &str, family: String| match tokens.text_of(key) {
            Some(text) => text.to_owned(),
            None => family,
        };
        // XLM-RoBERTa puts these two around a text, whatever its class token is.
        let [class, separator] = match self.class {
            TokenizerClass::XlmRoberta | TokenizerClass::Camembert => ["bos_token", "eos_token"],
            TokenizerClass::Esm => ["cls_token", "eos_token"],
            _ => ["cls_token", "sep_token"],
        };
        SpecialTokens {
            padding: text("pad_token", family.padding),
            unknown: text("unk_token", family.unknown),
            class: text(class, family.class),
            separator: text(separator, family.separator),
            mask: text("mask_token", family.mask),
        }
    }

    /// Notes on parts of the files that do not count.
    fn notes(&self, inner: &Tokenizer, checked: Option<&CheckedComponents>) -> Vec<CheckpointNote> {
        let mut notes = Vec::new();
        if self.class == TokenizerClass::Whole {
            return notes;
        }
        if let Some(checked) = checked {
            let class = self.class.name();
            let unused = |key: &'static str| CheckpointNote::UnusedComponent { key, class };
            let empty = &checked.empty;
            if !is_same(&empty.get_normalizer(), &inner.get_normalizer()) {
                notes.push(unused("normalizer"));
            }
            if !is_same(&empty.get_pre_tokenizer(), &inner.get_pre_tokenizer()) {
                notes.push(unused("pre_tokenizer"));
            }
        }
        if self.class == TokenizerClass::Bert && self.options.get("do_lower_case").is_none() {
            let vocab = inner.get_vocab(false);
            let capitals = vocab.keys().filter(|token| is_capitalised(token)).count();
            if capitals > 0 {
                notes.push(CheckpointNote::LowerCased { capitals });
            }
        }
        notes
    }
}

/// The two tokens that a tokenizer puts around a text, if it puts two.
fn frame_of(inner: &Tokenizer) -> Option<[String; 2]> {
    let encoding = inner.encode("", true).ok()?;
    let added = inner.get_added_tokens_decoder();
    // The library knows a token that is normalised by its normalised text.
    let token = |id: &u32| match added.get(id) {
        Some(token) => Some(token.content.clone()),
        None => inner.id_to_token(*id),
    };
    match encoding.get_ids() {
        [first, last] => Some([token(first)?, token(last)?]),
        _ => None,
    }
}

/// Whether a token begins with a capital letter, which lower-cased text never has.
fn is_capitalised(token: &str) -> bool {
    token.chars().next().is_some_and(char::is_uppercase)
}

/// Whether two components are written alike.
fn is_same(left: &impl serde::Serialize, right: &impl serde::Serialize) -> bool {
    match (serde_json::to_value(left), serde_json::to_value(right)) {
        (Ok(left), Ok(right)) => left == right,
        _ => false,
    }
}

fn with_id(inner: &Tokenizer, token: &str) -> Result<TokenAndId, TokenizerError> {
    match inner.token_to_id(token) {
        Some(id) => Ok((token.to_owned(), id)),
        None => Err(TokenizerError::NoSpecialToken { token: token.to_owned() }),
    }
}
