//! The people of a shape.

use crate::lexicon::leanings::{Leanings, NEUTRAL_NAMES, PROFESSIONS, VERBS};

/// A person in a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Character {
    /// `a`, the first person of visible gender.
    A,
    /// `b`, the second person of visible gender.
    B,
    /// `p`, whose first name leans towards a gender.
    Neutral,
    /// `r`, whose profession leans towards a gender.
    Professional,
    /// `v`, either `a` or `b`; a verb leans towards one of them.
    Either,
    /// `x`, mentioned only by pronouns.
    Unseen,
    /// `y`, another one mentioned only by pronouns.
    OtherUnseen,
}

impl Character {
    /// Every character, in the order of `character as usize`.
    pub(super) const ALL: [Self; 7] = [
        Self::A,
        Self::B,
        Self::Neutral,
        Self::Professional,
        Self::Either,
        Self::Unseen,
        Self::OtherUnseen,
    ];

    /// The words one of which a shape contains instead of words for a person, each with its odds.
    pub(super) fn leanings(self) -> Option<Leanings> {
        match self {
            Self::Neutral => Some(NEUTRAL_NAMES),
            Self::Professional => Some(PROFESSIONS),
            Self::Either => Some(VERBS),
            Self::A | Self::B | Self::Unseen | Self::OtherUnseen => None,
        }
    }

    /// Whether words that show the gender mention the person.
    pub(super) fn shows_gender(self) -> bool {
        matches!(self, Self::A | Self::B)
    }

    /// Whether words for the person, or the word that leans, stand before or after any pronoun.
    pub(super) fn is_mentioned(self) -> bool {
        self.shows_gender() || self.leanings().is_some()
    }
}
