use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use burn::tensor::{DType, TensorData};
use burn_store::{
    ModuleStore, PytorchStore, SafetensorsStore, bridge, burn_pack::Tensor as StoredTensor,
};
use rayon::prelude::*;

use crate::{
    error::BertModelError,
    fence::{Fault, fenced},
    model_folder::ModelFolder,
};

/// One file of weights, read through `burn-store`, tensor by tensor.
pub(crate) struct Shard {
    store: Store,
    /// Name of the file in errors.
    file: String,
    /// Path of the file, unless the bytes are in memory.
    path: Option<PathBuf>,
    /// Size of the file in bytes.
    size: u64,
    /// Number of bytes that were read since the file was opened.
    since_open: usize,
    /// Tensors that were read before they are requested.
    ready: HashMap<String, TensorData>,
}

enum Store {
    Safetensors(SafetensorsStore),
    /// Its pickle is parsed, not executed: it can name tensors and nothing else.
    Pytorch(PytorchStore),
}

impl Store {
    fn open(path: &Path) -> Self {
        if is_pickle(path) {
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

/// True if a file of weights is PyTorch's.
fn is_pickle(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "bin")
}

/// Number of bytes after which a file is opened again. Pages that were read through a map stay
/// resident as long as the map exists, and would count beside the tensors.
const REOPEN_AFTER: usize = 32 << 20;

impl Shard {
    /// Opens a file, which is mapped or read in parts, not copied.
    ///
    /// # Errors
    /// If there is no such file ([`BertModelError::Read`]), only a pointer to it
    /// ([`BertModelError::LfsPointer`]), or a file in memory is not safetensors
    /// ([`BertModelError::PickleInMemory`]).
    pub(crate) fn open(folder: &ModelFolder, file: &str) -> Result<Self, BertModelError> {
        // `burn-store` opens the file lazily; a missing one must be named now.
        let size = folder.check(file)?;
        let path = folder.path().join(file);
        match folder {
            ModelFolder::Disk(_) => {
                Ok(Self::new(Store::open(&path), file.to_owned(), size, Some(path)))
            }
            ModelFolder::Memory(_) if is_pickle(&path) => {
                Err(BertModelError::PickleInMemory { path })
            }
            ModelFolder::Memory(_) => {
                let bytes = folder.read(file)?.into_owned();
                let store = Store::Safetensors(SafetensorsStore::from_bytes(Some(bytes)));
                Ok(Self::new(store, file.to_owned(), size, None))
            }
        }
    }

    /// Reads from the bytes of a safetensors file.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        let size = bytes.len() as u64;
        let store = Store::Safetensors(SafetensorsStore::from_bytes(Some(bytes)));
        Self::new(store, "model.safetensors".to_owned(), size, None)
    }

    fn new(store: Store, file: String, size: u64, path: Option<PathBuf>) -> Self {
        Self { store, file, path, size, since_open: 0, ready: HashMap::new() }
    }

    /// The values of tensor `name`, as f32, checked to have `shape`.
    pub(crate) fn tensor(
        &mut self,
        name: &str,
        shape: &[usize],
    ) -> Result<TensorData, BertModelError> {
        let Some(stored) = self.find(name)? else {
            return Err(BertModelError::MissingTensor {
                file: self.file.clone(),
                name: name.to_owned(),
                looked_for: vec![name.to_owned()],
            });
        };
        if !matches!(stored.dtype, DType::F32 | DType::F16 | DType::BF16) {
            return Err(BertModelError::TensorDtype {
                file: self.file.clone(),
                name: name.to_owned(),
                found: stored.dtype,
            });
        }
        if stored.shape.as_slice() != shape {
            return Err(BertModelError::TensorShape {
                file: self.file.clone(),
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: stored.shape.to_vec(),
            });
        }
        let data = if let Some(data) = self.ready.remove(name) {
            data
        } else {
            let data = self.read(stored)?;
            self.count_bytes(data.as_bytes().len());
            data
        };
        let data = data.try_cast(DType::F32);
        let data = data.map_err(|error| self.container_error(&error.to_string()))?;
        match first_not_finite(&data) {
            None => Ok(data),
            Some(found) => Err(BertModelError::TensorNotFinite {
                file: self.file.clone(),
                name: name.to_owned(),
                found,
            }),
        }
    }

    /// Reads tensors that will be requested next, side by side.
    pub(crate) fn prepare<'a>(
        &mut self,
        names: impl Iterator<Item = &'a String>,
    ) -> Result<(), BertModelError> {
        let mut found = Vec::new();
        for name in names {
            if let Some(stored) = self.find(name)? {
                found.push((name.clone(), stored));
            }
        }
        let ready: Vec<(String, TensorData)> = found
            .into_par_iter()
            .map(|(name, stored)| Ok((name, self.read(stored)?)))
            .collect::<Result<_, BertModelError>>()?;
        self.count_bytes(ready.iter().map(|(_, data)| data.as_bytes().len()).sum());
        self.ready.extend(ready);
        Ok(())
    }

    fn read(&self, stored: StoredTensor) -> Result<TensorData, BertModelError> {
        self.check_size(&stored)?;
        let data = fenced(|| bridge::into_data(stored)).map_err(|fault| self.fault_error(fault))?;
        data.map_err(|error| self.container_error(&error.to_string()))
    }

    /// Checks that a tensor is not larger than the file. One value may stand for many in PyTorch's
    /// format, so that a small file could ask for all memory.
    fn check_size(&self, stored: &StoredTensor) -> Result<(), BertModelError> {
        let shape = stored.shape.as_slice();
        let size = shape.iter().try_fold(stored.dtype.size(), |size, &side| size.checked_mul(side));
        if size.is_some_and(|size| size as u64 <= self.size) {
            return Ok(());
        }
        let message = format!("a tensor of shape {shape:?} is larger than the file");
        Err(self.container_error(&message))
    }

    /// Counts bytes that were read, and opens the file again after [`REOPEN_AFTER`].
    fn count_bytes(&mut self, bytes: usize) {
        self.since_open += bytes;
        if let Some(path) = &self.path
            && self.since_open > REOPEN_AFTER
        {
            self.store = Store::open(path);
            self.since_open = 0;
        }
    }

    /// Whether the file has tensor `name`.
    pub(crate) fn contains(&mut self, name: &str) -> Result<bool, BertModelError> {
        Ok(self.find(name)?.is_some())
    }

    fn find(&mut self, name: &str) -> Result<Option<StoredTensor>, BertModelError> {
        let found = fenced(|| self.store.find(name)).map_err(|fault| self.fault_error(fault))?;
        found.map_err(|message| self.container_error(&message))
    }

    fn fault_error(&self, fault: Fault) -> BertModelError {
        self.container_error(&fault.to_string())
    }

    /// An error with this message in one line; messages of the store may have several.
    fn container_error(&self, message: &str) -> BertModelError {
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        BertModelError::Container { file: self.file.clone(), message }
    }
}

/// The first value that is not a finite number.
fn first_not_finite(data: &TensorData) -> Option<f32> {
    // Bands are checked side by side, and each without a branch for every value.
    const BAND: usize = 1 << 16;
    let values = data.as_slice::<f32>().unwrap_or_default();
    let is_damaged = |band: &&[f32]| {
        band.iter().fold(false, |is_damaged, value| is_damaged | !value.is_finite())
    };
    let band = values.par_chunks(BAND).find_first(is_damaged)?;
    band.iter().copied().find(|value| !value.is_finite())
}
