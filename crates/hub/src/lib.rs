//! Model checkpoints from the Hugging Face hub: a name becomes a folder.
//!
//! Files are kept as the hub's own tools keep them, so that these find ours and we find theirs. A
//! file is in the cache whole or not at all: it is downloaded beside its place, resumed where it was
//! cut off, compared with the hub's size and hash, and renamed.
//!
//! ```no_run
//! # fn main() -> Result<(), hub::HubError> {
//! let hub = hub::Hub::from_env()?;
//! let mut model = hub.open(&"google-bert/bert-base-uncased".parse()?)?;
//! let folder = model.description(&mut |_| ())?; // what can be looked at before the large part
//! model.weights(&mut |transfer| eprintln!("{} {}", transfer.file, transfer.done))?;
//! # Ok(())
//! # }
//! ```

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
