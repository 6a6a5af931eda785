//! Passes of sentences through the model, without knowing what they are for.

pub(crate) mod batching;
pub(crate) mod clean_pass;
pub(crate) mod logits;
pub(crate) mod progress;
pub(crate) mod read_tokens;
pub(crate) mod side_by_side;
pub(crate) mod subject;
