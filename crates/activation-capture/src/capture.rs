use bert_model::{MlpHook, Site, TokenBatch, TokenSet};
use burn::tensor::Tensor;

use crate::CaptureError;

/// Keeps the activations of one token per row, at chosen sites of every layer that runs.
///
/// A capture is for one forward pass of its batch; a second one would be appended.
///
/// Only these rows are kept, `[batch, intermediate]` a layer and site, never whole activations.
#[derive(Debug)]
pub struct TokenCapture {
    sites: Vec<Site>,
    /// Each row's token.
    positions: Vec<usize>,
    kept: Vec<(usize, Site, Tensor<2>)>,
    /// A layer of which other tokens were computed than the captured ones.
    missed: Option<usize>,
}

impl TokenCapture {
    /// A capture of token `positions[row]` of every row of `batch`.
    ///
    /// # Errors
    /// Where there is not one position a row, or one lies outside its row.
    pub fn new(
        sites: &[Site],
        batch: &TokenBatch,
        positions: &[usize],
    ) -> Result<Self, CaptureError> {
        let (rows, length) = (batch.rows().len(), batch.length());
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

    /// What was kept at `site`: for each layer that ran, in order, `[batch, intermediate]` row by
    /// row. Empty for a site that was not asked for.
    ///
    /// # Errors
    /// Where the values cannot be read from the device, and where a layer computed other tokens.
    pub fn layers(&self, site: Site) -> Result<Vec<Vec<f32>>, CaptureError> {
        if let Some(layer) = self.missed {
            return Err(CaptureError::OtherTokens { layer });
        }
        let kept = self.kept.iter().filter(|(_, kept_at, _)| *kept_at == site);
        kept.map(|(layer, _, rows)| {
            let device = |error: &dyn std::fmt::Display| CaptureError::Device {
                layer: *layer,
                reason: error.to_string(),
            };
            let data = rows.clone().try_into_data_as::<f32>().map_err(|error| device(&error))?;
            data.try_into_vec().map_err(|error| device(&error))
        })
        .collect()
    }
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
            let of_row = match tokens {
                TokenSet::All => TokenSet::OneEach(&self.positions).of(activations.clone()),
                TokenSet::OneEach(positions) => {
                    if positions != self.positions {
                        self.missed = Some(layer);
                    }
                    activations.clone()
                }
            };
            self.kept.push((layer, site, of_row.squeeze_dim(1)));
        }
        activations
    }
}
