//! Student's t distribution, accurate far into its tails.

pub(crate) mod distribution;
pub(crate) mod noncentral;
pub(crate) mod tail_polynomial;
