//! The parts that every block of BERT is made of, read from a [`TensorSource`].

use burn::{
    module::Param,
    nn::Linear,
    tensor::{Device, Tensor, TensorData},
};
use rayon::prelude::*;

use crate::{
    config::{bert_config::BertConfig, family_traits::Names},
    error::BertModelError,
    ops::layer_norm::LayerNorm,
    weights::tensor_source::TensorSource,
};

/// Reads parts from a source, each tensor under whichever of its possible names the source has.
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
    /// requested. Few at a time: memory that is freed meanwhile is used for the next ones.
    pub(crate) fn prepare<const N: usize>(
        &mut self,
        linear_layers: [String; N],
    ) -> Result<(), BertModelError> {
        let mut stored = Vec::with_capacity(N);
        for name in linear_layers {
            stored.extend(self.stored_name(&(name + ".weight"))?);
        }
        self.source.prepare(&stored)
    }

    fn stored_name(&mut self, name: &str) -> Result<Option<String>, BertModelError> {
        for name in self.names.possible_names(name) {
            if self.source.contains(&name)? {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    fn read(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, BertModelError> {
        let stored = self.stored_name(name)?;
        self.source.tensor(stored.as_deref().unwrap_or(name), shape).map_err(|error| match error {
            BertModelError::MissingTensor { file, name, .. } => {
                let looked_for = self.names.possible_names(&name);
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
        let data = self.read(name, &[length])?;
        Ok(Param::from_tensor(Tensor::from_data(data, self.device)))
    }

    /// A `[rows, columns]` matrix as it is stored.
    pub(crate) fn matrix(
        &mut self,
        name: &str,
        shape: [usize; 2],
    ) -> Result<Param<Tensor<2>>, BertModelError> {
        let data = self.read(name, &shape)?;
        Ok(Param::from_tensor(Tensor::from_data(data, self.device)))
    }

    /// `{name}.weight`, stored `[out, in]`, and `{name}.bias`, stored `[out]`, if it has one.
    pub(crate) fn linear(
        &mut self,
        name: &str,
        [d_in, d_out]: [usize; 2],
        has_bias: bool,
    ) -> Result<Linear, BertModelError> {
        let stored = self.read(&format!("{name}.weight"), &[d_out, d_in])?;
        let bias = if has_bias { Some(self.vector(&format!("{name}.bias"), d_out)?) } else { None };
        // Transposed to `[in, out]` once, on loading: a product that reads across the rows of its
        // weights spends a third of its time on that.
        let weight = Tensor::from_data(transpose(&stored, d_in), self.device);
        Ok(Linear { weight: Param::from_tensor(weight), bias })
    }

    /// Linear layers of one input whose matrices are stored as one: `[N x out, in]`, and a bias `[N x
    /// out]`.
    pub(crate) fn joint_linear<const N: usize>(
        &mut self,
        name: &str,
        [d_in, d_out]: [usize; 2],
        has_bias: bool,
    ) -> Result<[Linear; N], BertModelError> {
        let rows = d_out.saturating_mul(N);
        let stored = self.read(&format!("{name}.weight"), &[rows, d_in])?;
        let values = stored.as_slice::<f32>().unwrap_or_default();
        let bias =
            if has_bias { Some(self.vector(&format!("{name}.bias"), rows)?.val()) } else { None };
        let parts: [usize; N] = std::array::from_fn(|part| part);
        Ok(parts.map(|part| {
            let rows = values[part * d_out * d_in..][..d_out * d_in].to_vec();
            let rows = TensorData::new(rows, [d_out, d_in]);
            let weight = Tensor::from_data(transpose(&rows, d_in), self.device);
            let bias = bias.clone().map(|bias| bias.narrow(0, part * d_out, d_out));
            Linear { weight: Param::from_tensor(weight), bias: bias.map(Param::from_tensor) }
        }))
    }

    /// `{name}.weight` and, if it has one, `{name}.bias`, both `[size]`.
    pub(crate) fn norm(
        &mut self,
        name: &str,
        size: usize,
        config: &BertConfig,
    ) -> Result<LayerNorm, BertModelError> {
        let gamma = self.vector(&format!("{name}.weight"), size)?;
        let has_bias = config.structure.biases.norms;
        let beta = if has_bias { Some(self.vector(&format!("{name}.bias"), size)?) } else { None };
        Ok(LayerNorm { gamma, beta, epsilon: config.layer_norm_eps })
    }
}

/// `[rows, columns]` as `[columns, rows]`.
fn transpose(data: &TensorData, columns: usize) -> TensorData {
    // A task takes a band of columns, and reads some rows of it before it writes: the part of a row
    // that it reads and the part of a column that it writes then are whole cache lines.
    const BAND: usize = 64;
    const ROWS: usize = 16;
    let values = data.as_slice::<f32>().unwrap_or_default();
    let rows = values.len() / columns;
    let mut transposed = vec![0.0; values.len()];
    transposed.par_chunks_mut(BAND * rows).enumerate().for_each(|(band, out)| {
        let mut block = [[0.0; ROWS]; BAND];
        for (place, stored) in values.chunks(ROWS * columns).enumerate() {
            for (row, stored) in stored.chunks_exact(columns).enumerate() {
                for (column, &value) in block.iter_mut().zip(&stored[band * BAND..]) {
                    column[row] = value;
                }
            }
            let count = stored.len() / columns;
            for (out, column) in out.chunks_exact_mut(rows).zip(&block) {
                out[place * ROWS..][..count].copy_from_slice(&column[..count]);
            }
        }
    });
    TensorData::new(transposed, [columns, rows])
}
