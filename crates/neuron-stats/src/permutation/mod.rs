//! Permutation tests by relabelled samples, and randomisation tests by random sets.

mod contrasts;
pub(crate) mod max_t;
pub(crate) mod randomisation;
pub(crate) mod relabelled_tests;
pub(crate) mod relabelling;
mod sign_codes;
