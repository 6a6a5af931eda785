use bert_model::{MlpHook, Site, TokenSet};
use burn::tensor::Tensor;

use crate::{error::CaptureError, token_capture::read_values};

/// Keeps the activations of all tokens of one layer, before and after the activation function.
///
/// A capture is for one forward pass that computes all tokens of its layer.
#[derive(Debug)]
pub struct LayerCapture {
    layer: usize,
    /// Before and after the activation function.
    kept: [Option<Tensor<3>>; 2],
    /// True if the layer computed only some tokens.
    missed: bool,
}

impl LayerCapture {
    /// A capture of a layer.
    #[must_use]
    pub fn new(layer: usize) -> Self {
        Self { layer, kept: [None, None], missed: false }
    }

    /// The captured activations at `site`, `[batch, seq, intermediate]` row by row. Empty if the layer
    /// did not run.
    ///
    /// # Errors
    /// If the values cannot be read from the device, or the layer computed only some tokens.
    pub fn values(&self, site: Site) -> Result<Vec<f32>, CaptureError> {
        let layer = self.layer;
        if self.missed {
            return Err(CaptureError::OtherTokens { layer });
        }
        let Some(kept) = &self.kept[index(site)] else { return Ok(Vec::new()) };
        let [batch, length, neurons] = kept.dims();
        read_values(layer, &kept.clone().reshape([batch * length, neurons]))
    }
}

/// The place of a site's activations among those kept.
fn index(site: Site) -> usize {
    match site {
        Site::Pre => 0,
        Site::Post => 1,
    }
}

impl MlpHook for LayerCapture {
    fn visit(
        &mut self,
        layer: usize,
        site: Site,
        tokens: TokenSet<'_>,
        activations: Tensor<3>,
    ) -> Tensor<3> {
        if layer == self.layer {
            self.missed |= !matches!(tokens, TokenSet::All);
            self.kept[index(site)] = Some(activations.clone());
        }
        activations
    }
}
