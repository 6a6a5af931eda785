//! How much runs at once.

use std::collections::BTreeMap;

use bert_model::BertConfig;

/// How much runs at once. It decides which sentences share a batch, and so the last bits of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batching {
    /// Approximate bytes that passes may use beside the weights: half for what clean passes keep
    /// (what enters each layer, and its queries, keys and values), half for batches that run. It
    /// bounds neither the results nor the activations that are tested.
    pub memory: usize,
    /// Lesioned sentences in one batch, at most. A CPU does not become faster with more than the
    /// default, a GPU does.
    pub rows: usize,
}

impl Default for Batching {
    /// 1 GiB and 128 sentences.
    fn default() -> Self {
        Self { memory: 1 << 30, rows: 128 }
    }
}

impl Batching {
    /// Number of sequences of `length` tokens that may share a batch: at least 1, at most `most`.
    pub(crate) fn rows(self, config: &BertConfig, length: usize, most: usize) -> usize {
        let bytes = kept(config, length).max(passing(config, length));
        (self.memory / 2 / bytes.max(1)).clamp(1, most)
    }

    /// Number of batches of `rows` sequences of `length` tokens that may run side by side.
    pub(crate) fn at_once(self, config: &BertConfig, [rows, length]: [usize; 2]) -> usize {
        self.fit(rows * passing(config, length))
    }

    /// Number of clean passes of `rows` sequences of `length` tokens that may be kept while their
    /// lesions run.
    pub(crate) fn clean_at_once(self, config: &BertConfig, [rows, length]: [usize; 2]) -> usize {
        self.fit(rows * kept(config, length))
    }

    /// Sequences of one length that share a clean pass, at most.
    pub(crate) fn clean_rows(self) -> usize {
        (self.rows / CLEAN_ROWS_DIVISOR).max(1)
    }

    /// Bytes that one thread uses at most for passes over sentences of `length` tokens, beside the weights.
    #[must_use]
    pub fn bytes_of_one_thread(self, config: &BertConfig, length: usize) -> usize {
        let passing = self.rows(config, length, self.rows) * passing(config, length);
        let kept = self.rows(config, length, self.clean_rows()) * kept(config, length);
        passing + kept
    }

    /// Number of batches of so many bytes that fit into half the memory: at most one per thread.
    fn fit(self, bytes: usize) -> usize {
        (self.memory / 2 / bytes.max(1)).clamp(1, rayon::current_num_threads())
    }
}

/// A clean pass has this many times fewer rows than a batch of lesions: batches that run side by
/// side then share the cores more evenly, and a clean pass that lesions start from keeps less.
const CLEAN_ROWS_DIVISOR: usize = 4;

/// Bytes that a clean pass keeps per sequence.
fn kept(config: &BertConfig, length: usize) -> usize {
    size_of::<f32>() * length * config.num_hidden_layers * 4 * config.hidden_size
}

/// Bytes per sequence at the layer's peak: the MLP's activations before and after the activation function,
/// a copy, the gates and the hidden states, or attention's scores.
fn passing(config: &BertConfig, length: usize) -> usize {
    let neurons = if config.structure.gated { 4 } else { 3 } * config.intermediate_size;
    let mlp = neurons + 6 * config.hidden_size;
    let attention = 8 * config.hidden_size + 2 * config.num_attention_heads * length;
    size_of::<f32>() * length * mlp.max(attention)
}

/// Groups the indices of sequences by length, the shortest first. A group of sequences of a length
/// has at most `most(length)`.
pub(crate) fn group_by_length(
    lengths: impl IntoIterator<Item = usize>,
    most: impl Fn(usize) -> usize,
) -> Vec<Vec<usize>> {
    let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, length) in lengths.into_iter().enumerate() {
        by_length.entry(length).or_default().push(index);
    }
    let mut groups = Vec::new();
    for (length, indices) in by_length {
        let size = even_batch(indices.len(), most(length));
        groups.extend(indices.chunks(size).map(<[usize]>::to_vec));
    }
    groups
}

/// The size of the batches that `count` rows are cut into: as even as possible, at most `most`.
pub(crate) fn even_batch(count: usize, most: usize) -> usize {
    let batches = count.div_ceil(most.max(1)).max(1);
    count.div_ceil(batches).max(1)
}

#[cfg(test)]
mod tests {
    use bert_model::BertConfig;

    use super::{Batching, group_by_length, kept, passing};

    fn base() -> BertConfig {
        let config = br#"{"model_type": "bert", "vocab_size": 30522, "hidden_size": 768,
            "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
            "max_position_embeddings": 512, "type_vocab_size": 2, "hidden_act": "gelu",
            "layer_norm_eps": 1e-12, "pad_token_id": 0}"#;
        BertConfig::from_json(config).unwrap()
    }

    #[test]
    fn batches_stay_within_the_budget_or_are_one_sentence() {
        let config = base();
        for length in [1, 14, 128, 512] {
            for bytes in [0, 1 << 20, 1 << 26, 1 << 30, 1 << 40] {
                let batching = Batching { memory: bytes, ..Batching::default() };
                let rows = batching.rows(&config, length, 64);
                assert!((1..=64).contains(&rows));
                assert!(rows == 1 || rows * kept(&config, length) <= bytes / 2);
                let at_once = batching.at_once(&config, [rows, length]);
                let all = at_once * rows * passing(&config, length);
                assert!(at_once == 1 || all <= bytes / 2);
                let clean = batching.clean_at_once(&config, [rows, length]);
                assert!(clean == 1 || clean * rows * kept(&config, length) <= bytes / 2);
            }
        }
        assert_eq!(Batching::default().rows(&config, 16, 64), 64);
    }

    #[test]
    fn groups_have_one_length_and_at_most_the_given_size() {
        let groups = group_by_length([5, 7, 5, 5, 7], |_| 2);
        assert_eq!(groups, [vec![0, 2], vec![3], vec![1, 4]]);
        let sizes: Vec<_> = group_by_length([1; 22], |_| 16).iter().map(Vec::len).collect();
        assert_eq!(sizes, [11, 11]);
        let by_their_length: Vec<_> = group_by_length([1, 1, 3, 3], |length| 4 - length);
        assert_eq!(by_their_length, [vec![0, 1], vec![2], vec![3]]);
    }
}
