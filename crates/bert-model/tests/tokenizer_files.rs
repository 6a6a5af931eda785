//! A tokenizer is the one that `transformers` would use, whatever the files of a folder say.

use std::{collections::BTreeMap, fs, path::Path};

use bert_model::{BertTokenizer, Family};
use serde::Deserialize;
use serde_json::{Map, Value};
use tempfile::TempDir;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/tokenizers");

#[derive(Deserialize)]
struct Expected {
    texts: Vec<String>,
    variants: Vec<Variant>,
}

/// A folder, edits of its files, and the ids of each text, if they differ from those of the folder's
/// first variant.
#[derive(Deserialize)]
struct Variant {
    folder: String,
    name: String,
    edits: Vec<Edit>,
    #[serde(default)]
    ids: BTreeMap<usize, Vec<u32>>,
    /// The message of `transformers`, if it cannot open the tokenizer.
    error: Option<String>,
}

#[derive(Deserialize)]
struct Edit {
    file: String,
    #[serde(default)]
    set: Map<String, Value>,
    #[serde(default)]
    unset: Map<String, Value>,
    write: Option<String>,
    delete: Option<bool>,
}

fn apply(edit: &Edit, dir: &Path) {
    let file = dir.join(&edit.file);
    if let Some(text) = &edit.write {
        fs::write(file, text).unwrap();
        return;
    }
    if edit.delete.is_some() {
        fs::remove_file(file).unwrap();
        return;
    }
    let mut content = match fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap(),
        Err(_) => Value::Object(Map::new()),
    };
    let charsmap = charsmap_of(&content);
    for (path, value) in &edit.set {
        let value: Value =
            serde_json::from_str(&value.to_string().replace("CHARSMAP", &charsmap)).unwrap();
        let place = path.split('/').fold(&mut content, |place, key| &mut place[key]);
        *place = value;
    }
    for key in edit.unset.keys() {
        content.as_object_mut().unwrap().remove(key);
    }
    fs::write(file, content.to_string()).unwrap();
}

/// The charsmap of a `tokenizer.json`.
fn charsmap_of(content: &Value) -> String {
    let normalizer = &content["normalizer"];
    let parts = normalizer["normalizers"].as_array();
    let mut parts = parts.into_iter().flatten().chain([normalizer]);
    let charsmap = parts.find_map(|part| part["precompiled_charsmap"].as_str());
    charsmap.unwrap_or_default().to_owned()
}

/// A copy of a folder's configuration and tokenizer, with edits.
fn folder(variant: &Variant) -> (TempDir, Family) {
    let dir = TempDir::new().unwrap();
    for entry in fs::read_dir(Path::new(FIXTURES).join(&variant.folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if [".json", ".txt", ".codes"].iter().any(|ending| name.ends_with(ending)) {
            fs::copy(entry.path(), dir.path().join(name)).unwrap();
        }
    }
    for edit in &variant.edits {
        apply(edit, dir.path());
    }
    let config = fs::read(dir.path().join("config.json")).unwrap();
    let config: Value = serde_json::from_slice(&config).unwrap();
    let family = serde_json::from_value(config["model_type"].clone()).unwrap();
    (dir, family)
}

fn expected(file: &str) -> Expected {
    let file = Path::new(FIXTURES).join(file);
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// Variants that `transformers` opens and that are refused here: no text gets the special tokens that the
/// model needs, a class is not that of the vocabulary, tokens have one id, or a pattern has a part of
/// Oniguruma's own. With the error.
const REFUSED: [(&str, &str); 31] = [
    ("class ", "is not a vocabulary of this model's tokenizer"),
    ("class ", "no tokenizer.json"),
    ("class BertTokenizer", "no [SEP]"),
    ("class ", "which puts tokens around a text; supported for a decoder"),
    ("'add_eos_token': True}", "`add_eos_token` is true; a decoder reads on"),
    ("add_bos_token", "before and"),
    ("add_eos_token", "before and"),
    ("no last token", "`eos_token` is null"),
    ("single_word", "`single_word` of \"newword\" is true"),
    ("single_word", "`single_word` of \"<mask>\" is true"),
    ("added_tokens_decoder", "has no \"<mask>\", which would get the id of another"),
    ("BertweetTokenizer that normalises", "`normalization` is true"),
    ("no padding", "`pad_token` is null"),
    ("token is nhà", "has an id already"),
    ("token is nhà", "one id or are one text"),
    ("no options", "the vocabulary has no [MASK]"),
    ("vocabulary with a token twice", "\"nhà\" has an id already"),
    ("merges with an empty line", "is not two symbols and their count"),
    ("merges with no counts", "is not two symbols and their count"),
    ("vocabulary without a mask", "no <mask>"),
    ("post_processor of the whole tokenizer.json", "before and"),
    ("whole, split by posix classes pre-tokenizer", "`[:`"),
    ("[[:alpha:]]+", "`[:`"),
    ("[[:punct:]]", "`[:`"),
    ("(?m:e.s)", "`(?m`"),
    (r"\R", "Parsing error"),
    (r"\X", "Parsing error"),
    (r"\N", "Parsing error"),
    (r"\p{^L}", "Regex error"),
    ("(?~him)", "Unknown group flag"),
    ("(?i:ss)", "`(?i` with `ss`"),
];

fn is_refused(variant: &Variant, error: &str) -> bool {
    let mut refused = REFUSED.iter().filter(|(name, _)| variant.name.contains(name));
    variant.error.is_some() || refused.any(|(_, message)| error.contains(message))
}

#[test]
fn ids_are_those_of_transformers() {
    for file in ["expected.json", "decoders.json"] {
        assert_ids_agree(&expected(file));
    }
}

fn assert_ids_agree(Expected { texts, variants }: &Expected) {
    let mut first: BTreeMap<&str, &Variant> = BTreeMap::new();
    let mut wrong = Vec::new();
    for variant in variants {
        let base = *first.entry(&variant.folder).or_insert(variant);
        let place = format!("{}, {}", variant.folder, variant.name);
        let (dir, family) = folder(variant);
        let tokenizer = match BertTokenizer::open(dir.path(), family) {
            Ok(tokenizer) => tokenizer,
            Err(error) if is_refused(variant, &error.to_string()) => continue,
            Err(error) => {
                wrong.push(format!("{place}: {error}"));
                continue;
            }
        };
        for (index, text) in texts.iter().enumerate() {
            let ids = variant.ids.get(&index).unwrap_or_else(|| &base.ids[&index]);
            match tokenizer.encode(text) {
                Ok(encoded) if encoded.ids == *ids => (),
                found => {
                    let found = found.map(|encoded| encoded.ids);
                    wrong.push(format!("{place}: {text:?}: {found:?}, not {ids:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}
