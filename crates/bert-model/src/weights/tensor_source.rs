use burn::tensor::TensorData;

use crate::error::BertModelError;

/// The source of a model's tensors. A model is built from a source and from nothing else, so every
/// value in it comes from the source.
///
/// Names and layouts are Hugging Face's; a matrix of a linear layer is `[out, in]`.
pub trait TensorSource {
    /// The values of tensor `name`, as f32, checked to have `shape`.
    ///
    /// # Errors
    /// If the tensor is missing, has another shape or cannot be read as f32.
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, BertModelError>;

    /// Announces the tensors that will be requested next, so that a source can read them side by
    /// side. A missing tensor is an error only when it is requested.
    ///
    /// # Errors
    /// If a tensor is there but cannot be read.
    fn prepare(&mut self, names: &[String]) -> Result<(), BertModelError> {
        let _ = names;
        Ok(())
    }

    /// Whether the source has tensor `name`.
    ///
    /// # Errors
    /// If the source itself cannot be read.
    fn contains(&mut self, name: &str) -> Result<bool, BertModelError>;
}
