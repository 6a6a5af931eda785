//! The grammar: shapes and words, parsed and ready to make sentences.

use std::collections::HashMap;

use rand::{Rng, RngExt};

use crate::lexicon::leanings::{LEANING_CLASSES, leaning_words};
use crate::lexicon::phrases::PHRASES;
use crate::lexicon::words::WORDS;
use crate::pronoun::PronounSlot;
use crate::sentences::mention::{FirstNames, LeaningWords};
use crate::sentences::notation::{NotationError, Piece, parse};
use crate::sentences::render::render;
use crate::sentences::shapes::SHAPE_GROUPS;

/// A sentence and its pronouns, from left to right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The text, with capital letters and its final punctuation mark.
    pub text: String,
    /// Every gendered pronoun in it.
    pub slots: Vec<PronounSlot>,
}

impl Sentence {
    /// The text with `filler` in place of the pronoun in `slot`.
    #[must_use]
    pub fn fill_slot(&self, slot: &PronounSlot, filler: &str) -> String {
        let mut text = self.text.clone();
        text.replace_range(slot.range.clone(), filler);
        text
    }
}

/// Sentences in which the probability of every pronoun is known.
#[derive(Debug, Clone)]
pub struct Grammar {
    /// Parsed shapes, by group.
    shape_groups: Vec<Vec<Vec<Piece>>>,
    /// Parsed entries, by word class.
    classes: Vec<Vec<Vec<Piece>>>,
    names: FirstNames,
    leanings: LeaningWords,
    total_weight: u32,
}

impl Grammar {
    /// Parses the shapes and the word classes.
    ///
    /// # Errors
    ///
    /// If an entry of the tables is malformed. The tests of the crate show that none is.
    pub fn new() -> Result<Self, NotationError> {
        let mut class_ids = HashMap::new();
        let mut classes = Vec::new();
        for &(name, table) in LEANING_CLASSES {
            class_ids.insert(name, classes.len());
            let words = leaning_words(table);
            classes.push(words.map(|(_, word)| vec![Piece::Text(word.to_owned())]).collect());
        }
        for &(name, words) in WORDS {
            class_ids.insert(name, classes.len());
            let entries = words.split_whitespace().map(|word| vec![Piece::Text(word.to_owned())]);
            classes.push(entries.collect());
        }
        for &(name, phrases) in PHRASES {
            classes.push(parse_all(phrases, &class_ids)?);
            // Added only now, so that a phrase cannot name its own class or a later one.
            class_ids.insert(name, classes.len() - 1);
        }
        let mut shape_groups = Vec::new();
        for group in SHAPE_GROUPS {
            shape_groups.push(parse_all(group.shapes, &class_ids)?);
        }
        let total_weight = SHAPE_GROUPS.iter().map(|group| group.weight).sum();
        let (names, leanings) = (FirstNames::new(), LeaningWords::new());
        Ok(Self { shape_groups, classes, names, leanings, total_weight })
    }

    /// Draws one sentence.
    pub fn draw_sentence<R: Rng + ?Sized>(&self, rng: &mut R) -> Sentence {
        let mut remaining = rng.random_range(0..self.total_weight);
        let mut group = 0;
        while remaining >= SHAPE_GROUPS[group].weight {
            remaining -= SHAPE_GROUPS[group].weight;
            group += 1;
        }
        let shapes = &self.shape_groups[group];
        let shape = &shapes[rng.random_range(0..shapes.len())];
        let (text, slots) = render(shape, &self.classes, &self.names, &self.leanings, rng);
        Sentence { text, slots }
    }

    /// The number of shapes.
    #[must_use]
    pub fn shape_count(&self) -> usize {
        self.shape_groups.iter().map(Vec::len).sum()
    }
}

fn parse_all(
    sources: &[&str],
    class_ids: &HashMap<&str, usize>,
) -> Result<Vec<Vec<Piece>>, NotationError> {
    sources.iter().map(|source| parse(source, class_ids)).collect()
}
