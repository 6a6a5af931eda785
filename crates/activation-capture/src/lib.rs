//! Reads and edits MLP activations at a (layer, site, token) while the model runs.
//!
//! ```
//! use activation_capture::{Edit, Lesion, Target, TokenCapture};
//! use bert_model::{Checkpoint, Site, TokenBatch};
//! use burn::tensor::Device;
//!
//! let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/models/bundled");
//! let mut checkpoint = Checkpoint::open(folder)?;
//! let model = checkpoint.load_model(&Device::flex())?;
//! let (text, masks) = checkpoint.tokenizer.encode_masked("We met [MASK] at the station.")?;
//! let batch = TokenBatch::new(vec![text.ids])?;
//!
//! // The activation of every neuron at the mask, in every layer.
//! let mut capture = TokenCapture::new(&[Site::Post], &batch, &masks)?;
//! let clean = model.forward(&batch, &mut capture)?;
//! let layers: Vec<Vec<f32>> = capture.layers(Site::Post)?;
//! assert_eq!((layers.len(), layers[3].len()), (6, 768));
//!
//! // The same pass with neurons 7 and 9 of layer 3 set to 0 at the mask.
//! let neurons = &[7, 9];
//! let target = Target { row: 0, layer: 3, position: masks[0], neurons, edit: Edit::Zero };
//! let mut lesion = Lesion::new(Site::Post, batch.shape(), model.config(), &[target])?;
//! let lesioned = model.forward(&batch, &mut lesion)?;
//! assert_ne!(clean.into_data(), lesioned.into_data());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Hooks are values that one forward pass borrows: [`TokenCapture`] keeps the activations of one
//! token per row, [`LayerCapture`] those of all tokens in one layer, and [`Lesion`] edits chosen neurons at chosen tokens. Nothing is registered in the
//! model, so nothing can be left behind in it.

mod error;
mod layer_capture;
mod lesion_hook;
mod token_capture;

pub use error::CaptureError;
pub use layer_capture::LayerCapture;
pub use lesion_hook::{Edit, Lesion, Target};
pub use token_capture::TokenCapture;
