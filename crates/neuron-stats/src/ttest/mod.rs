//! t-tests of many neurons: of all samples at once, or batch by batch.

pub(crate) mod accumulator;
pub(crate) mod design;
pub(crate) mod many_neurons;
pub(crate) mod sample_counts;
pub(crate) mod summary;
pub(crate) mod test_kind;
pub(crate) mod test_result;
