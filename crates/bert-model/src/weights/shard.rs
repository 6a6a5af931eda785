use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use burn::tensor::{DType, TensorData};
use burn_store::{
    ModuleStore, PytorchStore, SafetensorsStore, bridge, burn_pack::Tensor as StoredTensor,
};
use rayon::prelude::*;

use crate::error::BertModelError;

/// One file of weights, read through `burn-store`, tensor by tensor.
pub(crate) struct Shard {
    store: Store,
    /// What errors call it.
    file: String,
    /// Where it is, if it is a file.
    path: Option<PathBuf>,
    /// Bytes read since it was opened.
    since_open: usize,
    /// Tensors that were read before they are asked for.
    ready: HashMap<String, TensorData>,
}

enum Store {
    Safetensors(SafetensorsStore),
    /// Its pickle is parsed, not executed: it can name tensors and nothing else.
    Pytorch(PytorchStore),
}

impl Store {
    fn open(path: &Path) -> Self {
        if path.extension().is_some_and(|extension| extension == "bin") {
            // Layers keep the numbers that they have in the file.
            return Self::Pytorch(PytorchStore::from_file(path).map_indices_contiguous(false));
        }
        Self::Safetensors(SafetensorsStore::from_file(path))
    }

    fn find(&mut self, name: &str) -> Result<Option<StoredTensor>, String> {
        let stored = match self {
            Self::Safetensors(store) => store.get_all_tensors().map_err(|error| error.to_string()),
            Self::Pytorch(store) => store.get_all_tensors().map_err(|error| error.to_string()),
        };
        Ok(stored?.get(name).cloned())
    }
}

/// A file is opened anew after so many bytes: what was read through the map stays resident as
/// long as the map is there, and would count beside the tensors.
const REOPEN_AFTER: usize = 32 << 20;

impl Shard {
    /// A file, which is mapped or read in parts, not copied.
    ///
    /// # Errors
    /// [`BertModelError::Read`] where there is no such file.
    pub(crate) fn open(path: &Path) -> Result<Self, BertModelError> {
        // `burn-store` opens the file lazily; a missing one is to be said now, by its name.
        let error = |source| BertModelError::Read { path: PathBuf::from(path), source };
        if std::fs::metadata(path).map_err(error)?.is_dir() {
            return Err(error(std::io::ErrorKind::IsADirectory.into()));
        }
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (store, path) = (Store::open(path), Some(path.to_owned()));
        Ok(Self { store, file, path, since_open: 0, ready: HashMap::new() })
    }

    /// The bytes of a safetensors file.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        let store = Store::Safetensors(SafetensorsStore::from_bytes(Some(bytes)));
        let file = "model.safetensors".to_owned();
        Self { store, file, path: None, since_open: 0, ready: HashMap::new() }
    }

    /// The values of tensor `name`, as f32, checked to have `shape`.
    pub(crate) fn tensor(
        &mut self,
        name: &str,
        shape: &[usize],
    ) -> Result<TensorData, BertModelError> {
        let (file, name) = (self.file.clone(), name.to_owned());
        let Some(stored) = self.find(&name)? else {
            let looked_for = vec![name.clone()];
            return Err(BertModelError::MissingTensor { file, name, looked_for });
        };
        if !matches!(stored.dtype, DType::F32 | DType::F16 | DType::BF16) {
            return Err(BertModelError::TensorDtype { file, name, found: stored.dtype });
        }
        if stored.shape.as_slice() != shape {
            let (expected, found) = (shape.to_vec(), stored.shape.to_vec());
            return Err(BertModelError::TensorShape { file, name, expected, found });
        }
        let data = if let Some(data) = self.ready.remove(&name) {
            data
        } else {
            let data = self.read(stored)?;
            self.count(data.as_bytes().len());
            data
        };
        data.try_cast(DType::F32).map_err(|error| self.broken(&error.to_string()))
    }

    /// Reads tensors that are asked for next, side by side.
    pub(crate) fn prepare<'a>(
        &mut self,
        names: impl Iterator<Item = &'a String>,
    ) -> Result<(), BertModelError> {
        let found: Vec<_> = names
            .filter_map(|name| Some((name, self.find(name).transpose()?)))
            .map(|(name, stored)| Ok((name.clone(), stored?)))
            .collect::<Result<_, BertModelError>>()?;
        let read = |(name, stored)| Ok((name, self.read(stored)?));
        let ready: Vec<_> =
            found.into_par_iter().map(read).collect::<Result<_, BertModelError>>()?;
        self.count(ready.iter().map(|(_, data)| data.as_bytes().len()).sum());
        self.ready.extend(ready);
        Ok(())
    }

    fn read(&self, stored: StoredTensor) -> Result<TensorData, BertModelError> {
        bridge::into_data(stored).map_err(|error| self.broken(&error.to_string()))
    }

    /// Counts bytes that were read, and opens the file anew after enough of them.
    fn count(&mut self, bytes: usize) {
        self.since_open += bytes;
        if let Some(path) = &self.path
            && self.since_open > REOPEN_AFTER
        {
            (self.store, self.since_open) = (Store::open(path), 0);
        }
    }

    /// Whether the file has tensor `name`.
    pub(crate) fn contains(&mut self, name: &str) -> Result<bool, BertModelError> {
        Ok(self.find(name)?.is_some())
    }

    fn find(&mut self, name: &str) -> Result<Option<StoredTensor>, BertModelError> {
        self.store.find(name).map_err(|error| self.broken(&error))
    }

    fn broken(&self, error: &str) -> BertModelError {
        // One line: the store's own messages may hold several.
        let reason = error.split_whitespace().collect::<Vec<_>>().join(" ");
        BertModelError::Container { file: self.file.clone(), reason }
    }
}
