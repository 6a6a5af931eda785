//! Training of the bundled model and of the tiny ones: masked-language modelling on sentences of the
//! grammar, with Burn.
//!
//! Each round draws fresh sentences, sorts them into batches of one length, and takes one optimizer
//! step per batch. The seed and the round's number decide everything that a round does, so an
//! interrupted training resumes exactly where it stopped.

mod masking;
mod optimizer_step;
mod prompt_probabilities;
mod recipe;
mod round;
mod train_error;
mod trained_checkpoint;
mod training;
mod training_state;

pub use prompt_probabilities::prompt_probabilities;
pub use recipe::{ModelShape, Recipe};
pub use train_error::TrainError;
pub use trained_checkpoint::write_checkpoint;
pub use training::train;
