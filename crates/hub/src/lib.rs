//! Model checkpoints from the Hugging Face hub: a name becomes a folder.
//!
//! ```
//! use std::{fs, ops::ControlFlow};
//!
//! use hub::{Hub, Settings};
//!
//! // A cache that contains a model. `Hub::from_env` uses the user's own cache.
//! let cache = tempfile::tempdir()?;
//! let commit = "0123456789abcdef0123456789abcdef01234567";
//! let kept = cache.path().join("models--some-owner--some-bert");
//! let snapshot = kept.join("snapshots").join(commit);
//! fs::create_dir_all(&snapshot)?;
//! fs::create_dir(kept.join("refs"))?;
//! fs::write(kept.join("refs/main"), commit)?;
//! for file in ["config.json", "tokenizer.json", "model.safetensors"] {
//!     fs::write(snapshot.join(file), "{}")?;
//! }
//!
//! let hub = Hub::new(Settings::from_vars(|name| match name {
//!     "HF_HUB_CACHE" => Some(cache.path().into()),
//!     "HF_HUB_OFFLINE" => Some("1".into()),
//!     _ => None,
//! })?);
//! let mut model = hub.open(&"some-owner/some-bert".parse()?)?;
//! // The small files, without the weights.
//! model.description(&mut |_| ControlFlow::Continue(()))?;
//! let folder = model.weights(&mut |transfer| {
//!     eprintln!("{} {}", transfer.file, transfer.done);
//!     ControlFlow::Continue(())
//! })?;
//! assert_eq!(folder, snapshot);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The cache has the layout of the hub's own tools, so that they and this crate use each other's
//! files. A file is in the cache completely or not at all: it is downloaded to a temporary path,
//! resumed if it was cut off, compared with the hub's size and hash, and renamed.

mod cache;
mod checkouts;
mod environment;
mod error;
mod hub;
mod naming;
mod requests;

pub use checkouts::{
    checkout::Checkout,
    checkpoint_files::{TOKENIZERS, WEIGHTS},
    unusable_file::{SLOW_TOKENIZERS, weights_advice},
};
pub use environment::{
    certificates::Certificates,
    endpoint::Endpoint,
    hub_settings::{Rate, Settings, endpoint_from_env},
    secrets::without_password,
    token::Token,
    variables::expand_path,
};
pub use error::{HubError, TokenUse};
pub use hub::Hub;
pub use naming::{
    hub_address::{decode_percents, parse_address},
    name_problem::{AddressProblem, NameProblem},
    repo::Repo,
};
pub use requests::download::{Progress, Transfer};
