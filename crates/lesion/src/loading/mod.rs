//! The model: its source, its device and its files.

pub(crate) mod checkpoint_folder;
pub(crate) mod device;
pub(crate) mod loaded_model;
pub(crate) mod model_name;
pub(crate) mod model_name_error;
pub(crate) mod model_note;
pub(crate) mod model_source;
