//! The training text, and the evaluation prompts from the other side of the split.

use std::collections::HashSet;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::grammar::{Case, Grammar, Sentence, TemplateError};
use crate::held_out::{HeldOut, is_evaluation};
use crate::lexicon::Gender;

/// The word that stands for the hidden pronoun of a prompt.
pub const MASK: &str = "[MASK]";

/// What the bundled model was trained on: this many rounds of this many sentences.
pub const BUNDLED_SEED: u64 = 1;
/// Rounds of the bundled model's training.
pub const BUNDLED_ROUNDS: u64 = 24;
/// Fresh sentences in each of them.
pub const BUNDLED_SENTENCES: usize = 16_384;

/// Endless training sentences, the same ones for the same seed.
#[derive(Debug, Clone)]
pub struct Corpus<'a> {
    grammar: Grammar,
    held_out: &'a HeldOut,
    rng: ChaCha8Rng,
}

impl<'a> Corpus<'a> {
    /// Sentences that `held_out` lets through, drawn by the seed.
    ///
    /// # Errors
    ///
    /// As [`Grammar::new`].
    pub fn new(seed: u64, held_out: &'a HeldOut) -> Result<Self, TemplateError> {
        Ok(Self { grammar: Grammar::new()?, held_out, rng: ChaCha8Rng::seed_from_u64(seed) })
    }

    /// The sentences of one round of a training; every round has a seed of its own.
    ///
    /// # Errors
    ///
    /// As [`Grammar::new`].
    pub fn round(seed: u64, round: u64, held_out: &'a HeldOut) -> Result<Self, TemplateError> {
        Self::new(seed.wrapping_add(1 + round), held_out)
    }
}

impl Iterator for Corpus<'_> {
    type Item = Sentence;

    fn next(&mut self) -> Option<Sentence> {
        loop {
            let sentence = self.grammar.sentence(&mut self.rng);
            if !self.held_out.excludes(&sentence.text) {
                return Some(sentence);
            }
        }
    }
}

/// A held-out sentence with one decided pronoun hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The sentence, with [`MASK`] in the pronoun's place.
    pub text: String,
    /// The hidden pronoun, in lower case.
    pub right: &'static str,
    /// The pronoun of the same case and the other gender.
    pub other: &'static str,
    /// The hidden pronoun's case.
    pub case: Case,
    /// The gender that the right word agrees with.
    pub gender: Gender,
}

impl Prompt {
    /// The prompt as a line of a prompts file: `{right|other}` in the mask's place.
    #[must_use]
    pub fn template(&self) -> String {
        self.text.replace(MASK, &["{", self.right, "|", self.other, "}"].concat())
    }
}

/// Draws `n` different prompts, half of each gender (the odd one is for a man).
///
/// With `case` given, only pronouns of that case are hidden. One sentence gives one prompt at
/// most. The sentences come from the evaluation side of the split and are none of `held_out`'s
/// own, so they are new to the model and to the project's stimuli. The grammar must have `n` such
/// sentences, or the search does not end; it has many millions.
///
/// # Errors
///
/// As [`Grammar::new`].
pub fn held_out_prompts(
    seed: u64,
    n: usize,
    case: Option<Case>,
    held_out: &HeldOut,
) -> Result<Vec<Prompt>, TemplateError> {
    let grammar = Grammar::new()?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut seen = HashSet::new();
    let mut prompts: Vec<Prompt> = Vec::with_capacity(n);
    let (mut men, mut women) = (n.div_ceil(2), n / 2);
    while men + women > 0 {
        let sentence = grammar.sentence(&mut rng);
        if !is_evaluation(&sentence.text) || held_out.lists(&sentence.text) {
            continue;
        }
        // The first slot of the gender with more prompts missing, so that the two end together.
        let wanted = if men > women { Gender::Male } else { Gender::Female };
        let fits = sentence.slots.iter().filter(|slot| slot.decided() && slot.gender == wanted);
        let mut fits = fits.filter(|slot| case.is_none_or(|case| slot.case == case));
        let Some(slot) = fits.next() else { continue };
        if !seen.insert(sentence.text.clone()) {
            continue;
        }
        match wanted {
            Gender::Male => men -= 1,
            Gender::Female => women -= 1,
        }
        prompts.push(Prompt {
            text: sentence.with_slot_filled(slot, MASK),
            right: slot.right(),
            other: slot.other(),
            case: slot.case,
            gender: slot.gender,
        });
    }
    Ok(prompts)
}
