//! Reads and edits MLP activations at a (layer, site, token) while the model runs.
//!
//! Both hooks are values that one forward pass borrows: [`TokenCapture`] keeps the activations of
//! one token per row, [`Lesion`] edits chosen neurons at chosen tokens. Nothing is
//! registered in the model, so nothing can be left behind in it.
//!
//! ```no_run
//! use activation_capture::{Edit, Lesion, Target, TokenCapture};
//! use bert_model::{BertForMaskedLm, Site, TokenBatch};
//!
//! # fn run(model: &BertForMaskedLm, batch: &TokenBatch) -> Result<(), Box<dyn std::error::Error>> {
//! // The pre-activations of token 4 in every row and layer.
//! let mut capture = TokenCapture::new(&[Site::Pre], batch, &[4, 4])?;
//! model.forward(batch, &mut capture)?;
//! let layers: Vec<Vec<f32>> = capture.layers(Site::Pre)?;
//!
//! // The same pass with neurons 7 and 9 of layer 3 silent at token 4 of row 0.
//! let target = Target { row: 0, layer: 3, position: 4, neurons: &[7, 9], edit: Edit::Zero };
//! let mut lesion = Lesion::new(Site::Post, batch.shape(), model.config(), &[target])?;
//! let hidden = model.forward(batch, &mut lesion)?;
//! # Ok(())
//! # }
//! ```

mod capture;
mod error;
mod lesion;

pub use capture::TokenCapture;
pub use error::CaptureError;
pub use lesion::{Edit, Lesion, Target};
