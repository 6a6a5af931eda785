//! Runs lesions: the clean pass once, and each lesion from its layer on.

use activation_capture::{Target, ZeroLesion};
use bert_model::{MlpHook, NoHook, Site, TokenBatch};
use burn::tensor::{Int, Tensor};

use crate::{StudyError, Subject};

/// A plain pass of a batch that remembers what entered each layer. A lesion of layer l changes
/// nothing below l, so it starts there.
pub(crate) struct CleanPass<'a> {
    subject: Subject<'a>,
    /// `[batch, seq, hidden]` for each layer, and last what left the last one.
    entering: Vec<Tensor<3>>,
}

impl<'a> CleanPass<'a> {
    pub(crate) fn run(subject: Subject<'a>, batch: &TokenBatch) -> Result<Self, StudyError> {
        let mut hidden = subject.model.embed(batch)?;
        let mut entering = vec![hidden.clone()];
        for layer in 0..subject.model.config().num_hidden_layers {
            hidden = subject.model.run_layers(layer..layer + 1, hidden, &mut NoHook)?;
            entering.push(hidden.clone());
        }
        Ok(Self { subject, entering })
    }

    /// The last hidden states without a lesion.
    pub(crate) fn hidden(&self) -> Tensor<3> {
        self.entering[self.entering.len() - 1].clone()
    }

    /// Runs one layer again, to watch it.
    pub(crate) fn watch(&self, layer: usize, hook: &mut dyn MlpHook) -> Result<(), StudyError> {
        let entering = self.entering[layer].clone();
        self.subject.model.run_layers(layer..layer + 1, entering, hook)?;
        Ok(())
    }

    /// The last hidden states of a batch whose row i is row `rows[i]` of the clean pass, with the
    /// lesion's targets counted in the new rows.
    pub(crate) fn lesioned(
        &self,
        rows: &[usize],
        layer: usize,
        site: Site,
        targets: &[Target<'_>],
    ) -> Result<Tensor<3>, StudyError> {
        let model = self.subject.model;
        let entering = self.entering[layer].clone();
        let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        let rows = Tensor::<1, Int>::from_data(rows.as_slice(), &entering.device());
        let hidden = entering.select(0, rows);
        let [count, length, _] = hidden.dims();
        let mut lesion = ZeroLesion::new(layer, site, [count, length], model.config(), targets)?;
        let layers = model.config().num_hidden_layers;
        Ok(model.run_layers(layer..layers, hidden, &mut lesion)?)
    }
}

#[cfg(test)]
mod tests {
    use bert_model::{BertForMaskedLm, Checkpoint};
    use burn::tensor::Device;

    use super::*;

    fn open() -> (Checkpoint, BertForMaskedLm) {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/parity/model");
        let mut checkpoint = Checkpoint::open(dir).unwrap();
        let model = checkpoint.load_model(&Device::flex()).unwrap();
        (checkpoint, model)
    }

    fn values(tensor: Tensor<3>) -> Vec<f32> {
        tensor.into_data().try_into_vec().unwrap()
    }

    #[test]
    fn a_lesion_from_its_layer_on_equals_the_plain_pass() {
        let (checkpoint, model) = open();
        let subject = Subject { model: &model, tokenizer: &checkpoint.tokenizer };
        let batch = TokenBatch::new(vec![vec![2, 40, 4, 60, 3], vec![2, 50, 41, 4, 3]]).unwrap();
        let pass = CleanPass::run(subject, &batch).unwrap();
        let plain = model.forward(&batch, &mut NoHook).unwrap();
        assert_eq!(values(pass.hidden()), values(plain));

        // Three lesions of the two rows, against each by itself in a plain pass.
        let lesions = [(1, 3, vec![5, 6]), (0, 2, vec![0, 63]), (1, 1, vec![])];
        for layer in 0..3 {
            for site in [Site::Pre, Site::Post] {
                let rows: Vec<usize> = lesions.iter().map(|lesion| lesion.0).collect();
                let targets: Vec<Target<'_>> = lesions
                    .iter()
                    .enumerate()
                    .map(|(row, (_, position, neurons))| Target {
                        row,
                        position: *position,
                        neurons,
                    })
                    .collect();
                let together = values(pass.lesioned(&rows, layer, site, &targets).unwrap());
                for ((row, position, neurons), found) in
                    lesions.iter().zip(together.chunks_exact(together.len() / lesions.len()))
                {
                    let alone = TokenBatch::new(vec![batch.rows()[*row].clone()]).unwrap();
                    let target = Target { row: 0, position: *position, neurons };
                    let shape = alone.shape();
                    let mut hook =
                        ZeroLesion::new(layer, site, shape, model.config(), &[target]).unwrap();
                    let plain = values(model.forward(&alone, &mut hook).unwrap());
                    let worst = found.iter().zip(&plain).map(|(a, b)| (a - b).abs());
                    assert!(worst.fold(0.0, f32::max) < 1e-5, "layer {layer}, {site}");
                }
            }
        }
    }
}
