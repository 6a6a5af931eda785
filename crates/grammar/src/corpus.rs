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

/// Seeds of the trainings of the tiny models, which differ in nothing else.
///
/// A round is drawn with the seed plus its number, so seeds are further apart than there are rounds: no
/// two models see the same text.
pub const TINY_SEEDS: [u64; 5] = [1_000, 2_000, 3_000, 4_000, 5_000];
/// Rounds of a tiny model's training.
pub const TINY_ROUNDS: u64 = 32;
/// Fresh sentences per round of a tiny model's training.
pub const TINY_SENTENCES: usize = 8_192;

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
