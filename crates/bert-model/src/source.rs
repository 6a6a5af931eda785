use std::path::{Path, PathBuf};

use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_store::{ModuleStore, SafetensorsStore, bridge, burn_pack::Tensor as StoredTensor};

use crate::BertModelError;

/// Where a model's tensors come from. A model is built from a source and from nothing else, so
/// every value in it was in the source.
///
/// Names and layouts are those of Hugging Face's newest `BertForMaskedLM`; a matrix of a linear
/// layer is `[out, in]`.
pub trait TensorSource {
    /// The values of tensor `name`, as f32, checked to have `shape`.
    ///
    /// # Errors
    /// Where the tensor is missing, has another shape or cannot be read as f32.
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, BertModelError>;

    /// Whether the source has tensor `name`.
    ///
    /// # Errors
    /// Where the source itself cannot be read.
    fn contains(&mut self, name: &str) -> Result<bool, BertModelError>;
}

/// A `model.safetensors`, read through `burn-store`, tensor by tensor.
pub struct SafetensorsSource {
    store: SafetensorsStore,
    /// The file, if it is read from one.
    path: Option<PathBuf>,
    /// Bytes read since the file was opened.
    read: usize,
}

/// The file is opened anew after so many bytes: what was read through the map stays resident as
/// long as the map is there, and would count beside the tensors.
const REOPEN_AFTER: usize = 32 << 20;

impl SafetensorsSource {
    /// Reads from a file, which is mapped, not copied.
    ///
    /// # Errors
    /// [`BertModelError::Read`] where there is no such file.
    pub fn from_file(path: &Path) -> Result<Self, BertModelError> {
        // `burn-store` opens the file lazily; a missing one is to be said now, by its name.
        let error = |source| BertModelError::Read { path: PathBuf::from(path), source };
        if std::fs::metadata(path).map_err(error)?.is_dir() {
            return Err(error(std::io::ErrorKind::IsADirectory.into()));
        }
        let store = SafetensorsStore::from_file(path);
        Ok(Self { store, path: Some(path.to_owned()), read: 0 })
    }

    /// Reads from the bytes of such a file.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self { store: SafetensorsStore::from_bytes(Some(bytes)), path: None, read: 0 }
    }

    /// The stored tensor under the first of its possible names that the file has.
    fn find(&mut self, name: &str) -> Result<Option<StoredTensor>, BertModelError> {
        let stored = self.store.get_all_tensors().map_err(container_error)?;
        Ok(possible_names(name).iter().find_map(|name| stored.get(name)).cloned())
    }
}

impl TensorSource for SafetensorsSource {
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, BertModelError> {
        let Some(stored) = self.find(name)? else {
            let looked_for = possible_names(name);
            return Err(BertModelError::MissingTensor { name: name.to_owned(), looked_for });
        };
        if !matches!(stored.dtype, DType::F32 | DType::F16 | DType::BF16) {
            return Err(BertModelError::TensorDtype { name: stored.name, found: stored.dtype });
        }
        if stored.shape.as_slice() != shape {
            return Err(BertModelError::TensorShape {
                name: stored.name,
                expected: shape.to_vec(),
                found: stored.shape.to_vec(),
            });
        }
        let data = bridge::into_data(stored).map_err(container_error)?;
        self.read += data.as_bytes().len();
        if let Some(path) = &self.path
            && self.read > REOPEN_AFTER
        {
            (self.store, self.read) = (SafetensorsStore::from_file(path), 0);
        }
        data.try_cast(DType::F32).map_err(container_error)
    }

    fn contains(&mut self, name: &str) -> Result<bool, BertModelError> {
        Ok(self.find(name)?.is_some())
    }
}

fn container_error(error: impl std::fmt::Display) -> BertModelError {
    // One line: the store's own messages may hold several.
    let reason = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    BertModelError::Container { reason }
}

/// All names that checkpoints of different ages give to one tensor, newest first.
fn possible_names(name: &str) -> Vec<String> {
    let mut names = vec![name.to_owned()];
    // TensorFlow's names for LayerNorm, kept by old conversions.
    for (new, old) in
        [(".LayerNorm.weight", ".LayerNorm.gamma"), (".LayerNorm.bias", ".LayerNorm.beta")]
    {
        if let Some(stem) = name.strip_suffix(new) {
            names.push(format!("{stem}{old}"));
        }
    }
    if name == "cls.predictions.bias" {
        names.push("cls.predictions.decoder.bias".to_owned());
    }
    // An encoder saved by itself and joined with a head has no `bert.` prefix.
    let bare: Vec<String> =
        names.iter().filter_map(|name| Some(name.strip_prefix("bert.")?.to_owned())).collect();
    names.extend(bare);
    names
}

/// A `[length]` vector.
pub(crate) fn vector(
    source: &mut impl TensorSource,
    name: &str,
    length: usize,
    device: &Device,
) -> Result<Tensor<1>, BertModelError> {
    Ok(Tensor::from_data(source.tensor(name, &[length])?, device))
}

/// A `[rows, columns]` matrix as it is stored.
pub(crate) fn matrix(
    source: &mut impl TensorSource,
    name: &str,
    shape: [usize; 2],
    device: &Device,
) -> Result<Tensor<2>, BertModelError> {
    Ok(Tensor::from_data(source.tensor(name, &shape)?, device))
}

#[cfg(test)]
mod tests {
    use super::possible_names;

    #[test]
    fn old_names_are_looked_for_too() {
        assert_eq!(
            possible_names("bert.embeddings.LayerNorm.weight"),
            [
                "bert.embeddings.LayerNorm.weight",
                "bert.embeddings.LayerNorm.gamma",
                "embeddings.LayerNorm.weight",
                "embeddings.LayerNorm.gamma",
            ]
        );
        assert_eq!(
            possible_names("cls.predictions.bias"),
            ["cls.predictions.bias", "cls.predictions.decoder.bias"]
        );
    }
}
