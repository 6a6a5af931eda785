use std::path::PathBuf;

use burn::tensor::DType;

/// Everything that can be wrong with a checkpoint, a text or a batch. Each prints as one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BertModelError {
    /// A file of the checkpoint cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// The checkpoint has no tokenizer that can be read.
    #[error(
        "{dir}: no {expected}; in Python, AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR) \
         writes tokenizer.json from other files"
    )]
    NoTokenizer {
        /// The checkpoint directory.
        dir: PathBuf,
        /// What could be read.
        expected: &'static str,
    },

    /// The tokenizer file is there but cannot be used.
    #[error("tokenizer: {reason}")]
    Tokenizer {
        /// What is wrong with it.
        reason: String,
    },

    /// `config.json` is not the configuration of a model.
    #[error("config.json: {reason}")]
    Config {
        /// What is wrong with it.
        reason: String,
    },

    /// `config.json` asks for something that this crate does not compute.
    #[error("config.json: `{key}` is {found}; this program computes {supported} only")]
    Unsupported {
        /// The key of `config.json`.
        key: &'static str,
        /// Its value.
        found: String,
        /// What would be supported.
        supported: String,
    },

    /// The checkpoint has no weights.
    #[error(
        "{dir}: no weights; a checkpoint has model.safetensors, model.safetensors.index.json or \
         pytorch_model.bin"
    )]
    NoWeights {
        /// The checkpoint directory.
        dir: PathBuf,
    },

    /// A file of weights, or the index of several, cannot be read.
    #[error("{file}: {reason}")]
    Container {
        /// The file.
        file: String,
        /// What the reader said.
        reason: String,
    },

    /// A tensor that the model needs is not in the file.
    #[error("{file}: tensor `{name}` is missing (looked for: {})", looked_for.join(", "))]
    MissingTensor {
        /// The file.
        file: String,
        /// The tensor's name in the newest layout.
        name: String,
        /// All names it could have had.
        looked_for: Vec<String>,
    },

    /// A tensor has another shape than `config.json` implies.
    #[error("{file}: tensor `{name}` has shape {found:?}, config.json implies {expected:?}")]
    TensorShape {
        /// The file.
        file: String,
        /// The tensor's name in the file.
        name: String,
        /// The shape that the configuration implies.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },

    /// A tensor is not stored as floating-point numbers that can be read.
    #[error("{file}: tensor `{name}` has dtype {found:?}; f32, f16 and bf16 can be read")]
    TensorDtype {
        /// The file.
        file: String,
        /// The tensor's name in the file.
        name: String,
        /// Its dtype.
        found: DType,
    },

    /// A text cannot be encoded.
    #[error("cannot encode {text:?}: {reason}")]
    Encode {
        /// The text.
        text: String,
        /// What the tokenizer said.
        reason: String,
    },

    /// A word is several tokens, where one is needed.
    #[error(
        "{word:?} is {} tokens ({}); one is needed{}",
        pieces.len(), pieces.join(" "), like(suggestions)
    )]
    SplitWord {
        /// The word.
        word: String,
        /// The tokens it becomes.
        pieces: Vec<String>,
        /// Words like it that would be one token in its place.
        suggestions: Vec<String>,
    },

    /// A word is only a part of a token.
    #[error("{word:?} is only a part of the token {token:?}; a target stands by itself")]
    PartOfToken {
        /// The word.
        word: String,
        /// The token that it is in.
        token: String,
    },

    /// A word is not in the vocabulary.
    #[error("{word:?} is not in the model's vocabulary")]
    UnknownWord {
        /// The word.
        word: String,
    },

    /// A sentence without a word to predict.
    #[error("no {mask} in the sentence; write it where a word is missing: \"She thanked {mask}.\"")]
    NoMask {
        /// The mask token.
        mask: &'static str,
    },

    /// A special token in a text, where only the mask may be.
    #[error("{token} is no word but a special token of the model; write only {mask}")]
    SpecialToken {
        /// The token.
        token: String,
        /// The mask token.
        mask: &'static str,
    },

    /// A batch without sequences, or with an empty one.
    #[error("a batch needs at least one sequence, and every sequence at least one token")]
    EmptyBatch,

    /// Sequences of different lengths in one batch. Nothing is padded here.
    #[error("row {row} has {found} tokens, row 0 has {expected}; a batch holds one length")]
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
        /// `max_position_embeddings`.
        limit: usize,
    },

    /// A padding token in a family that gives it no position of its own.
    #[error("token id {id} is padding, and nothing is padded here")]
    Padding {
        /// The id.
        id: u32,
    },

    /// A token id that the model has no embedding for.
    #[error("token id {id} is outside the model's vocabulary of {vocabulary}")]
    TokenId {
        /// The id.
        id: u32,
        /// `vocab_size`.
        vocabulary: usize,
    },

    /// A layer that the model does not have.
    #[error("layer {layer} does not exist; the model has layers 0 to {}", layers.saturating_sub(1))]
    NoSuchLayer {
        /// The layer asked for.
        layer: usize,
        /// `num_hidden_layers`.
        layers: usize,
    },

    /// Not the clean pass of one sentence.
    #[error(
        "the clean pass of one sentence is {expected} tensors of one shape [1, seq, {width}]; \
         found {found:?}"
    )]
    CleanPass {
        /// One tensor for what enters each layer, one for what leaves the last.
        expected: usize,
        /// `hidden_size`.
        width: usize,
        /// The shapes that were given.
        found: Vec<[usize; 3]>,
    },

    /// A (row, position) pair outside the batch.
    #[error("row {row}, position {position} is outside a batch of shape [{rows}, {length}]")]
    NoSuchPosition {
        /// The row asked for.
        row: usize,
        /// The position asked for.
        position: usize,
        /// Rows of the batch.
        rows: usize,
        /// Tokens per row.
        length: usize,
    },
}

fn like(suggestions: &[String]) -> String {
    match suggestions {
        [] => String::new(),
        words => format!("; words of one token like it: {}", words.join(", ")),
    }
}
