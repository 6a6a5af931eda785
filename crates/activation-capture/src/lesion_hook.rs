use std::collections::BTreeMap;

use bert_model::{BertConfig, MlpHook, Site, TokenSet};
use burn::tensor::{IndexingUpdateOp, Int, Tensor, TensorData};

use crate::error::CaptureError;

/// A change of an activation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Edit<'a> {
    /// Sets it to 0.
    Zero,
    /// Multiplies it: below 1 damps it, above 1 amplifies it.
    Scale(f32),
    /// Sets it to this number.
    Set(f32),
    /// Replaces it by the neuron's value in this list, which has one per neuron of the layer.
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
    /// Neurons of the layer. If two targets edit one activation, the later one is used.
    pub neurons: &'a [usize],
    /// The change of their activations.
    pub edit: Edit<'a>,
}

/// Edits neurons at chosen tokens, and leaves every other value unchanged, bit for bit. A lesion is
/// for forward passes of one batch through one model.
#[derive(Debug)]
pub struct Lesion {
    site: Site,
    /// Number of neurons in a layer.
    neurons: usize,
    /// For each layer, row and position, the change of each neuron.
    targets: BTreeMap<(usize, usize, usize), BTreeMap<usize, Change>>,
    applied: bool,
}

/// Multiplies an activation by `factor` and then adds `offset`.
#[derive(Clone, Copy, Debug)]
struct Change {
    factor: f32,
    offset: f32,
}

impl Lesion {
    /// A lesion at `site`, for forward passes of a batch of this shape, `[batch, seq]`, through a
    /// model of `config`. Rows without a target are not touched.
    ///
    /// # Errors
    /// If a layer, a token or a neuron does not exist, or a list of replacement values has another
    /// length than the layer.
    pub fn new(
        site: Site,
        [rows, length]: [usize; 2],
        config: &BertConfig,
        targets: &[Target<'_>],
    ) -> Result<Self, CaptureError> {
        let layers = config.num_hidden_layers;
        let neurons = config.intermediate_size;
        let mut lesion = Self { site, neurons, targets: BTreeMap::new(), applied: false };
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
            let changes = lesion.targets.entry((layer, row, position)).or_default();
            for &neuron in target.neurons {
                if neuron >= neurons {
                    return Err(CaptureError::NoSuchNeuron { neuron, neurons });
                }
                let (factor, offset) = match target.edit {
                    Edit::Zero => (0.0, 0.0),
                    Edit::Scale(factor) => (factor, 0.0),
                    Edit::Set(value) => (0.0, value),
                    Edit::Replace(values) => (0.0, values[neuron]),
                };
                changes.insert(neuron, Change { factor, offset });
            }
        }
        Ok(lesion)
    }

    /// Number of activations that the lesion edits. A lesion of size 0 does nothing.
    #[must_use]
    pub fn size(&self) -> usize {
        self.targets.values().map(BTreeMap::len).sum()
    }

    /// Whether a forward pass has edited an activation.
    #[must_use]
    pub fn was_applied(&self) -> bool {
        self.applied
    }
}

