//! Pronouns: gender, case, and their places in a sentence.

use std::ops::Range;

/// The grammatical gender of the person that a pronoun stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gender {
    /// he, him, his, himself
    Male,
    /// she, her, hers, herself
    Female,
}

impl Gender {
    /// The other of the two.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Male => Self::Female,
            Self::Female => Self::Male,
        }
    }
}

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

    /// The pronoun of this case and `gender`.
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

/// A gendered pronoun of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PronounSlot {
    /// The bytes of the sentence that hold the pronoun.
    pub range: Range<usize>,
    /// The gender of the person that the pronoun stands for.
    pub gender: Gender,
    /// The pronoun's case.
    pub case: Case,
    /// The bytes of the words that name the person and show the gender, if the sentence has any.
    pub referent: Option<Range<usize>>,
    /// The probability, in percent, that the grammar gives the pronoun this gender rather than the
    /// other, given the rest of the sentence.
    pub percent: u8,
}

impl PronounSlot {
    /// The right word, in lower case.
    #[must_use]
    pub const fn right(&self) -> &'static str {
        self.case.pronoun(self.gender)
    }

    /// The word of the same case and the other gender, in lower case.
    #[must_use]
    pub const fn other(&self) -> &'static str {
        self.case.pronoun(self.gender.other())
    }

    /// Whether a name, title, role or kinship word decides the pronoun even when it is masked.
    #[must_use]
    pub const fn is_decided(&self) -> bool {
        self.referent.is_some() && self.percent == 100
    }

    /// Whether both genders are possible when the pronoun is masked.
    #[must_use]
    pub const fn is_graded(&self) -> bool {
        self.percent < 100
    }

    /// Whether both genders are possible, but one is more probable.
    #[must_use]
    pub const fn leans(&self) -> bool {
        self.is_graded() && self.percent != 50
    }
}
