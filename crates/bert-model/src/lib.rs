//! Language models, exactly as Hugging Face's `BertForMaskedLM`, its relatives and `GPT2LMHeadModel` compute
//! them.
//!
//! ```
//! use bert_model::{Checkpoint, NoHook, TokenBatch};
//! use burn::tensor::Device;
//!
//! let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/models/bundled");
//! let mut checkpoint = Checkpoint::open(folder)?;
//! let model = checkpoint.load_model(&Device::flex())?;
//! let (text, masks) = checkpoint.tokenizer.encode_masked("The king smiled when we met [MASK].")?;
//!
//! let batch = TokenBatch::new(vec![text.ids])?;
//! let hidden = model.forward(&batch, &mut NoHook)?; // [1, seq, hidden]
//! let logits = model.logits_at(hidden, &[(0, masks[0])])?; // [1, vocabulary]
//!
//! let logits: Vec<f32> = logits.into_data().iter().collect();
//! let top = (0..).zip(&logits).max_by(|a, b| a.1.total_cmp(b.1)).map(|(id, _)| id);
//! assert_eq!(top.and_then(|id| checkpoint.tokenizer.token(id)).as_deref(), Some("him"));
//! # Ok::<(), bert_model::BertModelError>(())
//! ```
//!
//! The crate turns a checkpoint directory into a model whose MLP can be watched and edited while it
//! runs.
//!
//! - [`Checkpoint`] reads `config.json`, the tokenizer and the weights, strictly: a missing tensor is
//!   an error, and never replaced by random values.
//! - [`Family`] is chosen by the configuration, such as BERT, RoBERTa, ModernBERT, ESM, GPT-2 or Llama. All take
//!   one path through the code, and differ in data only: names, and a [`Structure`].
//! - [`LanguageModel`] runs the model. The forward pass takes an [`MlpHook`] as an argument and calls
//!   it at two [`Site`]s of every layer. No hook is ever registered, so none can be left behind.
//! - [`LanguageModel::direct_effects`] computes how much each MLP neuron by itself adds to a logit, and
//!   [`LanguageModel::neuron_gradients`] how fast a difference of logits changes with it.
//! - [`TokenBatch`] holds sequences of one length, so nothing is padded, and no result depends on the
//!   other sequences of the batch.

mod checkpoint;
mod checkpoint_note;
mod config;
mod error;
mod fence;
mod model;
mod model_folder;
mod ops;
mod text;
mod weights;

pub use checkpoint::Checkpoint;
pub use checkpoint_note::CheckpointNote;
pub use config::{
    bert_config::BertConfig,
    config_error::ConfigError,
    family::Family,
    structure::{
        AttentionHeads, AttentionKind, AttentionPattern, Biases, EmbeddingParts, FullLayers, Norms,
        PredictionPlace, ScoreDivisors, Structure,
    },
};
pub use error::BertModelError;
pub use model::{
    gradients::{LogitDifference, NeuronGradients},
    language_model::LanguageModel,
    mlp_hook::{MlpHook, NoHook, Site, TokenSet},
    token_batch::TokenBatch,
};
pub use model_folder::{MemoryFolder, ModelFolder};
pub use ops::{
    activation::Activation,
    dot_product_attention::Projections,
    norm_kind::NormKind,
    reach::Reach,
    rotary::{Llama3, RotaryPositions, RotaryScaling, Yarn},
};
pub use text::{
    tokenizer::{BertTokenizer, Encoded, MASK, SpecialTokens, WordPieceOptions},
    tokenizer_error::TokenizerError,
};
pub use weights::{
    read_file::read_bounded, tensor_source::TensorSource, untrained_weights::UntrainedWeights,
    weight_files::Weights,
};
