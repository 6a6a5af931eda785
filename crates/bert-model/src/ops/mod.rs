//! Operations that the layers are made of. Each runs as a kernel of [`cpu`] where the tensors are on
//! the CPU and no gradient is followed, and as Burn's own operation everywhere else.

pub(crate) mod activation;
pub(crate) mod cpu;
pub(crate) mod dot_product_attention;
pub(crate) mod head_counts;
pub(crate) mod layer_norm;
pub(crate) mod linear;
pub(crate) mod norm_kind;
pub(crate) mod reach;
pub(crate) mod rotary;
