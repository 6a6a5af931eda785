//! The training text.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::held_out::HeldOut;
use crate::sentences::grammar::{Grammar, Sentence};
use crate::sentences::notation::NotationError;

/// Seed of the bundled model's training.
pub const BUNDLED_SEED: u64 = 1;
/// Rounds of the bundled model's training.
pub const BUNDLED_ROUNDS: u64 = 36;
/// Fresh sentences per round of the bundled model's training.
pub const BUNDLED_SENTENCES: usize = 16_384;

/// An endless iterator over training sentences. The same seed gives the same sentences.
#[derive(Debug, Clone)]
pub struct Corpus<'a> {
    grammar: Grammar,
    held_out: &'a HeldOut,
    rng: ChaCha8Rng,
}

impl<'a> Corpus<'a> {
    /// Sentences drawn with `seed`, without those that `held_out` excludes.
    ///
    /// # Errors
    ///
    /// If the tables of the grammar are malformed.
    pub fn new(seed: u64, held_out: &'a HeldOut) -> Result<Self, NotationError> {
        Ok(Self { grammar: Grammar::new()?, held_out, rng: ChaCha8Rng::seed_from_u64(seed) })
    }

    /// The sentences of one round of training. Each round has a seed of its own.
    ///
    /// # Errors
    ///
    /// If the tables of the grammar are malformed.
    pub fn for_round(seed: u64, round: u64, held_out: &'a HeldOut) -> Result<Self, NotationError> {
        Self::new(seed.wrapping_add(1 + round), held_out)
    }
}

impl Iterator for Corpus<'_> {
    type Item = Sentence;

    fn next(&mut self) -> Option<Sentence> {
        loop {
            let sentence = self.grammar.draw_sentence(&mut self.rng);
            if !self.held_out.excludes(&sentence.text) {
                return Some(sentence);
            }
        }
    }
}
