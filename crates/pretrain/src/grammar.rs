//! Sentences whose pronouns are decided by who does what to whom.

mod render;
mod shapes;
mod template;

use std::collections::HashMap;
use std::ops::Range;

use rand::{Rng, RngExt};

pub use self::shapes::{FAMILIES, Family};
use self::template::Piece;
pub use self::template::TemplateError;
use crate::lexicon::{Gender, Names, PHRASES, WORDS};

/// The grammatical case of a pronoun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Case {
    /// he, she
    Subject,
    /// him, her
    Object,
    /// his, her: before a noun
    Possessive,
    /// his, hers: alone
    PossessivePronoun,
    /// himself, herself
    Reflexive,
}

impl Case {
    /// Every case.
    pub const ALL: [Self; 5] =
        [Self::Subject, Self::Object, Self::Possessive, Self::PossessivePronoun, Self::Reflexive];

    /// The pronoun of this case for a person of that gender.
    #[must_use]
    pub const fn pronoun(self, gender: Gender) -> &'static str {
        match (self, gender) {
            (Self::Subject, Gender::Male) => "he",
            (Self::Subject, Gender::Female) => "she",
            (Self::Object, Gender::Male) => "him",
            (Self::Object | Self::Possessive, Gender::Female) => "her",
            (Self::Possessive | Self::PossessivePronoun, Gender::Male) => "his",
            (Self::PossessivePronoun, Gender::Female) => "hers",
            (Self::Reflexive, Gender::Male) => "himself",
            (Self::Reflexive, Gender::Female) => "herself",
        }
    }
}

/// One gendered pronoun of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PronounSlot {
    /// The bytes of the sentence that hold the pronoun.
    pub range: Range<usize>,
    /// The gender of the person that the pronoun stands for.
    pub gender: Gender,
    /// The pronoun's case.
    pub case: Case,
    /// The bytes of the words that name the person and show the gender, where there are any.
    pub referent: Option<Range<usize>>,
}

impl PronounSlot {
    /// The right word, in lower case.
    #[must_use]
    pub const fn right(&self) -> &'static str {
        self.case.pronoun(self.gender)
    }

    /// The word of the same case for the other gender, in lower case.
    #[must_use]
    pub const fn other(&self) -> &'static str {
        self.case.pronoun(self.gender.other())
    }

    /// Whether a name, title, role or kinship word decides the pronoun even when it is masked.
    #[must_use]
    pub const fn decided(&self) -> bool {
        self.referent.is_some()
    }
}

/// A sentence and its pronouns, from left to right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The text, in ordinary case and with its full stop.
    pub text: String,
    /// Every gendered pronoun in it.
    pub slots: Vec<PronounSlot>,
}

impl Sentence {
    /// The text with `filler` in the place of one pronoun.
    #[must_use]
    pub fn with_slot_filled(&self, slot: &PronounSlot, filler: &str) -> String {
        let mut text = self.text.clone();
        text.replace_range(slot.range.clone(), filler);
        text
    }
}

/// The shapes and words, parsed and ready to make sentences.
#[derive(Debug, Clone)]
pub struct Grammar {
    families: Vec<Vec<Vec<Piece>>>,
    classes: Vec<Vec<Vec<Piece>>>,
    names: Names,
    total_weight: u32,
}

impl Grammar {
    /// Parses the shapes and the word classes.
    ///
    /// # Errors
    ///
    /// When an entry of the tables is malformed; the crate's tests show that none is.
    pub fn new() -> Result<Self, TemplateError> {
        let mut class_ids = HashMap::new();
        let mut classes: Vec<Vec<Vec<Piece>>> = Vec::new();
        for &(name, words) in WORDS {
            class_ids.insert(name, classes.len());
            let literals = words.split_whitespace().map(|word| vec![Piece::Text(word.to_owned())]);
            classes.push(literals.collect());
        }
        for &(name, phrases) in PHRASES {
            let parsed: Result<_, _> =
                phrases.iter().map(|phrase| template::parse(phrase, &class_ids)).collect();
            // Added only now, so that no phrase can name its own class or a later one.
            class_ids.insert(name, classes.len());
            classes.push(parsed?);
        }
        let families = FAMILIES
            .iter()
            .map(|family| {
                family.shapes.iter().map(|shape| template::parse(shape, &class_ids)).collect()
            })
            .collect::<Result<_, _>>()?;
        let total_weight = FAMILIES.iter().map(|family| family.weight).sum();
        Ok(Self { families, classes, names: Names::new(), total_weight })
    }

    /// Draws one sentence.
    pub fn sentence<R: Rng + ?Sized>(&self, rng: &mut R) -> Sentence {
        let mut left = rng.random_range(0..self.total_weight);
        let mut family = 0;
        while left >= FAMILIES[family].weight {
            left -= FAMILIES[family].weight;
            family += 1;
        }
        let shapes = &self.families[family];
        let shape = &shapes[rng.random_range(0..shapes.len())];
        let (text, slots) = render::render(shape, &self.classes, &self.names, rng);
        Sentence { text, slots }
    }

    /// The number of shapes.
    #[must_use]
    pub fn shape_count(&self) -> usize {
        self.families.iter().map(Vec::len).sum()
    }
}
