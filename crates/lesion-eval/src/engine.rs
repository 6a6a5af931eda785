//! Runs lesions: the clean pass once, and each lesion from its layer on.

use activation_capture::{Target, ZeroLesion};
use bert_model::{NoHook, Site, TokenBatch};
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
