//! The tokens of a batch at which predictions are read.

use bert_model::TokenSet;
use burn::tensor::{Device, Int, Tensor};

/// The tokens of a batch at which predictions are read. A row may have several, if it is read for several
/// sentences that begin it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReadTokens {
    /// The row of each token.
    pub(crate) rows: Vec<usize>,
    /// Its position there.
    pub(crate) positions: Vec<usize>,
}

impl ReadTokens {
    /// One token of each row, at these positions.
    pub(crate) fn one_each(positions: Vec<usize>) -> Self {
        Self { rows: (0..positions.len()).collect(), positions }
    }

    /// True if each of `rows` rows has one of the tokens, in the order of the rows.
    pub(crate) fn are_one_each(&self, rows: usize) -> bool {
        self.rows.len() == rows && self.rows.iter().enumerate().all(|(index, &row)| index == row)
    }

    /// These tokens of `[rows, seq, width]`, each as a row: `[tokens, 1, width]`.
    pub(crate) fn of(&self, tensor: Tensor<3>) -> Tensor<3> {
        let [rows, length, width] = tensor.dims();
        if self.are_one_each(rows) {
            return TokenSet::OneEach(&self.positions).of(tensor);
        }
        let tokens = self.rows.iter().zip(&self.positions);
        let places: Vec<usize> = tokens.map(|(row, position)| row * length + position).collect();
        let places = row_indices(&places, &tensor.device());
        let count = self.rows.len();
        tensor.reshape([rows * length, width]).select(0, places).reshape([count, 1, width])
    }
}

/// Rows of a tensor, to select them.
pub(crate) fn row_indices(rows: &[usize], device: &Device) -> Tensor<1, Int> {
    let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
    Tensor::from_data(rows.as_slice(), device)
}
