//! Properties of the activations, apart from any contrast: how well they meet the assumptions of a
//! t-test, and how sparse they are.

pub(crate) mod histogram;
pub(crate) mod normality;
pub(crate) mod sparsity;
