use burn::tensor::TensorData;

use crate::error::BertModelError;

/// Where a model's tensors come from. A model is built from a source and from nothing else, so
/// every value in it was in the source.
///
/// Names and layouts are Hugging Face's; a matrix of a linear layer is `[out, in]`.
pub trait TensorSource {
    /// The values of tensor `name`, as f32, checked to have `shape`.
    ///
    /// # Errors
    /// Where the tensor is missing, has another shape or cannot be read as f32.
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, BertModelError>;

    /// Says which tensors are asked for next: a source may read them side by side. One that is not
    /// there is an error when it is asked for.
    ///
    /// # Errors
    /// Where a tensor is there and cannot be read.
    fn prepare(&mut self, names: &[String]) -> Result<(), BertModelError> {
        let _ = names;
        Ok(())
    }

    /// Whether the source has tensor `name`.
    ///
    /// # Errors
    /// Where the source itself cannot be read.
    fn contains(&mut self, name: &str) -> Result<bool, BertModelError>;
}
