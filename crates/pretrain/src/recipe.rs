//! Settings of a training.

/// Settings that decide the trained weights, together with the model's configuration and the text.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Seed of the initial weights, the sentences and the masks.
    pub seed: u64,
    /// Rounds to train.
    pub rounds: u64,
    /// Fresh sentences per round.
    pub sentences_per_round: usize,
    /// Sentences per batch, all of one length.
    pub batch_size: usize,
    /// The highest learning rate.
    pub learning_rate: f64,
}
