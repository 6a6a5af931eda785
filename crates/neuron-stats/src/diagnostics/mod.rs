//! What the activations look like, apart from any contrast: whether a t-test's assumptions are near
//! enough, and how sparse they are.

pub(crate) mod histogram;
pub(crate) mod normality;
pub(crate) mod sparsity;
