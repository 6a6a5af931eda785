//! Permutation tests whose p-values are family-wise by the distribution of the maximum.

mod contrasts;
pub(crate) mod max_t;
pub(crate) mod relabelling;
mod sign_codes;
