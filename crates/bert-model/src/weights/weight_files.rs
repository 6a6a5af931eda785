use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use burn::tensor::TensorData;
use serde::Deserialize;

use crate::{
    config::family::Family,
    error::BertModelError,
    model_folder::ModelFolder,
    weights::{shard::Shard, tensor_source::TensorSource},
};

/// The weights of a checkpoint, in one file or in several, read tensor by tensor.
pub struct Weights {
    shards: Vec<Shard>,
    /// Position of each tensor's shard in `shards`, if there is an index.
    places: Option<HashMap<String, usize>>,
    /// All files, the index first if there is one.
    files: Vec<PathBuf>,
}

/// Names of a single file of weights, best first. An index of several files has one of these names
/// before `.index.json`.
const SINGLE_FILES: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

impl Weights {
    /// Opens the weights in the folder of a checkpoint: `model.safetensors` or `pytorch_model.bin`, or
    /// the files that `model.safetensors.index.json` or `pytorch_model.bin.index.json` lists.
    ///
    /// # Errors
    /// If there is none of these ([`BertModelError::NoWeights`]), or a file or index cannot be read
    /// ([`BertModelError::Read`], [`BertModelError::Container`]), or the index names a file elsewhere
    /// ([`BertModelError::OutsideFolder`]), or a file in memory is not safetensors
    /// ([`BertModelError::PickleInMemory`]).
    pub fn open(folder: &ModelFolder) -> Result<Self, BertModelError> {
        for name in SINGLE_FILES {
            if folder.contains(name) {
                let shards = vec![Shard::open(folder, name)?];
                return Ok(Self { shards, places: None, files: vec![folder.path().join(name)] });
            }
            let index = format!("{name}.index.json");
            if folder.contains(&index) {
                return Self::open_index(folder, &index);
            }
        }
        Err(BertModelError::NoWeights { dir: folder.path().to_owned() })
    }

    /// Reads from the bytes of a safetensors file.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self { shards: vec![Shard::from_bytes(bytes)], places: None, files: Vec::new() }
    }

    /// The family whose head the weights have.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(crate) fn family(&mut self) -> Result<Option<Family>, BertModelError> {
        Family::of_tensors(|name| self.contains(name))
    }

    /// All files of the weights, including the index.
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    fn open_index(folder: &ModelFolder, index: &str) -> Result<Self, BertModelError> {
        let weight_map = read_index(folder, index)?;
        let mut names: Vec<&String> = weight_map.values().collect();
        names.sort_unstable();
        names.dedup();
        let shards =
            names.iter().map(|name| Shard::open(folder, name)).collect::<Result<_, _>>()?;
        let places = weight_map
            .iter()
            .filter_map(|(tensor, file)| Some((tensor.clone(), names.binary_search(&file).ok()?)))
            .collect();
        let mut files = vec![folder.path().join(index)];
        files.extend(names.iter().map(|name| folder.path().join(name)));
        Ok(Self { shards, places: Some(places), files })
    }

    /// The shard of tensor `name`. Without an index it is the only one, whether it has the tensor or
    /// not.
    fn shard(&mut self, name: &str) -> Option<&mut Shard> {
        let place = match &self.places {
            Some(places) => *places.get(name)?,
            None => 0,
        };
        self.shards.get_mut(place)
    }
}

/// The file of each tensor, from an index whose files are all in its own folder.
fn read_index(
    folder: &ModelFolder,
    index: &str,
) -> Result<HashMap<String, String>, BertModelError> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: HashMap<String, String>,
    }
    let bytes = folder.read(index)?;
    let index = index.to_owned();
    let Index { weight_map } = match serde_json::from_slice(&bytes) {
        Ok(parsed) => parsed,
        Err(error) => {
            return Err(BertModelError::Container { file: index, message: error.to_string() });
        }
    };
    let outside = weight_map.values().filter(|file| !is_plain_file_name(file));
    if let Some(file) = outside.min() {
        return Err(BertModelError::OutsideFolder { index, file: file.clone() });
    }
    Ok(weight_map)
}

fn is_plain_file_name(name: &str) -> bool {
    Path::new(name).file_name().is_some_and(|last| last == name)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl TensorSource for Weights {
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, BertModelError> {
        if let Some(shard) = self.shard(name) {
            return shard.tensor(name, shape);
        }
        let index = self.files.first().map(|index| file_name(index));
        Err(BertModelError::MissingTensor {
            file: index.unwrap_or_default(),
            name: name.to_owned(),
            looked_for: vec![name.to_owned()],
        })
    }

    fn prepare(&mut self, names: &[String]) -> Result<(), BertModelError> {
        for (place, shard) in self.shards.iter_mut().enumerate() {
            let in_shard = names.iter().filter(|name| match &self.places {
                Some(places) => places.get(*name) == Some(&place),
                None => true,
            });
            shard.prepare(in_shard)?;
        }
        Ok(())
    }

    fn contains(&mut self, name: &str) -> Result<bool, BertModelError> {
        match self.shard(name) {
            Some(shard) => shard.contains(name),
            None => Ok(false),
        }
    }
}
