//! The studied model, and the sizes of its batches.

use activation_capture::CaptureError;
use bert_model::{
    BertConfig, BertModelError, BertTokenizer, LanguageModel, MlpHook, NoHook, TokenBatch, TokenSet,
};
use burn::tensor::Tensor;
use study_record::IndexRanges;

use crate::{
    error::StudyError,
    passes::{
        batching::{Batching, group_by_length},
        read_tokens::ReadTokens,
    },
};

/// The studied model, with its tokenizer.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The model.
    pub model: &'a LanguageModel,
    /// Its tokenizer.
    pub tokenizer: &'a BertTokenizer,
    /// Whether every pass computes all tokens of all layers. Shortcuts give the same results up to
    /// rounding, and are tested against such passes.
    pub plain: bool,
    /// How much runs at once.
    pub batching: Batching,
}

impl Subject<'_> {
    /// Groups the indices of sequences of these lengths. Each group has one length and at most `most`
    /// sequences, fewer if memory demands it; the shortest come first.
    pub(crate) fn groups(
        &self,
        lengths: impl IntoIterator<Item = usize>,
        most: usize,
    ) -> Vec<Vec<usize>> {
        group_by_length(lengths, |length| self.rows(length, most))
    }

    /// Groups the indices of sequences of these lengths into the batches of passes without lesions.
    #[must_use]
    pub fn passes(&self, lengths: impl IntoIterator<Item = usize>) -> Vec<Vec<usize>> {
        self.groups(lengths, self.batching.clean_rows())
    }

    /// Number of sequences of this length that may share a batch, at most `most`.
    pub(crate) fn rows(&self, length: usize, most: usize) -> usize {
        self.batching.rows(self.model.config(), length, most)
    }

    /// Number of batches that may run side by side. `shapes` are their numbers of sequences and
    /// lengths; `fit` is [`Batching::at_once`] or [`Batching::clean_at_once`].
    pub(crate) fn at_once(
        &self,
        fit: impl Fn(Batching, &BertConfig, [usize; 2]) -> usize,
        shapes: impl Iterator<Item = [usize; 2]>,
    ) -> usize {
        shapes.map(|shape| fit(self.batching, self.model.config(), shape)).min().unwrap_or(1)
    }

    /// The last layer's output at one token of each row, `[batch, hidden]`.
    ///
    /// # Errors
    /// If a sequence is too long or has an id outside the vocabulary, or `positions` has not one
    /// position inside each row.
    pub fn forward_at(
        &self,
        batch: &TokenBatch,
        positions: &[usize],
        hook: &mut dyn MlpHook,
    ) -> Result<Tensor<2>, StudyError> {
        if self.plain {
            let hidden = self.model.forward(batch, hook)?;
            return Ok(TokenSet::OneEach(positions).of(hidden).squeeze_dim(1));
        }
        Ok(self.model.forward_at(batch, positions, hook)?)
    }

    /// The last layer's output at tokens of a batch, `[tokens, hidden]`.
    ///
    /// # Errors
    /// If a sequence is too long or has an id outside the vocabulary, or a token lies outside the batch.
    pub(crate) fn read_at(
        &self,
        batch: &TokenBatch,
        reads: &ReadTokens,
    ) -> Result<Tensor<2>, StudyError> {
        let [rows, _] = batch.shape();
        if reads.are_one_each(rows) {
            return self.forward_at(batch, &reads.positions, &mut NoHook);
        }
        let model = self.model;
        let last = model.config().num_hidden_layers - 1;
        let hidden = model.run_layers(0..last, model.embed(batch)?, &mut NoHook)?;
        let read = self.attend_at(last, hidden, reads)?;
        Ok(model.mlp(last, read, TokenSet::All, &mut NoHook)?.squeeze_dim(1))
    }

    /// The residual stream between the halves of `layer` at tokens of its input, `[tokens, 1, hidden]`.
    ///
    /// # Errors
    /// If a token lies outside the batch.
    pub(crate) fn attend_at(
        &self,
        layer: usize,
        hidden: Tensor<3>,
        reads: &ReadTokens,
    ) -> Result<Tensor<3>, StudyError> {
        let [rows, ..] = hidden.dims();
        if reads.are_one_each(rows) {
            return Ok(self.model.attend(layer, hidden, TokenSet::OneEach(&reads.positions))?);
        }
        Ok(reads.of(self.model.attend(layer, hidden, TokenSet::All)?))
    }

    /// True if a pass may be read in the row of one that begins with its tokens.
    pub(crate) fn may_share_rows(&self) -> bool {
        !self.plain && self.model.config().structure.reads_left()
    }

    /// The input of each layer in a clean pass of one sentence and, after these, the output of the last,
    /// each `[1, seq, hidden]`.
    ///
    /// # Errors
    /// If the sentence is too long or has an id outside the vocabulary.
    pub(crate) fn hidden_states(&self, ids: &[u32]) -> Result<Vec<Tensor<3>>, BertModelError> {
        let model = self.model;
        let mut hidden = vec![model.embed(&TokenBatch::new(vec![ids.to_vec()])?)?];
        for layer in 0..model.config().num_hidden_layers {
            hidden.push(model.run_layers(layer..layer + 1, hidden[layer].clone(), &mut NoHook)?);
        }
        Ok(hidden)
    }

    /// Checks that the model has this layer.
    pub(crate) fn check_layer(&self, layer: usize) -> Result<(), BertModelError> {
        self.layers(&IndexRanges::one(layer)).map(drop)
    }

    /// The layers that a list names, ascending.
    ///
    /// # Errors
    /// If the model does not have one of them ([`BertModelError::NoSuchLayer`]).
    pub fn layers(&self, list: &IndexRanges) -> Result<Vec<usize>, BertModelError> {
        let layers = self.model.config().num_hidden_layers;
        list.resolve(layers).map_err(|layer| BertModelError::NoSuchLayer { layer, layers })
    }

    /// The neurons of a layer that a list names, ascending.
    ///
    /// # Errors
    /// If a layer does not have one of them ([`CaptureError::NoSuchNeuron`]).
    pub fn neurons(&self, list: &IndexRanges) -> Result<Vec<usize>, StudyError> {
        let neurons = self.model.config().intermediate_size;
        let found = list.resolve(neurons);
        Ok(found.map_err(|neuron| CaptureError::NoSuchNeuron { neuron, neurons })?)
    }

    /// Checks that the model can read so many tokens.
    pub(crate) fn check_length(&self, ids: &[u32]) -> Result<(), BertModelError> {
        let found = ids.len();
        let limit = self.model.config().longest_sequence();
        if found > limit {
            return Err(BertModelError::TooLong { found, limit });
        }
        Ok(())
    }
}
