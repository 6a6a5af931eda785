//! Part 2: what the model predicts at masks.

pub(crate) mod predict;
pub(crate) mod sentence;
