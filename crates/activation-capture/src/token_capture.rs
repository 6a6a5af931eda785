use bert_model::{MlpHook, Site, TokenBatch, TokenSet};
use burn::tensor::{Int, Tensor};

use crate::error::CaptureError;

/// Keeps the activations of some tokens, at chosen sites of every layer that runs.
///
/// A capture is for one forward pass of its batch; a second pass would be appended.
///
/// Only these tokens are kept, `[tokens, intermediate]` per layer and site, never all activations.
#[derive(Debug)]
pub struct TokenCapture {
    sites: Vec<Site>,
    /// Row of each token.
    rows: Vec<usize>,
    /// Its position there.
    positions: Vec<usize>,
    /// True if there is one token of each row, in their order.
    are_one_each: bool,
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
        let places: Vec<(usize, usize)> = positions.iter().copied().enumerate().collect();
        Self::of_tokens(sites, [rows, length], &places)
    }

    /// A capture of tokens of a batch of `[rows, length]` tokens, each a row and a position. A row may have
    /// several, or none. The layers must compute all tokens.
    ///
    /// # Errors
    /// If a token lies outside the batch.
    pub fn of_tokens(
        sites: &[Site],
        [rows, length]: [usize; 2],
        tokens: &[(usize, usize)],
    ) -> Result<Self, CaptureError> {
        for &(row, position) in tokens {
            if row >= rows || position >= length {
                return Err(CaptureError::NoSuchToken { row, position, rows, length });
            }
        }
        let are_one_each = tokens.len() == rows
            && tokens.iter().enumerate().all(|(index, &(row, _))| index == row);
        let (rows, positions) = tokens.iter().copied().unzip();
        let (sites, kept) = (sites.to_vec(), Vec::new());
        Ok(Self { sites, rows, positions, are_one_each, kept, missed: None })
    }

    /// The captured activations at `site`: for each layer that ran, in order, `[tokens, intermediate]`
    /// token by token. Empty for a site that was not chosen.
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

impl TokenCapture {
    /// The captured tokens of `[rows, tokens, intermediate]`, the tokens of each row from `first` on.
    fn pick(&self, activations: Tensor<3>, first: usize) -> Tensor<3> {
        let [rows, length, width] = activations.dims();
        let tokens = self.rows.iter().zip(&self.positions);
        let places: Vec<i64> = tokens
            .map(|(row, position)| (row * length + position.saturating_sub(first)) as i64)
            .collect();
        let places = Tensor::<1, Int>::from_data(places.as_slice(), &activations.device());
        let picked = activations.reshape([rows * length, width]).select(0, places);
        picked.reshape([self.rows.len(), 1, width])
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
                TokenSet::All => self.pick(activations.clone(), 0),
                TokenSet::OneEach(positions) => {
                    if !self.are_one_each || positions != self.positions {
                        self.missed = Some(layer);
                    }
                    activations.clone()
                }
                TokenSet::From(first) => {
                    if self.positions.iter().any(|&position| position < first) {
                        self.missed = Some(layer);
                    }
                    self.pick(activations.clone(), first)
                }
            };
            self.kept.push((layer, site, captured.squeeze_dim(1)));
        }
        activations
    }
}
