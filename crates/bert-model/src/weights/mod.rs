//! Tensors by their Hugging Face names: the files that hold them, and the parts of a model that are
//! read from them and written back.

pub(crate) mod read_file;
pub(crate) mod shard;
pub(crate) mod tensor_reader;
pub(crate) mod tensor_source;
pub(crate) mod tensor_writer;
pub(crate) mod untrained_weights;
pub(crate) mod weight_files;
