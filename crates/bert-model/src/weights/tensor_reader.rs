//! The parts that every block of BERT is made of, read from a [`TensorSource`].

use burn::{
    module::Param,
    nn::Linear,
    tensor::{Device, Tensor, TensorData},
};
use rayon::prelude::*;

use crate::{
    config::family::Names, error::BertModelError, ops::layer_norm::LayerNorm,
    weights::tensor_source::TensorSource,
};

/// Builds parts from a source, under whichever of its possible names a tensor is there.
pub(crate) struct TensorReader<'a, S> {
    pub(crate) names: &'static Names,
    pub(crate) source: &'a mut S,
    pub(crate) device: &'a Device,
}

impl<S: TensorSource> TensorReader<'_, S> {
    /// Whether the source has the tensor, under any of its names.
    pub(crate) fn contains(&mut self, name: &str) -> Result<bool, BertModelError> {
        Ok(self.stored_name(name)?.is_some())
    }

    /// Lets the source read the matrices of these linear layers side by side, before they are
    /// asked for. Few at a time: what is freed meanwhile is used for the next ones.
    pub(crate) fn prepare<const N: usize>(
        &mut self,
        linear: [String; N],
    ) -> Result<(), BertModelError> {
        let weights = linear.into_iter().map(|name| name + ".weight");
        let stored: Vec<String> = weights
            .filter_map(|name| self.stored_name(&name).transpose())
            .collect::<Result<_, _>>()?;
        self.source.prepare(&stored)
    }

    fn stored_name(&mut self, name: &str) -> Result<Option<String>, BertModelError> {
        for name in self.names.of(name) {
            if self.source.contains(&name)? {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    fn data(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, BertModelError> {
        let stored = self.stored_name(name)?;
        self.source.tensor(stored.as_deref().unwrap_or(name), shape).map_err(|error| match error {
            BertModelError::MissingTensor { file, name, .. } => {
                let looked_for = self.names.of(&name);
                BertModelError::MissingTensor { file, name, looked_for }
            }
            other => other,
        })
    }

    /// A `[length]` vector.
    pub(crate) fn vector(
        &mut self,
        name: &str,
        length: usize,
    ) -> Result<Param<Tensor<1>>, BertModelError> {
        let data = self.data(name, &[length])?;
        Ok(Param::from_tensor(Tensor::from_data(data, self.device)))
    }

    /// A `[rows, columns]` matrix as it is stored.
    pub(crate) fn matrix(
        &mut self,
        name: &str,
        shape: [usize; 2],
    ) -> Result<Param<Tensor<2>>, BertModelError> {
        let data = self.data(name, &shape)?;
        Ok(Param::from_tensor(Tensor::from_data(data, self.device)))
    }

    /// `{name}.weight`, stored `[out, in]`, and `{name}.bias`, stored `[out]`.
    pub(crate) fn linear(
        &mut self,
        name: &str,
        [d_in, d_out]: [usize; 2],
    ) -> Result<Linear, BertModelError> {
        let stored = self.data(&format!("{name}.weight"), &[d_out, d_in])?;
        let bias = self.vector(&format!("{name}.bias"), d_out)?;
        // Laid out `[in, out]` once, here: a product that reads across the rows of its weights
        // spends a third of its time on that.
        let weight = Tensor::from_data(transposed(&stored, d_in), self.device);
        Ok(Linear { weight: Param::from_tensor(weight), bias: Some(bias) })
    }

    /// `{name}.weight` and `{name}.bias`, both `[size]`.
    pub(crate) fn norm(
        &mut self,
        name: &str,
        size: usize,
        epsilon: f64,
    ) -> Result<LayerNorm, BertModelError> {
        let gamma = self.vector(&format!("{name}.weight"), size)?;
        let beta = self.vector(&format!("{name}.bias"), size)?;
        Ok(LayerNorm { gamma, beta, epsilon })
    }
}

/// `[rows, columns]` as `[columns, rows]`.
fn transposed(data: &TensorData, columns: usize) -> TensorData {
    // Columns that a task takes, and rows that it reads before it writes: what it reads of a row
    // and what it writes of a column then are whole cache lines.
    const BAND: usize = 64;
    const ROWS: usize = 16;
    let values = data.as_slice::<f32>().unwrap_or_default();
    let rows = values.len() / columns;
    let mut out = vec![0.0; values.len()];
    out.par_chunks_mut(BAND * rows).enumerate().for_each(|(band, out)| {
        let mut block = [[0.0; ROWS]; BAND];
        for (place, from) in values.chunks(ROWS * columns).enumerate() {
            for (row, from) in from.chunks_exact(columns).enumerate() {
                for (to, &value) in block.iter_mut().zip(&from[band * BAND..]) {
                    to[row] = value;
                }
            }
            let count = from.len() / columns;
            for (to, from) in out.chunks_exact_mut(rows).zip(&block) {
                to[place * ROWS..][..count].copy_from_slice(&from[..count]);
            }
        }
    });
    TensorData::new(out, [columns, rows])
}
