//! Evidence that there is no effect: equivalence tests and Bayes factors.

pub(crate) mod bayes_factor;
pub(crate) mod two_one_sided_tests;
