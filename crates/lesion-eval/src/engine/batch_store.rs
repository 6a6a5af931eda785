//! Finished batches of lesions in memory, for studies of the same model that have batches in common.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
};

use sha2::{Digest as _, Sha256};

use crate::{
    engine::trial::{DistributionChange, Reading},
    passes::side_by_side::lock,
};

/// A hash of everything that the readings of a batch depend on, besides the model.
pub(crate) type BatchKey = [u8; 32];

/// Finished batches of studies of one model on one device. A batch is found by everything that its
/// readings depend on, so a study that takes it from here has the bits that it would compute. When the
/// store is full, the oldest batches are dropped.
#[derive(Debug)]
pub struct BatchStore(Mutex<Batches>);

#[derive(Debug)]
struct Batches {
    packed: HashMap<BatchKey, PackedReadings>,
    /// The keys, from the oldest on.
    order: VecDeque<BatchKey>,
    bytes: usize,
    most_bytes: usize,
}

impl BatchStore {
    /// An empty store of at most so many bytes.
    #[must_use]
    pub fn new(most_bytes: usize) -> Self {
        let (packed, order) = (HashMap::new(), VecDeque::new());
        Self(Mutex::new(Batches { packed, order, bytes: 0, most_bytes }))
    }

    /// The readings of a batch, if it is here; `widths` are the numbers of candidates of its rows.
    pub(crate) fn find(
        &self,
        key: &BatchKey,
        widths: impl Iterator<Item = usize>,
    ) -> Option<Vec<Reading>> {
        let batches = lock(&self.0);
        Some(batches.packed.get(key)?.unpack(widths))
    }

    /// Keeps the readings of a batch.
    pub(crate) fn keep(&self, key: BatchKey, readings: &[Reading]) {
        let packed = PackedReadings::pack(readings);
        let mut batches = lock(&self.0);
        let bytes = packed.bytes();
        if bytes > batches.most_bytes || batches.packed.contains_key(&key) {
            return;
        }
        while batches.bytes + bytes > batches.most_bytes {
            let Some(oldest) = batches.order.pop_front() else { break };
            let dropped = batches.packed.remove(&oldest);
            batches.bytes -= dropped.map_or(0, |dropped| dropped.bytes());
        }
        batches.bytes += bytes;
        batches.order.push_back(key);
        batches.packed.insert(key, packed);
    }
}

/// Readings without the memory of a vector for each.
#[derive(Debug)]
struct PackedReadings {
    logits: Box<[f32]>,
    /// None if only the candidates were read.
    log_sums: Box<[f64]>,
    /// None if no distribution was compared.
    changes: Box<[DistributionChange]>,
}

impl PackedReadings {
    fn pack(readings: &[Reading]) -> Self {
        let logits = readings.iter().flat_map(|reading| &reading.logits).copied().collect();
        let mut log_sums: Vec<f64> = readings.iter().map(|reading| reading.log_sum).collect();
        if log_sums.iter().all(|log_sum| log_sum.is_nan()) {
            log_sums.clear();
        }
        let changes = readings.iter().filter_map(|reading| reading.change).collect();
        Self { logits, log_sums: log_sums.into(), changes }
    }

    fn unpack(&self, widths: impl Iterator<Item = usize>) -> Vec<Reading> {
        let mut readings = Vec::new();
        let mut logits = &self.logits[..];
        for (row, width) in widths.enumerate() {
            let (first, rest) = logits.split_at(width.min(logits.len()));
            logits = rest;
            readings.push(Reading {
                logits: first.to_vec(),
                log_sum: self.log_sums.get(row).copied().unwrap_or(f64::NAN),
                change: self.changes.get(row).copied(),
            });
        }
        readings
    }

    fn bytes(&self) -> usize {
        /// Bytes of a batch's keys and lists, about.
        const OVERHEAD: usize = 200;
        OVERHEAD
            + size_of_val(&*self.logits)
            + size_of_val(&*self.log_sums)
            + size_of_val(&*self.changes)
    }
}

/// Collects what a batch depends on. Lists are preceded by their lengths, so that two different series of
/// parts never give the same bytes.
#[derive(Clone)]
pub(crate) struct KeyBuilder {
    digest: Sha256,
    buffer: Vec<u8>,
}

impl KeyBuilder {
    pub(crate) fn new() -> Self {
        Self { digest: Sha256::new(), buffer: Vec::new() }
    }

    pub(crate) fn number(&mut self, number: usize) {
        self.digest.update((number as u64).to_le_bytes());
    }

    pub(crate) fn numbers(&mut self, numbers: &[usize]) {
        self.fill(numbers, |number| (*number as u64).to_le_bytes());
    }

    pub(crate) fn ids(&mut self, ids: &[u32]) {
        self.fill(ids, |id| id.to_le_bytes());
    }

    pub(crate) fn values(&mut self, values: &[f32]) {
        self.fill(values, |value| value.to_bits().to_le_bytes());
    }

    fn fill<T, const N: usize>(&mut self, list: &[T], bytes: impl Fn(&T) -> [u8; N]) {
        self.number(list.len());
        self.buffer.clear();
        for item in list {
            self.buffer.extend_from_slice(&bytes(item));
        }
        self.digest.update(&self.buffer);
    }

    pub(crate) fn finish(self) -> BatchKey {
        self.digest.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(logit: f32, log_sum: f64) -> Reading {
        Reading { logits: vec![logit, -logit], log_sum, change: None }
    }

    #[test]
    fn a_batch_has_the_same_bits_when_it_is_found() {
        let store = BatchStore::new(10_000);
        let change = Some(DistributionChange { divergence: 0.25, changes_top: true });
        let mut wide = reading(0.1, 4.5);
        wide.logits.push(3.0);
        let changed = [Reading { change, ..wide }, Reading { change, ..reading(-1e-9, 2.0) }];
        store.keep([1; 32], &changed);
        assert_eq!(store.find(&[1; 32], [3, 2].into_iter()), Some(changed.to_vec()));
        assert_eq!(store.find(&[2; 32], [3, 2].into_iter()), None);
        store.keep([3; 32], &[reading(1.5, f64::NAN)]);
        let found = store.find(&[3; 32], [2].into_iter()).unwrap();
        assert!(found[0].logits == [1.5, -1.5] && found[0].log_sum.is_nan());
    }

    #[test]
    fn a_full_store_drops_the_oldest_batches() {
        let size = PackedReadings::pack(&[reading(1.0, 1.0)]).bytes();
        let store = BatchStore::new(3 * size);
        for key in 0..5 {
            store.keep([key; 32], &[reading(1.0, 1.0)]);
        }
        let is_here = |key| store.find(&[key; 32], [2].into_iter()).is_some();
        assert_eq!([0, 1, 2, 3, 4].map(is_here), [false, false, true, true, true]);
        store.keep([9; 32], &vec![reading(1.0, 1.0); 1000]);
        assert!(is_here(4) && !is_here(9));
    }

    #[test]
    fn lists_that_are_divided_differently_have_different_keys() {
        let key = |lists: [&[u32]; 2]| {
            let mut builder = KeyBuilder::new();
            for list in lists {
                builder.ids(list);
            }
            builder.finish()
        };
        assert_ne!(key([&[1, 2], &[3]]), key([&[1], &[2, 3]]));
        assert_eq!(key([&[1, 2], &[3]]), key([&[1, 2], &[3]]));
    }
}
