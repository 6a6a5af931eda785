use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use burn::tensor::TensorData;
use serde::Deserialize;

use crate::{
    error::BertModelError,
    weights::{read_file::read_file, shard::Shard, tensor_source::TensorSource},
};

/// The weights of a checkpoint, in one file or in several, read tensor by tensor.
pub struct Weights {
    shards: Vec<Shard>,
    /// The shard of each tensor, where an index says it.
    places: Option<HashMap<String, usize>>,
    /// Every file that there is to read.
    files: Vec<PathBuf>,
}

/// What the weights may be called, the first that is there counts: one file, or an index of several.
const ONE_FILE: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

impl Weights {
    /// Opens the weights in a checkpoint directory: `model.safetensors` or `pytorch_model.bin`, or
    /// the files that `model.safetensors.index.json` or `pytorch_model.bin.index.json` lists.
    ///
    /// # Errors
    /// [`BertModelError::NoWeights`] where there is none of these, [`BertModelError::Read`] and
    /// [`BertModelError::Container`] for a file or index that cannot be read.
    pub fn open(dir: &Path) -> Result<Self, BertModelError> {
        for name in ONE_FILE {
            let (file, index) = (dir.join(name), dir.join(format!("{name}.index.json")));
            if file.exists() {
                let shards = vec![Shard::open(&file)?];
                return Ok(Self { shards, places: None, files: vec![file] });
            }
            if index.exists() {
                return Self::from_index(dir, index);
            }
        }
        Err(BertModelError::NoWeights { dir: dir.to_owned() })
    }

    /// Reads from the bytes of a safetensors file.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self { shards: vec![Shard::from_bytes(bytes)], places: None, files: Vec::new() }
    }

    /// Every file that the weights are in, the index too.
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    fn from_index(dir: &Path, index: PathBuf) -> Result<Self, BertModelError> {
        #[derive(Deserialize)]
        struct Index {
            weight_map: HashMap<String, String>,
        }
        let name = index.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let broken = |reason| BertModelError::Container { file: name.clone(), reason };
        let Index { weight_map } = serde_json::from_slice(&read_file(&index)?)
            .map_err(|error| broken(error.to_string()))?;
        let mut names: Vec<&String> = weight_map.values().collect();
        names.sort_unstable();
        names.dedup();
        // An index names its neighbours and nothing elsewhere on the disk.
        if let Some(name) = names
            .iter()
            .find(|name| Path::new(name).file_name().is_none_or(|last| last != name.as_str()))
        {
            return Err(broken(format!("{name:?} is no file in the same folder")));
        }
        let files: Vec<PathBuf> = names.iter().map(|name| dir.join(name)).collect();
        let shards = files.iter().map(|file| Shard::open(file)).collect::<Result<_, _>>()?;
        let places = weight_map
            .iter()
            .filter_map(|(tensor, file)| Some((tensor.clone(), names.binary_search(&file).ok()?)))
            .collect();
        let files = [vec![index], files].concat();
        Ok(Self { shards, places: Some(places), files })
    }

    /// The shard that has tensor `name` or, where no index says, could have it.
    fn shard(&mut self, name: &str) -> Option<&mut Shard> {
        let place = match &self.places {
            Some(places) => *places.get(name)?,
            None => 0,
        };
        self.shards.get_mut(place)
    }
}

impl TensorSource for Weights {
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, BertModelError> {
        if let Some(shard) = self.shard(name) {
            return shard.tensor(name, shape);
        }
        let file = self.files.first().and_then(|index| index.file_name()).unwrap_or_default();
        let (file, name) = (file.to_string_lossy().into_owned(), name.to_owned());
        Err(BertModelError::MissingTensor { file, looked_for: vec![name.clone()], name })
    }

    fn prepare(&mut self, names: &[String]) -> Result<(), BertModelError> {
        let places = self.places.as_ref();
        self.shards.iter_mut().enumerate().try_for_each(|(shard, file)| {
            let in_it = |name: &&String| places.is_none_or(|at| at.get(*name) == Some(&shard));
            file.prepare(names.iter().filter(in_it))
        })
    }

    fn contains(&mut self, name: &str) -> Result<bool, BertModelError> {
        match self.shard(name) {
            Some(shard) => shard.contains(name),
            None => Ok(false),
        }
    }
}
