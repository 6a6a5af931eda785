//! What is studied, and how many of its sentences run together.

use bert_model::{
    BertConfig, BertForMaskedLm, BertModelError, BertTokenizer, MlpHook, TokenBatch, TokenSet,
};
use burn::tensor::Tensor;

use crate::{
    error::StudyError,
    passes::batching::{Batching, group_by_length},
};

/// What is studied: a model with the tokenizer that belongs to it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The model.
    pub model: &'a BertForMaskedLm,
    /// Its tokenizer.
    pub tokenizer: &'a BertTokenizer,
    /// Whether every pass computes all tokens of all layers. Shortcuts give the same up to
    /// rounding; this is what they are compared with.
    pub plain: bool,
    /// How much runs at once.
    pub batching: Batching,
}

impl Subject<'_> {
    /// Indices of sequences of these lengths: of one length each, as many together as memory allows
    /// and `most` at most, shortest first.
    pub(crate) fn groups(
        &self,
        lengths: impl IntoIterator<Item = usize>,
        most: usize,
    ) -> Vec<Vec<usize>> {
        group_by_length(lengths, |length| self.rows(length, most))
    }

    /// Indices of sequences of these lengths, as they pass without lesions: in fewer rows than
    /// lesions have, so that batches side by side share the cores more evenly, and a clean pass that
    /// lesions start from keeps less.
    #[must_use]
    pub fn passes(&self, lengths: impl IntoIterator<Item = usize>) -> Vec<Vec<usize>> {
        self.groups(lengths, (self.batching.rows / 4).max(1))
    }

    /// How many sequences of this length may share a batch.
    pub(crate) fn rows(&self, length: usize, most: usize) -> usize {
        self.batching.rows(self.model.config(), length, most)
    }

    /// How many batches of these numbers of sequences and their lengths may run side by side, where
    /// `fit` tells it of one: [`Batching::at_once`] or [`Batching::clean_at_once`].
    pub(crate) fn at_once(
        &self,
        fit: impl Fn(Batching, &BertConfig, [usize; 2]) -> usize,
        shapes: impl Iterator<Item = [usize; 2]>,
    ) -> usize {
        shapes.map(|shape| fit(self.batching, self.model.config(), shape)).min().unwrap_or(1)
    }

    /// What leaves the last layer at one token of each row, `[batch, hidden]`.
    ///
    /// # Errors
    /// Where a sequence is too long or has an id outside the vocabulary, and where there is not one
    /// position of each row, inside it.
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

    /// Checks that the model has this layer.
    pub(crate) fn check_layer(&self, layer: usize) -> Result<(), BertModelError> {
        let layers = self.model.config().num_hidden_layers;
        if layer < layers { Ok(()) } else { Err(BertModelError::NoSuchLayer { layer, layers }) }
    }

    /// Checks that the model can read so many tokens.
    pub(crate) fn check_length(&self, ids: &[u32]) -> Result<(), BertModelError> {
        let (found, limit) = (ids.len(), self.model.config().longest_sequence());
        if found > limit { Err(BertModelError::TooLong { found, limit }) } else { Ok(()) }
    }
}
