//! The heads of attention.

use burn::tensor::Tensor;

/// Numbers of heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeadCounts {
    /// Of queries.
    pub(crate) queries: usize,
    /// Of keys and of values: a divisor of those of queries. Each is read by heads of queries that follow each other.
    pub(crate) key_values: usize,
}

impl HeadCounts {
    /// Number of heads of queries that read a head of keys.
    pub(crate) fn group(self) -> usize {
        self.queries / self.key_values
    }

    /// The heads of keys or values as heads of their own, `[batch, heads of queries, tokens, size]`.
    pub(crate) fn split(self, keys: Tensor<3>) -> Tensor<4> {
        let [batch, tokens, width] = keys.dims();
        let size = width / self.key_values;
        let heads = keys.reshape([batch, tokens, self.key_values, size]).swap_dims(1, 2);
        if self.group() == 1 {
            return heads;
        }
        let repeated = heads.unsqueeze_dim::<5>(2).repeat_dim(2, self.group());
        repeated.reshape([batch, self.queries, tokens, size])
    }

    /// The gradient at keys or values, `[batch, tokens, width]`, from the one at [`HeadCounts::split`].
    pub(crate) fn join_backward(self, gradient: Tensor<4>) -> Tensor<3> {
        let [batch, _, tokens, size] = gradient.dims();
        let grouped = gradient.reshape([batch, self.key_values, self.group(), tokens, size]);
        let summed: Tensor<4> = grouped.sum_dim(2).squeeze_dim(2);
        summed.swap_dims(1, 2).reshape([batch, tokens, self.key_values * size])
    }
}
