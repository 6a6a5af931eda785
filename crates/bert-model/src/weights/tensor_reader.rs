//! The parts that every block of BERT is made of, read from a [`TensorSource`].

use std::ops::Range;

use burn::{
    module::Param,
    nn::Linear,
    tensor::{Device, Tensor, TensorData},
};
use rayon::prelude::*;

use crate::{
    config::{
        bert_config::BertConfig,
        family_traits::{Layout, Names},
    },
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

    /// The values of a `[length]` vector.
    pub(crate) fn values(&mut self, name: &str, length: usize) -> Result<Vec<f32>, BertModelError> {
        let data = self.read(name, &[length])?;
        Ok(data.iter::<f32>().collect())
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

    /// A linear layer outside the layers: `{name}.weight`, stored `[out, in]`, and `{name}.bias`, stored
    /// `[out]`, if it has one.
    pub(crate) fn linear(
        &mut self,
        name: &str,
        sizes: [usize; 2],
        has_bias: bool,
    ) -> Result<Linear, BertModelError> {
        let stored = self.stored_linear(name, sizes, has_bias, Layout::OutIn)?;
        Ok(stored.into_linear(self.device))
    }

    /// A linear layer of a layer, in the layout of the family.
    pub(crate) fn linear_in_layer(
        &mut self,
        name: &str,
        sizes: [usize; 2],
        has_bias: bool,
    ) -> Result<Linear, BertModelError> {
        let stored = self.stored_linear(name, sizes, has_bias, self.names.layout)?;
        Ok(stored.into_linear(self.device))
    }

    /// Linear layers of one input whose outputs follow each other in one matrix and in one bias.
    pub(crate) fn joint_in_layer<const N: usize>(
        &mut self,
        name: &str,
        sizes: [usize; 2],
        has_bias: bool,
    ) -> Result<[Linear; N], BertModelError> {
        self.joint_by_block_in_layer(name, sizes, sizes[1], has_bias)
    }

    /// Linear layers of one input whose outputs follow each other by blocks in one matrix and in one bias: a block
    /// of each, then the next one of each.
    pub(crate) fn joint_by_block_in_layer<const N: usize>(
        &mut self,
        name: &str,
        [d_in, d_out]: [usize; 2],
        block: usize,
        has_bias: bool,
    ) -> Result<[Linear; N], BertModelError> {
        let outputs = d_out.saturating_mul(N);
        let stored = self.stored_linear(name, [d_in, outputs], has_bias, self.names.layout)?;
        let parts: [usize; N] = std::array::from_fn(|part| part);
        Ok(parts.map(|part| {
            let blocks: Vec<Range<usize>> = (0..d_out / block)
                .map(|index| (index * N + part) * block)
                .map(|start| start..start + block)
                .collect();
            stored.outputs(&blocks).into_linear(self.device)
        }))
    }

    fn stored_linear(
        &mut self,
        name: &str,
        [d_in, d_out]: [usize; 2],
        has_bias: bool,
        layout: Layout,
    ) -> Result<StoredLinear, BertModelError> {
        let shape = match layout {
            Layout::OutIn => [d_out, d_in],
            Layout::InOut => [d_in, d_out],
        };
        let stored = self.read(&format!("{name}.weight"), &shape)?;
        let bias = if has_bias { Some(self.values(&format!("{name}.bias"), d_out)?) } else { None };
        // A product that reads across the rows of its weights spends a third of its time on that.
        let weight = match layout {
            Layout::OutIn => transpose(&stored, d_in),
            Layout::InOut => stored,
        };
        Ok(StoredLinear { weight, bias })
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
        let kind = config.structure.norm;
        Ok(LayerNorm { gamma, beta, epsilon: config.layer_norm_eps, kind })
    }
}

/// The values of a linear layer.
struct StoredLinear {
    /// `[in, out]`.
    weight: TensorData,
    /// `[out]`.
    bias: Option<Vec<f32>>,
}

impl StoredLinear {
    /// The layer with only some outputs, one range after the other.
    fn outputs(&self, ranges: &[Range<usize>]) -> Self {
        let values = self.weight.as_slice::<f32>().unwrap_or_default();
        let [d_in, d_out] = self.weight.shape().dims();
        let picked_out = ranges.iter().map(Range::len).sum();
        let mut weight = Vec::with_capacity(d_in * picked_out);
        for row in values.chunks_exact(d_out) {
            pick(row, ranges, &mut weight);
        }
        let bias = self.bias.as_ref().map(|bias| {
            let mut picked = Vec::with_capacity(picked_out);
            pick(bias, ranges, &mut picked);
            picked
        });
        Self { weight: TensorData::new(weight, [d_in, picked_out]), bias }
    }

    fn into_linear(self, device: &Device) -> Linear {
        let weight = Param::from_tensor(Tensor::from_data(self.weight, device));
        let bias = self.bias.map(|bias| {
            let length = bias.len();
            Param::from_tensor(Tensor::from_data(TensorData::new(bias, [length]), device))
        });
        Linear { weight, bias }
    }
}

/// Appends some values, one range after the other.
fn pick(values: &[f32], ranges: &[Range<usize>], picked: &mut Vec<f32>) {
    for range in ranges {
        picked.extend_from_slice(&values[range.clone()]);
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
