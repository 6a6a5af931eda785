use std::collections::BTreeMap;

use bert_model::{BertConfig, MlpHook, Site};
use burn::tensor::{Bool, Tensor, TensorData};

use crate::CaptureError;

/// What becomes of a lesioned activation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Edit<'a> {
    /// It becomes 0.
    Zero,
    /// It is multiplied: below 1 damped, above 1 amplified.
    Scale(f32),
    /// It becomes the neuron's value in this list, which has one for each neuron of the layer.
    Replace(&'a [f32]),
}

/// Neurons to lesion at one token.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Row of the batch.
    pub row: usize,
    /// The layer.
    pub layer: usize,
    /// Position of the token in its row; `[CLS]` is 0.
    pub position: usize,
    /// Neurons of the layer. Of two edits of one activation the later target's counts.
    pub neurons: &'a [usize],
    /// What becomes of their activations.
    pub edit: Edit<'a>,
}

/// Edits neurons at chosen tokens; every other value goes on unchanged, bit for bit. A lesion is
/// for forward passes of the batch and the model that it was made for.
#[derive(Debug)]
pub struct Lesion {
    site: Site,
    shape: [usize; 3],
    layers: BTreeMap<usize, Edits>,
    applied: bool,
}

/// The edits of one layer, each list `[batch, seq, intermediate]`: where `touched`, an activation
/// becomes itself times `factor` plus `offset`.
#[derive(Debug)]
struct Edits {
    touched: Vec<bool>,
    factor: Vec<f32>,
    offset: Vec<f32>,
}

impl Lesion {
    /// A lesion at `site`, for forward passes of a batch of this shape, `[batch, seq]`, through a
    /// model of `config`. Rows without a target are not touched.
    ///
    /// # Errors
    /// Where a layer, a token or a neuron does not exist, or a list to replace from has another
    /// length than the layer.
    pub fn new(
        site: Site,
        [rows, length]: [usize; 2],
        config: &BertConfig,
        targets: &[Target<'_>],
    ) -> Result<Self, CaptureError> {
        let (layers, neurons) = (config.num_hidden_layers, config.intermediate_size);
        let shape = [rows, length, neurons];
        let mut lesion = Self { site, shape, layers: BTreeMap::new(), applied: false };
        for target in targets {
            let &Target { row, layer, position, .. } = target;
            if layer >= layers {
                return Err(CaptureError::NoSuchLayer { layer, layers });
            }
            if row >= rows || position >= length {
                return Err(CaptureError::NoSuchToken { row, position, rows, length });
            }
            if let Edit::Replace(values) = target.edit
                && values.len() != neurons
            {
                return Err(CaptureError::ReplacementCount { values: values.len(), neurons });
            }
            let edits = lesion.layers.entry(layer).or_insert_with(|| Edits::none(shape));
            let start = (row * length + position) * neurons;
            for &neuron in target.neurons {
                if neuron >= neurons {
                    return Err(CaptureError::NoSuchNeuron { neuron, neurons });
                }
                edits.touched[start + neuron] = true;
                (edits.factor[start + neuron], edits.offset[start + neuron]) = match target.edit {
                    Edit::Zero => (0.0, 0.0),
                    Edit::Scale(factor) => (factor, 0.0),
                    Edit::Replace(values) => (0.0, values[neuron]),
                };
            }
        }
        Ok(lesion)
    }

    /// Number of activations that the lesion edits. 0 means that it does nothing.
    #[must_use]
    pub fn size(&self) -> usize {
        let touched = self.layers.values().flat_map(|edits| &edits.touched);
        touched.filter(|&&touched| touched).count()
    }

    /// Whether a forward pass has come through a lesioned layer.
    #[must_use]
    pub fn was_applied(&self) -> bool {
        self.applied
    }
}

impl Edits {
    fn none(shape: [usize; 3]) -> Self {
        let size = shape.iter().product();
        Self { touched: vec![false; size], factor: vec![1.0; size], offset: vec![0.0; size] }
    }
}

impl MlpHook for Lesion {
    fn visit(&mut self, layer: usize, site: Site, activations: Tensor<3>) -> Tensor<3> {
        let Some(edits) = self.layers.get(&layer).filter(|_| site == self.site) else {
            return activations;
        };
        self.applied = true;
        let device = activations.device();
        let touched = TensorData::new(edits.touched.clone(), self.shape);
        let touched = Tensor::<3, Bool>::from_data(touched, &device);
        let tensor = |values: &[f32]| {
            Tensor::<3>::from_data(TensorData::new(values.to_vec(), self.shape), &device)
        };
        let edited = activations.clone() * tensor(&edits.factor) + tensor(&edits.offset);
        activations.mask_where(touched, edited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> BertConfig {
        BertConfig::from_json(
            br#"{"model_type": "bert", "hidden_size": 4, "intermediate_size": 8,
                "num_attention_heads": 1, "num_hidden_layers": 2, "vocab_size": 9,
                "max_position_embeddings": 5}"#,
        )
        .unwrap()
    }

    fn target<'a>(row: usize, layer: usize, neurons: &'a [usize], edit: Edit<'a>) -> Target<'a> {
        Target { row, layer, position: 1, neurons, edit }
    }

    #[test]
    fn the_size_counts_each_value_once() {
        let size = |targets: &[Target<'_>]| {
            Lesion::new(Site::Post, [2, 2], &config(), targets).unwrap().size()
        };
        let zero = |row, layer, neurons| target(row, layer, neurons, Edit::Zero);
        assert_eq!(size(&[]), 0);
        assert_eq!(size(&[zero(0, 0, &[1, 1, 5])]), 2);
        assert_eq!(size(&[zero(0, 0, &[1]), zero(1, 0, &[1]), zero(0, 0, &[1])]), 2);
        assert_eq!(size(&[zero(0, 0, &[1]), zero(0, 1, &[1])]), 2);
    }

    #[test]
    fn every_edit_does_what_it_says_and_only_there() {
        let values: Vec<f32> = (0..8).map(|n| 100.0 + n as f32).collect();
        let targets = [
            target(0, 0, &[1, 2], Edit::Zero),
            target(0, 0, &[3], Edit::Scale(-2.0)),
            target(1, 0, &[7], Edit::Replace(&values)),
            target(1, 1, &[0], Edit::Zero),
        ];
        let mut lesion = Lesion::new(Site::Post, [2, 2], &config(), &targets).unwrap();
        let before: Vec<f32> = (0..32).map(|n| n as f32 / 7.0 - 2.0).collect();
        let device = burn::tensor::Device::flex();
        let tensor = || Tensor::<3>::from_data(TensorData::new(before.clone(), [2, 2, 8]), &device);
        let mut visit = |layer, site| -> Vec<f32> {
            lesion.visit(layer, site, tensor()).into_data().try_into_vec().unwrap()
        };
        assert_eq!(visit(0, Site::Pre), before);
        let mut expected = before.clone();
        (expected[9], expected[10], expected[11]) = (0.0, 0.0, -2.0 * before[11]);
        expected[31] = 107.0;
        assert_eq!(visit(0, Site::Post), expected);
        let mut expected = before.clone();
        expected[24] = 0.0;
        assert_eq!(visit(1, Site::Post), expected);
        assert!(lesion.was_applied());
    }

    #[test]
    fn a_list_of_another_length_is_refused() {
        let found =
            Lesion::new(Site::Pre, [1, 2], &config(), &[target(0, 0, &[1], Edit::Replace(&[1.0]))]);
        assert!(matches!(found, Err(CaptureError::ReplacementCount { values: 1, neurons: 8 })));
    }
}
