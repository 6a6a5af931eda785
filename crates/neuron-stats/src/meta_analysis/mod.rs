//! Effects over many studies: what holds on average, how much it varies, and what to expect of the
//! next.

pub(crate) mod between_variance;
pub(crate) mod crossed_effects;
pub(crate) mod estimates;
pub(crate) mod heterogeneity;
pub(crate) mod pooled_effect;
pub(crate) mod sign_test;
