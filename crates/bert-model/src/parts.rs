//! The two kinds of parts that every block of BERT is made of, built from a [`TensorSource`] and
//! written back under the same names.

use burn::{
    module::Param,
    nn::{LayerNorm, LayerNormConfig, Linear},
    tensor::{Device, Tensor, TensorData},
};

use rayon::prelude::*;

use crate::{BertModelError, TensorSource, source::vector};

/// Tensors by Hugging Face name, in Hugging Face layout.
pub(crate) type NamedTensors = Vec<(String, TensorData)>;

/// `{name}.weight`, stored `[out, in]`, and `{name}.bias`, stored `[out]`.
pub(crate) fn load_linear(
    source: &mut impl TensorSource,
    name: &str,
    [d_in, d_out]: [usize; 2],
    device: &Device,
) -> Result<Linear, BertModelError> {
    let stored = source.tensor(&format!("{name}.weight"), &[d_out, d_in])?;
    let bias = vector(source, &format!("{name}.bias"), d_out, device)?;
    // Laid out `[in, out]` once, here: a product that reads across the rows of its weights spends a
    // third of its time on that.
    let weight = Param::from_tensor(Tensor::from_data(transposed(&stored, d_in), device));
    Ok(Linear { weight, bias: Some(Param::from_tensor(bias)) })
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

pub(crate) fn save_linear(linear: &Linear, name: &str, out: &mut NamedTensors) {
    out.push((format!("{name}.weight"), linear.weight.val().transpose().into_data()));
    out.extend(linear.bias.iter().map(|bias| (format!("{name}.bias"), bias.val().into_data())));
}

/// `{name}.weight` and `{name}.bias`, both `[size]`.
pub(crate) fn load_norm(
    source: &mut impl TensorSource,
    name: &str,
    size: usize,
    epsilon: f64,
    device: &Device,
) -> Result<LayerNorm, BertModelError> {
    let mut norm = LayerNormConfig::new(size).with_epsilon(epsilon).init(device);
    norm.gamma = Param::from_tensor(vector(source, &format!("{name}.weight"), size, device)?);
    norm.beta = Some(Param::from_tensor(vector(source, &format!("{name}.bias"), size, device)?));
    Ok(norm)
}

pub(crate) fn save_norm(norm: &LayerNorm, name: &str, out: &mut NamedTensors) {
    out.push((format!("{name}.weight"), norm.gamma.val().into_data()));
    out.extend(norm.beta.iter().map(|beta| (format!("{name}.bias"), beta.val().into_data())));
}

/// Takes `directions`, `[n, size]`, from what `norm` returns back to what it reads. Its scale is
/// frozen, which makes it linear: it divides by the standard deviation of `read`, `[1, size]`.
pub(crate) fn back_through_norm(
    norm: &LayerNorm,
    epsilon: f64,
    read: Tensor<2>,
    directions: Tensor<2>,
) -> Tensor<2> {
    let sigma = (read.var_bias(1) + epsilon).sqrt();
    let scaled = directions * norm.gamma.val().unsqueeze::<2>();
    // Taking the mean away is its own transpose.
    (scaled.clone() - scaled.mean_dim(1)) / sigma
}
