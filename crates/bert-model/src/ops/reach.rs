//! The tokens that attention reads.

use burn::tensor::{Device, Tensor, TensorData};

/// The tokens that a layer's attention reads at a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// All tokens.
    #[default]
    All,
    /// Tokens at most this many positions away, on either side.
    Window(usize),
    /// The token itself and those before it.
    Left,
    /// The token itself and at most this many before it.
    LeftWindow(usize),
}

/// A score that is 0 after softmax.
const HIDDEN: f32 = -1e30;

impl Reach {
    /// True if no token reads one after it.
    #[must_use]
    pub fn is_left(self) -> bool {
        match self {
            Self::Left | Self::LeftWindow(_) => true,
            Self::All | Self::Window(_) => false,
        }
    }

    /// True if the token at `position` reads the token at `other`.
    #[must_use]
    pub fn includes(self, position: usize, other: usize) -> bool {
        match self {
            Self::All => true,
            Self::Window(most) => position.abs_diff(other) <= most,
            Self::Left => other <= position,
            Self::LeftWindow(most) => other <= position && position - other <= most,
        }
    }

    /// True if every token of a sequence reads all of them.
    pub(crate) fn is_all_of(self, length: usize) -> bool {
        match self {
            Self::All => true,
            Self::Window(most) => length <= most + 1,
            Self::Left | Self::LeftWindow(_) => length <= 1,
        }
    }

    /// Penalties on the scores of tokens at `positions`, `[positions, length]`, with which softmax gives 0 to
    /// every token that they do not read.
    pub(crate) fn penalties(
        self,
        positions: impl ExactSizeIterator<Item = usize>,
        length: usize,
        device: &Device,
    ) -> Tensor<2> {
        let rows = positions.len();
        let mut values = Vec::with_capacity(rows * length);
        for position in positions {
            for other in 0..length {
                values.push(if self.includes(position, other) { 0.0 } else { HIDDEN });
            }
        }
        Tensor::from_data(TensorData::new(values, [rows, length]), device)
    }
}
