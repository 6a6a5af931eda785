use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Mutex, PoisonError},
};

use bert_model::{
    BertConfig, BertForMaskedLm, BertModelError, BertTokenizer, MlpHook, TokenBatch, TokenSet,
};
use burn::tensor::Tensor;
use rayon::prelude::*;

use crate::{Batching, StudyError, template::Template};

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

/// A template with one word filled in, as the model reads it.
#[derive(Clone, Debug)]
pub(crate) struct Filled {
    pub(crate) ids: Vec<u32>,
    /// Position of the filled word's token.
    pub(crate) position: usize,
}

impl Filled {
    /// The tokens with the mask in the place of the filled word.
    pub(crate) fn masked(&self, mask: u32) -> Vec<u32> {
        let mut ids = self.ids.clone();
        ids[self.position] = mask;
        ids
    }
}

impl Subject<'_> {
    /// Indices of sequences of these lengths: of one length each, as many together as memory allows
    /// and `most` at most, shortest first.
    pub(crate) fn groups(
        &self,
        lengths: impl IntoIterator<Item = usize>,
        most: usize,
    ) -> Vec<Vec<usize>> {
        by_length(lengths, |length| self.rows(length, most))
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

    /// Fills `word` into brace `brace` and finds its token. An error names file, line and word.
    pub(crate) fn fill(
        &self,
        file: &str,
        template: &Template,
        brace: usize,
        word: &str,
    ) -> Result<Filled, StudyError> {
        self.fill_side(file, template, 0, brace, word)
    }

    /// The same with word number `side` in the other braces.
    pub(crate) fn fill_side(
        &self,
        file: &str,
        template: &Template,
        side: usize,
        brace: usize,
        word: &str,
    ) -> Result<Filled, StudyError> {
        let (sentence, place) = template.fill_sides(side, brace, word);
        self.encode(&sentence, place).map_err(|error| StudyError::Line {
            file: file.to_owned(),
            line: template.line,
            problem: error.to_string(),
        })
    }

    /// Encodes a sentence and finds the one token that the bytes `place` of it became.
    pub(crate) fn encode(
        &self,
        sentence: &str,
        place: Range<usize>,
    ) -> Result<Filled, BertModelError> {
        let encoded = self.tokenizer.encode(sentence)?;
        let position = self.tokenizer.position_of(&encoded, sentence, place)?;
        self.check_length(&encoded.ids)?;
        Ok(Filled { ids: encoded.ids, position })
    }

    /// Checks that the model can read so many tokens.
    pub(crate) fn check_length(&self, ids: &[u32]) -> Result<(), BertModelError> {
        let (found, limit) = (ids.len(), self.model.config().longest_sequence());
        if found > limit { Err(BertModelError::TooLong { found, limit }) } else { Ok(()) }
    }
}

/// Runs work side by side, in order and at most `at_once` pieces of it at a time. After an error no
/// other piece is begun.
pub(crate) fn side_by_side<T: Send>(
    work: Vec<T>,
    at_once: usize,
    run: impl Fn(T) -> Result<(), StudyError> + Sync,
) -> Result<(), StudyError> {
    let left = Mutex::new(work.into_iter());
    let left = || left.lock().unwrap_or_else(PoisonError::into_inner);
    let next = || left().next();
    (0..at_once).into_par_iter().try_for_each(|_| {
        while let Some(piece) = next() {
            run(piece).inspect_err(|_| *left() = Vec::new().into_iter())?;
        }
        Ok(())
    })
}

fn by_length(
    lengths: impl IntoIterator<Item = usize>,
    most: impl Fn(usize) -> usize,
) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, length) in lengths.into_iter().enumerate() {
        groups.entry(length).or_default().push(index);
    }
    let cut = |(length, group): (usize, Vec<usize>)| -> Vec<Vec<usize>> {
        group.chunks(even(group.len(), most(length))).map(<[usize]>::to_vec).collect()
    };
    groups.into_iter().flat_map(cut).collect()
}

/// The size of batches that `count` rows are cut into, as even as can be, with at most `most` each.
pub(crate) fn even(count: usize, most: usize) -> usize {
    count.div_ceil(count.div_ceil(most.max(1)).max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::by_length;

    #[test]
    fn groups_have_one_length_and_no_more_than_asked_for() {
        let groups = by_length([5, 7, 5, 5, 7], |_| 2);
        assert_eq!(groups, [vec![0, 2], vec![3], vec![1, 4]]);
        let sizes: Vec<_> = by_length([1; 22], |_| 16).iter().map(Vec::len).collect();
        assert_eq!(sizes, [11, 11]);
        let by_their_length: Vec<_> = by_length([1, 1, 3, 3], |length| 4 - length);
        assert_eq!(by_their_length, [vec![0, 1], vec![2], vec![3]]);
    }
}
