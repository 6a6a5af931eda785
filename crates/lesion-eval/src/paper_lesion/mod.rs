//! Part 3: the lesion of the paper.

pub(crate) mod lesion;
pub(crate) mod summary;
