//! Masked language models of BERT's family, exactly as Hugging Face's `BertForMaskedLM` and its
//! relatives compute them.
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
//! The crate's one job: turn a checkpoint directory into a model whose MLP can be watched and
//! edited while it runs.
//!
//! - [`Checkpoint`] reads `config.json`, the tokenizer and the weights, strictly: there is no random
//!   initial value that a missing tensor could leave behind.
//! - [`Family`] is what the configuration chooses: BERT, RoBERTa, XLM-RoBERTa, DistilBERT or ELECTRA.
//!   All take one path through the code; what sets them apart is data.
//! - [`BertForMaskedLm`] runs it. The forward pass takes an [`MlpHook`] as an argument and calls it
//!   at two [`Site`]s of every layer; no hook is ever registered, so none can be left behind.
//! - [`BertForMaskedLm::direct_effects`] tells what each MLP neuron by itself does to a logit.
//! - [`TokenBatch`] holds sequences of one length, so nothing is padded and no result depends on
//!   what else is in the batch.

mod checkpoint;
mod config;
mod error;
mod model;
mod ops;
mod text;
mod weights;

pub use checkpoint::{Checkpoint, CheckpointFiles};
pub use config::{bert_config::BertConfig, family::Family};
pub use error::BertModelError;
pub use model::{
    bert_for_masked_lm::BertForMaskedLm,
    mlp_hook::{MlpHook, NoHook, Site, TokenSet},
    token_batch::TokenBatch,
};
pub use ops::dot_product_attention::Projections;
pub use text::tokenizer::{BertTokenizer, Encoded, MASK, SpecialTokens, WordPieceOptions};
pub use weights::{tensor_source::TensorSource, weight_files::Weights};
