//! Model checkpoints from the Hugging Face hub: a name becomes a folder.
//!
//! ```
//! use std::fs;
//!
//! use hub::{Hub, Settings};
//!
//! // A cache that has a model already; `Hub::from_env` takes the user's own.
//! let cache = tempfile::tempdir()?;
//! let commit = "0123456789abcdef0123456789abcdef01234567";
//! let kept = cache.path().join("models--some-owner--some-bert");
//! let snapshot = kept.join("snapshots").join(commit);
//! fs::create_dir_all(&snapshot)?;
//! fs::create_dir(kept.join("refs"))?;
//! fs::write(kept.join("refs/main"), commit)?;
//! for file in ["config.json", "tokenizer.json", "model.safetensors"] {
//!     fs::write(snapshot.join(file), "")?;
//! }
//!
//! let hub = Hub::new(Settings::from_vars(|name| match name {
//!     "HF_HUB_CACHE" => Some(cache.path().into()),
//!     "HF_HUB_OFFLINE" => Some("1".into()),
//!     _ => None,
//! })?);
//! let mut model = hub.open(&"some-owner/some-bert".parse()?)?;
//! model.description(&mut |_| ())?; // what can be looked at before the large part
//! let folder = model.weights(&mut |transfer| eprintln!("{} {}", transfer.file, transfer.done))?;
//! assert_eq!(folder, snapshot);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Files are kept as the hub's own tools keep them, so that these find ours and we find theirs. A
//! file is in the cache whole or not at all: it is downloaded beside its place, resumed where it was
//! cut off, compared with the hub's size and hash, and renamed.

mod cache;
mod checkout;
mod client;
mod digest;
mod download;
mod error;
mod files;
mod hub;
mod origin;
mod repo;
mod settings;

pub use checkout::Checkout;
pub use download::{Progress, Transfer};
pub use error::HubError;
pub use hub::Hub;
pub use repo::Repo;
pub use settings::{Settings, Token};
