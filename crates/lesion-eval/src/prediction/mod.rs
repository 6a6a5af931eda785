//! Part 2: what the model predicts at masks.

pub(crate) mod never_right;
pub(crate) mod predict;
pub(crate) mod sentence;
