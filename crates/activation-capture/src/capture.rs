use bert_model::{MlpHook, Site, TokenBatch};
use burn::tensor::{Int, Tensor};

use crate::CaptureError;

/// Keeps the activations of one token per row, at chosen sites of every layer that runs.
///
/// A capture is for one forward pass of its batch; a second one would be appended.
///
/// Only these rows are kept, `[batch, intermediate]` a layer and site, never whole activations.
#[derive(Debug)]
pub struct TokenCapture {
    sites: Vec<Site>,
    /// Index of each row's token in `[batch * seq]`.
    tokens: Vec<i64>,
    kept: Vec<(usize, Site, Tensor<2>)>,
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
        let tokens = positions
            .iter()
            .enumerate()
            .map(|(row, &position)| {
                if position < length {
                    Ok((row * length + position) as i64)
                } else {
                    Err(CaptureError::NoSuchToken { row, position, rows, length })
                }
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { sites: sites.to_vec(), tokens, kept: Vec::new() })
    }

    /// What was kept at `site`: for each layer that ran, in order, `[batch, intermediate]` row by
    /// row. Empty for a site that was not asked for.
    ///
    /// # Errors
    /// Where the values cannot be read from the device.
    pub fn layers(&self, site: Site) -> Result<Vec<Vec<f32>>, CaptureError> {
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
    fn visit(&mut self, layer: usize, site: Site, activations: Tensor<3>) -> Tensor<3> {
        if self.sites.contains(&site) {
            let [rows, length, neurons] = activations.dims();
            let tokens = Tensor::<1, Int>::from_data(self.tokens.as_slice(), &activations.device());
            let flat = activations.clone().reshape([rows * length, neurons]);
            self.kept.push((layer, site, flat.select(0, tokens)));
        }
        activations
    }
}
