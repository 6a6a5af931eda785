//! The files of a checkpoint, and how they come into the cache.

pub(crate) mod checkout;
pub(crate) mod checkpoint_files;
pub(crate) mod tensor_names;
pub(crate) mod unusable_file;
