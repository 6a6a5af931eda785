use bert_model::{MlpHook, Site, TokenBatch, TokenSet};
use burn::tensor::Tensor;

use crate::error::CaptureError;

/// Keeps the activations of one token per row, at chosen sites of every layer that runs.
///
/// A capture is for one forward pass of its batch; a second pass would be appended.
///
/// Only these tokens are kept, `[batch, intermediate]` per layer and site, never all activations.
#[derive(Debug)]
pub struct TokenCapture {
    sites: Vec<Site>,
    /// Position of each row's token.
    positions: Vec<usize>,
    kept: Vec<(usize, Site, Tensor<2>)>,
    /// A layer that computed other tokens than the captured ones.
    missed: Option<usize>,
}

impl TokenCapture {
    /// A capture of token `positions[row]` of every row of `batch`.
    ///
    /// # Errors
    /// If there is not exactly one position per row, or one lies outside its row.
    pub fn new(
        sites: &[Site],
        batch: &TokenBatch,
        positions: &[usize],
    ) -> Result<Self, CaptureError> {
        let [rows, length] = batch.shape();
        if positions.len() != rows {
            return Err(CaptureError::PositionCount { positions: positions.len(), rows });
        }
        if let Some(row) = positions.iter().position(|&position| position >= length) {
            let position = positions[row];
            return Err(CaptureError::NoSuchToken { row, position, rows, length });
        }
        Ok(Self {
            sites: sites.to_vec(),
            positions: positions.to_vec(),
            kept: Vec::new(),
            missed: None,
        })
    }

    /// The captured activations at `site`: for each layer that ran, in order, `[batch, intermediate]`
    /// row by row. Empty for a site that was not chosen.
    ///
    /// # Errors
    /// If the values cannot be read from the device, or a layer computed other tokens.
    pub fn layers(&self, site: Site) -> Result<Vec<Vec<f32>>, CaptureError> {
        if let Some(layer) = self.missed {
            return Err(CaptureError::OtherTokens { layer });
        }
        let kept = self.kept.iter().filter(|(_, kept_site, _)| *kept_site == site);
        kept.map(|(layer, _, rows)| read_values(*layer, rows)).collect()
    }
}

/// Reads the values of `rows` from the device.
pub(crate) fn read_values(layer: usize, rows: &Tensor<2>) -> Result<Vec<f32>, CaptureError> {
    let device_error = |message| CaptureError::Device { layer, message };
    let data = rows.clone().try_into_data_as::<f32>();
    let data = data.map_err(|error| device_error(error.to_string()))?;
    data.try_into_vec().map_err(|error| device_error(error.to_string()))
}

impl MlpHook for TokenCapture {
    fn visit(
        &mut self,
        layer: usize,
        site: Site,
        tokens: TokenSet<'_>,
        activations: Tensor<3>,
    ) -> Tensor<3> {
        if self.sites.contains(&site) {
            let captured = match tokens {
                TokenSet::All => TokenSet::OneEach(&self.positions).of(activations.clone()),
                TokenSet::OneEach(positions) => {
                    if positions != self.positions {
                        self.missed = Some(layer);
                    }
                    activations.clone()
                }
                TokenSet::From(first) => {
                    if self.positions.iter().any(|&position| position < first) {
                        self.missed = Some(layer);
                    }
                    let places = self.positions.iter().map(|place| place.saturating_sub(first));
                    let places: Vec<usize> = places.collect();
                    TokenSet::OneEach(&places).of(activations.clone())
                }
            };
            self.kept.push((layer, site, captured.squeeze_dim(1)));
        }
        activations
    }
}
