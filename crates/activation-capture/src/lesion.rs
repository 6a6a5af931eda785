use bert_model::{BertConfig, MlpHook, Site};
use burn::tensor::{Bool, Tensor, TensorData};

use crate::CaptureError;

/// Neurons to silence at one token.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Row of the batch.
    pub row: usize,
    /// Position of the token in its row; `[CLS]` is 0.
    pub position: usize,
    /// Neurons of the lesioned layer; duplicates change nothing.
    pub neurons: &'a [usize],
}

/// Sets neurons of one layer to zero at chosen tokens; every other value goes on unchanged, bit
/// for bit. A lesion is for forward passes of the batch and the model that it was made for.
#[derive(Debug)]
pub struct ZeroLesion {
    layer: usize,
    site: Site,
    /// `[batch, seq, intermediate]`, true where the activation becomes 0.
    silenced: Vec<bool>,
    shape: [usize; 3],
    applied: bool,
}

impl ZeroLesion {
    /// A lesion of `layer` at `site`, for forward passes of a batch of this shape, `[batch, seq]`,
    /// through a model of `config`. Rows without a target are not touched.
    ///
    /// # Errors
    /// Where the layer, a token or a neuron does not exist.
    pub fn new(
        layer: usize,
        site: Site,
        [rows, length]: [usize; 2],
        config: &BertConfig,
        targets: &[Target<'_>],
    ) -> Result<Self, CaptureError> {
        let layers = config.num_hidden_layers;
        if layer >= layers {
            return Err(CaptureError::NoSuchLayer { layer, layers });
        }
        let neurons = config.intermediate_size;
        let mut silenced = vec![false; rows * length * neurons];
        for target in targets {
            let &Target { row, position, .. } = target;
            if row >= rows || position >= length {
                return Err(CaptureError::NoSuchToken { row, position, rows, length });
            }
            for &neuron in target.neurons {
                if neuron >= neurons {
                    return Err(CaptureError::NoSuchNeuron { neuron, neurons });
                }
                silenced[(row * length + position) * neurons + neuron] = true;
            }
        }
        Ok(Self { layer, site, silenced, shape: [rows, length, neurons], applied: false })
    }

    /// Number of values that the lesion sets to zero. 0 means that it does nothing.
    #[must_use]
    pub fn size(&self) -> usize {
        self.silenced.iter().filter(|&&silenced| silenced).count()
    }

    /// Whether a forward pass has come through the lesioned layer.
    #[must_use]
    pub fn was_applied(&self) -> bool {
        self.applied
    }
}

impl MlpHook for ZeroLesion {
    fn visit(&mut self, layer: usize, site: Site, activations: Tensor<3>) -> Tensor<3> {
        if (layer, site) != (self.layer, self.site) {
            return activations;
        }
        self.applied = true;
        let silenced = TensorData::new(self.silenced.clone(), self.shape);
        let silenced = Tensor::<3, Bool>::from_data(silenced, &activations.device());
        activations.mask_fill(silenced, 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_counts_each_value_once() {
        let config = BertConfig::from_json(
            br#"{"model_type": "bert", "hidden_size": 4, "intermediate_size": 8,
                "num_attention_heads": 1, "num_hidden_layers": 2, "vocab_size": 9,
                "max_position_embeddings": 5}"#,
        )
        .unwrap();
        let size = |targets: &[Target<'_>]| {
            ZeroLesion::new(0, Site::Post, [2, 2], &config, targets).unwrap().size()
        };
        let target = |row, neurons| Target { row, position: 1, neurons };
        assert_eq!(size(&[]), 0);
        assert_eq!(size(&[target(0, &[1, 1, 5])]), 2);
        assert_eq!(size(&[target(0, &[1]), target(1, &[1]), target(0, &[1])]), 2);
    }
}
