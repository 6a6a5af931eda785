//! Effect sizes: the power to find them.

pub(crate) mod power;
mod rising_root;
