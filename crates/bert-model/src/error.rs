use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use burn::tensor::DType;

use crate::{config::config_error::ConfigError, text::tokenizer_error::TokenizerError};

/// Advice for a folder without the files of a tokenizer.
fn tokenizer_advice(expected: &[&str]) -> &'static str {
    if expected.contains(&"tokenizer.json") {
        "in Python, AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR) writes tokenizer.json \
         from other files"
    } else {
        "copy what is missing from the place that the model is from; its tokenizer is read from \
         nothing else"
    }
}

/// Everything that can be wrong with a checkpoint, a text or a batch. Each prints as one line, which names
/// a file of the checkpoint but not its folder: the caller knows what the user called it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BertModelError {
    /// A file of the checkpoint cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },

    /// The checkpoint has no tokenizer that can be read.
    #[error(
        "no {}; {}",
        expected.join(" or "),
        tokenizer_advice(expected)
    )]
    NoTokenizer {
        /// The checkpoint directory.
        dir: PathBuf,
        /// Files that could be read.
        expected: &'static [&'static str],
    },

    /// The tokenizer does not suit the model.
    #[error("tokenizer: {0}")]
    Tokenizer(TokenizerError),

    /// `config.json` does not describe a model.
    #[error("config.json: {0}")]
    Config(ConfigError),

    /// `config.json` asks for a computation that this crate does not have.
    #[error("config.json: `{key}` is {found}; supported: {supported}")]
    Unsupported {
        /// The key of `config.json`.
        key: &'static str,
        /// Its value, as JSON.
        found: String,
        /// Supported values.
        supported: String,
    },

    /// `config.json` names a family that is not computed for a reason of its own.
    #[error("config.json: `model_type` is {found}: {reason}")]
    Refused {
        /// The family, as JSON.
        found: String,
        /// The reason.
        reason: &'static str,
    },

    /// The checkpoint has no weights.
    #[error(
        "no weights; a checkpoint has model.safetensors, model.safetensors.index.json or \
         pytorch_model.bin"
    )]
    NoWeights {
        /// The checkpoint directory.
        dir: PathBuf,
    },

    /// A file of weights, or the index of several, cannot be read or written.
    #[error("{file}: {message}")]
    Container {
        /// Name of the file.
        file: String,
        /// Message of the library that reads it, in one line.
        message: String,
    },

    /// Weights of PyTorch in memory, where only safetensors are read.
    #[error(
        "{}: only model.safetensors is read from memory; in Python, `save_pretrained(DIR)` of the \
         loaded model writes it",
        file_name(path)
    )]
    PickleInMemory {
        /// The file.
        path: PathBuf,
    },

    /// An index of weights names a file outside its folder.
    #[error("{index}: {file:?} is not a file in the same folder")]
    OutsideFolder {
        /// Name of the index.
        index: String,
        /// The file, as the index names it.
        file: String,
    },

    /// A tensor that the model needs is not in the file.
    #[error("{file}: tensor `{name}` is missing (looked for: {})", looked_for.join(", "))]
    MissingTensor {
        /// Name of the file.
        file: String,
        /// The tensor's name in the newest layout.
        name: String,
        /// All names under which it was looked for.
        looked_for: Vec<String>,
    },

    /// A tensor has another shape than `config.json` implies.
    #[error("{file}: tensor `{name}` has shape {found:?}, config.json implies {expected:?}")]
    TensorShape {
        /// Name of the file.
        file: String,
        /// The tensor's name in the file.
        name: String,
        /// The shape that the configuration implies.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },

    /// A tensor is not stored as floating-point numbers of a supported type.
    #[error("{file}: tensor `{name}` has dtype {}; f32, f16 and bf16 can be read", found.name())]
    TensorDtype {
        /// Name of the file.
        file: String,
        /// The tensor's name in the file.
        name: String,
        /// Its dtype.
        found: DType,
    },

    /// A tensor has a value that is not a finite number.
    #[error("{file}: tensor `{name}` contains {found}; the file is damaged")]
    TensorNotFinite {
        /// Name of the file.
        file: String,
        /// The tensor's name in the file.
        name: String,
        /// The value.
        found: f32,
    },

    /// A text cannot be encoded.
    #[error("cannot encode {text:?}: {message}")]
    Encode {
        /// The text.
        text: String,
        /// Message of the `tokenizers` library.
        message: String,
    },

    /// A text has a token that the tokenizer has, but not the model.
    #[error(
        "{token:?} is token {id} of the tokenizer, but the model has embeddings for {embeddings} \
         tokens only (`vocab_size`)"
    )]
    NoEmbedding {
        /// The token.
        token: String,
        /// Its id.
        id: u32,
        /// `vocab_size`.
        embeddings: usize,
    },

    /// A file is a pointer of Git LFS.
    #[error(
        "{} is only a pointer to the file, left by Git LFS; `git lfs pull` in its folder fetches the \
         file",
        file_name(path)
    )]
    LfsPointer {
        /// The file.
        path: PathBuf,
    },

    /// A word is several tokens, but must be one.
    #[error(
        "{word:?} is {} tokens ({}); one is needed{}",
        pieces.len(), pieces.join(" "), list_suggestions(suggestions)
    )]
    SplitWord {
        /// The word.
        word: String,
        /// The tokens of the word.
        pieces: Vec<String>,
        /// Similar words that would be one token in its place.
        suggestions: Vec<String>,
    },

    /// A word is only a part of a token.
    #[error("{word:?} is only a part of the token {token:?}; a target must be a whole token")]
    PartOfToken {
        /// The word.
        word: String,
        /// The token that contains it.
        token: String,
    },

    /// A word is not in the vocabulary.
    #[error("{word:?} is not in the model's vocabulary")]
    UnknownWord {
        /// The word.
        word: String,
    },

    /// A sentence has no mask, so there is no word to predict.
    #[error(
        "no {mask} in the sentence; write it in place of the word to predict: \"She thanked {mask}.\""
    )]
    NoMask {
        /// The mask token.
        mask: &'static str,
    },

    /// A word begins a text, and the model reads only what stands before a word.
    #[error(
        "nothing stands before the word, and the model, a decoder, reads only what stands before it"
    )]
    NothingBefore,

    /// A text continues after the mask, and the model reads only what stands before it.
    #[error(
        "{after:?} stands after {mask}, but the model, a decoder, reads only what stands before it; \
         end the sentence there"
    )]
    TextAfterMask {
        /// The text after the mask.
        after: String,
        /// The mask token.
        mask: &'static str,
    },

    /// A text for a decoder contains a mask beside the word that it predicts.
    #[error(
        "{mask} stands in the text, but the model, a decoder, reads no mask; write a word in its place"
    )]
    MaskForDecoder {
        /// The mask token.
        mask: &'static str,
    },

    /// A text contains a special token other than the mask.
    #[error(
        "{token} is no word but a special token of the model; only {mask} is allowed in a text"
    )]
    SpecialToken {
        /// The token.
        token: String,
        /// The mask token.
        mask: &'static str,
    },

    /// A batch has no sequence, or an empty one.
    #[error("a batch needs at least one sequence, and every sequence at least one token")]
    EmptyBatch,

    /// The sequences of a batch have different lengths.
    #[error("row {row} has {found} tokens, row 0 has {expected}; all rows must have one length")]
    UnequalLengths {
        /// The first row that differs.
        row: usize,
        /// Tokens in row 0.
        expected: usize,
        /// Tokens in that row.
        found: usize,
    },

    /// A sequence is longer than the model's position embeddings.
    #[error("a sequence has {found} tokens; the model reads at most {limit}")]
    TooLong {
        /// Tokens in the sequence.
        found: usize,
        /// Tokens of the longest sequence that the model reads.
        limit: usize,
    },

    /// A padding token in a family that gives it no position of its own.
    #[error("token id {id} is padding, which a batch must not contain")]
    Padding {
        /// The id.
        id: u32,
    },

    /// The model has no embedding for a token id.
    #[error("token id {id} is outside the model's vocabulary of {vocabulary}")]
    TokenId {
        /// The id.
        id: u32,
        /// `vocab_size`.
        vocabulary: usize,
    },

    /// The model does not have this layer.
    #[error("layer {layer} does not exist; the model has layers 0 to {}", layers.saturating_sub(1))]
    NoSuchLayer {
        /// The requested layer.
        layer: usize,
        /// `num_hidden_layers`.
        layers: usize,
    },

    /// The layers do not have this neuron.
    #[error("neuron {neuron} does not exist; a layer has neurons 0 to {}", neurons.saturating_sub(1))]
    NoSuchNeuron {
        /// The requested neuron.
        neuron: usize,
        /// `intermediate_size`.
        neurons: usize,
    },

    /// The tensors are not the clean pass of one sentence.
    #[error(
        "the clean pass of one sentence is {expected} tensors of one shape [1, seq, {width}]; \
         found {found:?}"
    )]
    CleanPass {
        /// One tensor for the input of each layer, and one for the output of the last.
        expected: usize,
        /// `hidden_size`.
        width: usize,
        /// Shapes of the tensors.
        found: Vec<[usize; 3]>,
    },

    /// There is not one pair of words for each row.
    #[error("{pairs} pairs of words for {rows} rows; there must be one per row")]
    WordPairs {
        /// Number of pairs.
        pairs: usize,
        /// Number of rows.
        rows: usize,
    },

    /// A (row, position) pair is outside the batch.
    #[error("row {row}, position {position} is outside a batch of shape [{rows}, {length}]")]
    NoSuchPosition {
        /// The requested row.
        row: usize,
        /// The requested position.
        position: usize,
        /// Rows of the batch.
        rows: usize,
        /// Tokens per row.
        length: usize,
    },
}

fn list_suggestions(suggestions: &[String]) -> String {
    if suggestions.is_empty() {
        return String::new();
    }
    format!("; words of one token like it: {}", suggestions.join(", "))
}

/// The name of a file in its folder.
fn file_name(path: &Path) -> Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}
