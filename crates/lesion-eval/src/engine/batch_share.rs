//! Shares of a study's batches, so that several machines compute one study.

use crate::error::StudyError;

/// One of several shares of a study's batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchShare {
    number: usize,
    count: usize,
}

impl BatchShare {
    /// The share with a number from 1 to `count`; none for another number.
    #[must_use]
    pub fn new(number: usize, count: usize) -> Option<Self> {
        if number == 0 || number > count { None } else { Some(Self { number, count }) }
    }

    /// Its number, from 1.
    #[must_use]
    pub fn number(self) -> usize {
        self.number
    }

    /// Number of all shares.
    #[must_use]
    pub fn count(self) -> usize {
        self.count
    }

    /// True if a batch is in this share. The batches of one key go round all shares, so that each has as
    /// many, and the first of each key goes to any share, because many keys have one batch only.
    pub(crate) fn contains(self, journal_key: &str, batch: usize) -> bool {
        (first_share(journal_key, self.count) + batch) % self.count == self.number - 1
    }
}

/// The share, from 0, of the first batch of a key: its FNV-1a hash, which is the same on every machine.
fn first_share(journal_key: &str, count: usize) -> usize {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let mut hash = BASIS;
    for &byte in journal_key.as_bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    }
    usize::try_from(hash % count as u64).expect("less than the count")
}

/// Work that goes on although some batches are left to other shares: it takes the results that it has,
/// and begins nothing that depends on one that is missing.
#[derive(Debug, Default)]
pub struct LeftBatches {
    are_any: bool,
}

impl LeftBatches {
    /// The value of a result; none if batches for it are left to other shares.
    ///
    /// # Errors
    /// If the result is any other error.
    pub fn take<T>(&mut self, result: Result<T, StudyError>) -> Result<Option<T>, StudyError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(StudyError::LeftToShares) => {
                self.are_any = true;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Checks that no batch is left.
    ///
    /// # Errors
    /// If one is ([`StudyError::LeftToShares`]).
    pub fn check(&self) -> Result<(), StudyError> {
        if self.are_any {
            return Err(StudyError::LeftToShares);
        }
        Ok(())
    }
}

/// Numbers of batches of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchCount {
    /// Batches that are finished.
    pub finished: usize,
    /// Batches that are finished or were planned so far. Later ones depend on the results of these.
    pub planned: usize,
    /// Batches that were left to other shares.
    pub left: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_batch_is_in_one_share_and_shares_are_even() {
        for count in [1, 2, 3, 8] {
            let shares: Vec<BatchShare> =
                (1..=count).filter_map(|number| BatchShare::new(number, count)).collect();
            let mut sizes = vec![0; count];
            for key in ["joint", "random 3 57 0", "dose 4"] {
                for batch in 0..24 {
                    let mut found = shares.iter().filter(|share| share.contains(key, batch));
                    sizes[found.next().unwrap().number() - 1] += 1;
                    assert_eq!(found.next(), None);
                }
            }
            assert!(sizes.iter().all(|&size| size == 3 * 24 / count), "{sizes:?}");
        }
        assert_eq!(BatchShare::new(0, 3).or(BatchShare::new(4, 3)), None);
    }

    #[test]
    fn keys_with_one_batch_are_spread() {
        let mut sizes = [0; 4];
        for layer in 0..400 {
            sizes[first_share(&format!("controls lesioned {layer} him matched"), 4)] += 1;
        }
        // A quarter each, within five standard deviations.
        assert!(sizes.iter().all(|&size: &i32| (size - 100).abs() < 44), "{sizes:?}");
    }
}
