//! How much runs at once.

use std::collections::BTreeMap;

use bert_model::BertConfig;

/// How much runs at once. It decides which sentences share a batch, and so the last bits of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batching {
    /// Most bytes that passes may take beside the weights, about: half of it for what clean passes
    /// keep (what enters each layer, and its queries, keys and values), half for batches on their
    /// way. It bounds neither the results themselves nor the activations that are tested.
    pub memory: usize,
    /// Most lesioned sentences in one batch. A CPU's products do not become faster by more than the
    /// default, a GPU's do.
    pub rows: usize,
}

impl Default for Batching {
    /// 1 GiB and 128 sentences.
    fn default() -> Self {
        Self { memory: 1 << 30, rows: 128 }
    }
}

impl Batching {
    /// How many sequences of `length` tokens may share a batch: at most `most`, and always one.
    pub(crate) fn rows(self, config: &BertConfig, length: usize, most: usize) -> usize {
        let row = kept(config, length).max(passing(config, length));
        (self.memory / 2 / row.max(1)).clamp(1, most)
    }

    /// How many batches of `rows` sequences of `length` tokens may be on their way at once.
    pub(crate) fn at_once(self, config: &BertConfig, [rows, length]: [usize; 2]) -> usize {
        self.fit(rows * passing(config, length))
    }

    /// How many clean passes of `rows` sequences of `length` tokens may be kept at once, while their
    /// lesions run.
    pub(crate) fn clean_at_once(self, config: &BertConfig, [rows, length]: [usize; 2]) -> usize {
        self.fit(rows * kept(config, length))
    }

    /// How many of so many bytes fit into half the memory: one for each thread at most.
    fn fit(self, bytes: usize) -> usize {
        (self.memory / 2 / bytes.max(1)).clamp(1, rayon::current_num_threads())
    }
}

/// Bytes that a clean pass keeps of a sequence.
fn kept(config: &BertConfig, length: usize) -> usize {
    size_of::<f32>() * length * config.num_hidden_layers * 4 * config.hidden_size
}

/// Bytes of a sequence on its way through a layer, where it takes most: the MLP's activations before
/// and after GELU and a copy, and hidden states, or attention's scores.
fn passing(config: &BertConfig, length: usize) -> usize {
    let mlp = 3 * config.intermediate_size + 6 * config.hidden_size;
    let attention = 8 * config.hidden_size + 2 * config.num_attention_heads * length;
    size_of::<f32>() * length * mlp.max(attention)
}

pub(crate) fn group_by_length(
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
    fn groups_have_one_length_and_no_more_than_asked_for() {
        let groups = group_by_length([5, 7, 5, 5, 7], |_| 2);
        assert_eq!(groups, [vec![0, 2], vec![3], vec![1, 4]]);
        let sizes: Vec<_> = group_by_length([1; 22], |_| 16).iter().map(Vec::len).collect();
        assert_eq!(sizes, [11, 11]);
        let by_their_length: Vec<_> = group_by_length([1, 1, 3, 3], |length| 4 - length);
        assert_eq!(by_their_length, [vec![0, 1], vec![2], vec![3]]);
    }
}
