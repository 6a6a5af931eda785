//! Answers about the model, and about sentences as it reads them.

use std::collections::BTreeMap;

use bert_model::{BertConfig, BertModelError, MemoryFolder};
use lesion::{LoadedModel, Memory, Session, device};
use lesion_eval::Batching;
use serde::Serialize;
use study_record::Backend;

use crate::{one_line::Problem, page_watch::PageWatch};

/// Opens a model from its files.
pub(crate) fn open(files: MemoryFolder) -> Result<Session, Problem> {
    let device = device(Backend::Flex, 0)?;
    let mut watch = PageWatch::default();
    let model = LoadedModel::open_files(files, &device, &mut watch.stages())?;
    Ok(Session::new(model, Backend::Flex))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelInfo {
    name: String,
    family: String,
    layers: usize,
    neurons: usize,
    mask: String,
    longest: usize,
    is_decoder: bool,
    reads_letters: bool,
    activation: &'static str,
    notes: Vec<String>,
}

/// Describes the model of a session.
pub(crate) fn describe(session: &Session) -> ModelInfo {
    let model = session.model();
    let subject = model.subject(false, Batching::default());
    let config = subject.model.config();
    let notes = model.notes().iter().map(|note| match note.warning() {
        Some(warning) => warning.to_string(),
        None => note.to_string(),
    });
    ModelInfo {
        name: model.name().to_owned(),
        family: config.model_type.to_string(),
        layers: config.num_hidden_layers,
        neurons: config.intermediate_size,
        mask: model.tokenizer().mask_token().to_owned(),
        longest: config.longest_sequence(),
        is_decoder: model.tokenizer().is_of_decoder(),
        reads_letters: model.tokenizer().reads_letters(),
        activation: config.structure.activation_name(),
        notes: notes.collect(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemoryNeeded {
    family: String,
    layers: usize,
    neurons: usize,
    parameters: u128,
    bytes: u128,
    bytes_while_loading: u128,
    fits: bool,
}

/// Bytes that a 32-bit WebAssembly module can address.
const ADDRESSABLE: u128 = 4 << 30;

/// The memory that a model needs. Its files stay, because a study states their hashes, and its weights are
/// f32. While it is loaded, the reader has a copy of the weights' files, and some matrices exist several
/// times: as they are read, as f32, and transposed.
pub(crate) fn memory_needed(
    files: &Memory,
    sizes: &BTreeMap<String, u64>,
) -> Result<MemoryNeeded, Problem> {
    let config = files.get("config.json").map(Vec::as_slice).unwrap_or_default();
    let config = BertConfig::from_json(config)?;
    let words = (config.vocab_size as u128).saturating_mul(config.embedding_width() as u128);
    let decoder = if config.tie_word_embeddings { 0 } else { words };
    let parameters = config.parameter_count().saturating_add(decoder);
    let file_bytes: u128 = sizes.values().copied().map(u128::from).sum();
    let tokenizer = BYTES_PER_WORD.saturating_mul(config.vocab_size as u128);
    let weights = F32.saturating_mul(parameters);
    let model = MODULE.saturating_add(tokenizer).saturating_add(file_bytes).saturating_add(weights);
    let read_together = F32.saturating_mul(words.max(layer_values(&config)));
    let reading = file_bytes.saturating_add(read_together.saturating_mul(COPIES));
    let passes = Batching::default().bytes_of_one_thread(&config, LONG_SENTENCE) as u128;
    let bytes = model.saturating_add(passes);
    let bytes_while_loading = model.saturating_add(reading);
    Ok(MemoryNeeded {
        family: config.model_type.to_string(),
        layers: config.num_hidden_layers,
        neurons: config.intermediate_size,
        parameters,
        bytes,
        bytes_while_loading,
        fits: bytes.max(bytes_while_loading) < ADDRESSABLE,
    })
}

/// Values in the matrices of a layer, which are read together.
fn layer_values(config: &BertConfig) -> u128 {
    let hidden = config.hidden_size as u128;
    let matrices = if config.structure.gated { 3 } else { 2 };
    let mlp = hidden.saturating_mul(config.intermediate_size as u128).saturating_mul(matrices);
    hidden.saturating_mul(hidden).saturating_mul(4).saturating_add(mlp)
}

const F32: u128 = size_of::<f32>() as u128;

/// Bytes of the module itself, and of everything that does not grow with the model.
const MODULE: u128 = 4 << 20;

/// Bytes of a word in the tables of a tokenizer and in its file, about.
const BYTES_PER_WORD: u128 = 500;

/// Copies of the matrices that are read together. One more than there are, for the gaps that they leave:
/// with 3 a BERT-base of 1,147 MB would be said to need 1,144.
const COPIES: u128 = 4;

/// Tokens of a sentence, at most. Longer ones may need more.
const LONG_SENTENCE: usize = 32;

#[derive(Serialize)]
pub(crate) struct SentenceTokens {
    tokens: Vec<SentenceToken>,
    masks: Vec<usize>,
    unknown: Vec<String>,
}

#[derive(Serialize)]
struct SentenceToken {
    text: String,
    unknown: bool,
    special: bool,
}

/// A sentence as the model reads it, with the tokens at which its masks are predicted. It may have none.
pub(crate) fn tokens(session: &Session, sentence: &str) -> Result<SentenceTokens, Problem> {
    let tokenizer = session.model().tokenizer();
    let (encoded, masks) = match tokenizer.encode_masked(sentence) {
        Err(BertModelError::NoMask { .. }) => (tokenizer.encode(sentence)?, Vec::new()),
        encoded => encoded?,
    };
    let mut tokens = Vec::with_capacity(encoded.ids.len());
    for (&id, text) in encoded.ids.iter().zip(&encoded.tokens) {
        let unknown = tokenizer.unknown_id() == Some(id);
        let special = tokenizer.is_special(id) && !unknown;
        tokens.push(SentenceToken { text: text.clone(), unknown, special });
    }
    Ok(SentenceTokens { tokens, masks, unknown: tokenizer.unknown_words(&encoded, sentence) })
}
