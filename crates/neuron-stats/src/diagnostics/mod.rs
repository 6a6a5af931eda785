//! What the activations look like, apart from any contrast: whether a t-test's assumptions are near
//! enough, and how sparse they are.

mod histogram;
mod normality;
mod sparsity;

pub use histogram::Histogram;
pub use normality::{NormalityTest, dagostino_pearson, jarque_bera};
pub use sparsity::{concentration, share_below, share_of_zeros};
