//! Effect sizes: their intervals, and the power to find them.

pub(crate) mod effect_interval;
pub(crate) mod power;
