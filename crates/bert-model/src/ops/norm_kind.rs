//! The kinds of norms.

/// The kind of a norm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NormKind {
    /// LayerNorm (Ba et al. 2016, arXiv:1607.06450).
    #[default]
    Layer,
    /// An RMS norm, which subtracts no mean (Zhang and Sennrich 2019, arXiv:1910.07467).
    Rms,
}