impl MlpHook for Lesion {
    /// Targets at tokens that a pass does not compute are skipped.
    fn visit(
        &mut self,
        layer: usize,
        site: Site,
        tokens: TokenSet<'_>,
        activations: Tensor<3>,
    ) -> Tensor<3> {
        let [batch, length, neurons] = activations.dims();
        if site != self.site || neurons != self.neurons {
            return activations;
        }
        let mut places = Vec::new();
        let mut factors = Vec::new();
        let mut offsets = Vec::new();
        for (&(_, row, position), changes) in self.targets.range((layer, 0, 0)..(layer + 1, 0, 0)) {
            let token = match tokens {
                TokenSet::All => row * length + position,
                TokenSet::OneEach(positions) if positions.get(row) == Some(&position) => row,
                TokenSet::From(first) if position >= first => row * length + position - first,
                TokenSet::OneEach(_) | TokenSet::From(_) => continue,
            };
            // A device does not necessarily check where it writes.
            assert!(token < batch * length, "a lesion is for the batch that it was made for");
            for (neuron, change) in changes {
                places.extend([token as i64, *neuron as i64]);
                factors.push(change.factor);
                offsets.push(change.offset);
            }
        }
        if places.is_empty() {
            return activations;
        }
        self.applied = true;
        let device = activations.device();
        let places = TensorData::new(places, [factors.len(), 2]);
        let places = Tensor::<2, Int>::from_data(places, &device);
        let factors = Tensor::<1>::from_data(factors.as_slice(), &device);
        let offsets = Tensor::<1>::from_data(offsets.as_slice(), &device);
        let clean: Tensor<2> = activations.reshape([batch * length, neurons]);
        let edited = clean.clone().gather_nd(places.clone()) * factors + offsets;
        let lesioned = clean.scatter_nd(places, edited, IndexingUpdateOp::Assign);
        lesioned.reshape([batch, length, neurons])
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
    fn the_size_counts_each_activation_once() {
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
    fn every_edit_changes_its_targets_and_nothing_else() {
        let values: Vec<f32> = (0..8).map(|n| 100.0 + n as f32).collect();
        let targets = [
            target(0, 0, &[1, 2], Edit::Zero),
            target(0, 0, &[3], Edit::Scale(-2.0)),
            target(0, 0, &[4], Edit::Set(1.5)),
            target(1, 0, &[7], Edit::Replace(&values)),
            target(1, 1, &[0], Edit::Zero),
        ];
        let mut lesion = Lesion::new(Site::Post, [2, 2], &config(), &targets).unwrap();
        let before: Vec<f32> = (0..32).map(|n| n as f32 / 7.0 - 2.0).collect();
        let device = burn::tensor::Device::flex();
        let tensor = || Tensor::<3>::from_data(TensorData::new(before.clone(), [2, 2, 8]), &device);
        let mut visit = |layer, site| -> Vec<f32> {
            lesion.visit(layer, site, TokenSet::All, tensor()).into_data().try_into_vec().unwrap()
        };
        assert_eq!(visit(0, Site::Pre), before);
        let mut expected = before.clone();
        (expected[9], expected[10], expected[11]) = (0.0, 0.0, -2.0 * before[11]);
        expected[12] = 1.5;
        expected[31] = 107.0;
        assert_eq!(visit(0, Site::Post), expected);
        let mut expected = before.clone();
        expected[24] = 0.0;
        assert_eq!(visit(1, Site::Post), expected);
        assert!(lesion.was_applied());
    }

    #[test]
    fn edits_of_tokens_that_are_not_computed_are_skipped() {
        let targets = [target(0, 0, &[1], Edit::Zero), target(1, 0, &[2], Edit::Zero)];
        let mut lesion = Lesion::new(Site::Post, [2, 2], &config(), &targets).unwrap();
        let ones = Tensor::<3>::ones([2, 1, 8], &burn::tensor::Device::flex());
        // Of row 0 the lesioned token is computed, of row 1 the other one.
        let found = lesion.visit(0, Site::Post, TokenSet::OneEach(&[1, 0]), ones);
        let mut expected = vec![1.0_f32; 16];
        expected[1] = 0.0;
        assert_eq!(found.into_data().try_into_vec::<f32>().unwrap(), expected);

        // Of three tokens the last two are computed, of which the first is lesioned.
        let mut lesion = Lesion::new(Site::Post, [2, 3], &config(), &targets).unwrap();
        let ones = Tensor::<3>::ones([2, 2, 8], &burn::tensor::Device::flex());
        let found = lesion.visit(0, Site::Post, TokenSet::From(1), ones.clone());
        let mut expected = vec![1.0_f32; 32];
        (expected[1], expected[18]) = (0.0, 0.0);
        assert_eq!(found.into_data().try_into_vec::<f32>().unwrap(), expected);
        let found = lesion.visit(0, Site::Post, TokenSet::From(2), ones);
        assert_eq!(found.into_data().try_into_vec::<f32>().unwrap(), [1.0; 32]);
    }

    #[test]
    fn a_list_of_another_length_is_refused() {
        let found =
            Lesion::new(Site::Pre, [1, 2], &config(), &[target(0, 0, &[1], Edit::Replace(&[1.0]))]);
        assert!(matches!(found, Err(CaptureError::ReplacementCount { values: 1, neurons: 8 })));
    }
}
