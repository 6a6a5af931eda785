use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::{config::bert_config::BertConfig, error::BertModelError};

/// Token sequences of one length: the input of one forward pass.
///
/// As all have one length, nothing is padded, and no row can influence another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenBatch {
    rows: Vec<Vec<u32>>,
}

impl TokenBatch {
    /// Checks that `rows` has at least one sequence and that all have the same, non-zero length.
    ///
    /// # Errors
    /// If there is no sequence or an empty one ([`BertModelError::EmptyBatch`]), or lengths differ
    /// ([`BertModelError::UnequalLengths`]).
    pub fn new(rows: Vec<Vec<u32>>) -> Result<Self, BertModelError> {
        let expected = rows.first().map_or(0, Vec::len);
        if expected == 0 {
            return Err(BertModelError::EmptyBatch);
        }
        match rows.iter().position(|row| row.len() != expected) {
            Some(row) => {
                Err(BertModelError::UnequalLengths { row, expected, found: rows[row].len() })
            }
            None => Ok(Self { rows }),
        }
    }

    /// The sequences, all of one length.
    #[must_use]
    pub fn rows(&self) -> &[Vec<u32>] {
        &self.rows
    }

    /// Number of rows, and number of tokens per row.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        [self.rows.len(), self.length()]
    }

    /// Number of tokens per row.
    #[must_use]
    pub fn length(&self) -> usize {
        self.rows[0].len()
    }

    /// The ids as `[batch, seq]`, checked to have embeddings and positions.
    pub(crate) fn ids(
        &self,
        config: &BertConfig,
        device: &Device,
    ) -> Result<Tensor<2, Int>, BertModelError> {
        let found = self.length();
        let limit = config.longest_sequence();
        if found > limit {
            return Err(BertModelError::TooLong { found, limit });
        }
        let mut ids = Vec::with_capacity(self.rows.len() * found);
        for &id in self.rows.iter().flatten() {
            if config.padding() == Some(id) {
                return Err(BertModelError::Padding { id });
            }
            if id as usize >= config.vocab_size {
                return Err(BertModelError::TokenId { id, vocabulary: config.vocab_size });
            }
            ids.push(i64::from(id));
        }
        Ok(Tensor::from_data(TensorData::new(ids, [self.rows.len(), found]), device))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_sequences_of_one_length() {
        assert!(matches!(TokenBatch::new(vec![]), Err(BertModelError::EmptyBatch)));
        assert!(matches!(TokenBatch::new(vec![vec![]]), Err(BertModelError::EmptyBatch)));
        assert!(matches!(
            TokenBatch::new(vec![vec![1, 2], vec![1, 2], vec![1]]),
            Err(BertModelError::UnequalLengths { row: 2, expected: 2, found: 1 })
        ));
    }
}
