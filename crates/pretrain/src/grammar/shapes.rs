//! The table of sentence shapes, by family.

mod general;
mod one_person;
mod two_people;

/// A group of shapes that are drawn with the same chance.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// What the group is called in reports.
    pub name: &'static str,
    /// Its share of the sentences, relative to the other families' weights.
    pub weight: u32,
    /// The shapes, with people, pronouns and word classes in braces.
    pub shapes: &'static [&'static str],
}

/// Every family of shapes.
pub const FAMILIES: &[Family] = &[
    Family { name: "object of one person", weight: 14, shapes: one_person::OBJECT },
    Family { name: "possessive", weight: 9, shapes: one_person::POSSESSIVE },
    Family { name: "possessive pronoun", weight: 3, shapes: one_person::POSSESSIVE_PRONOUN },
    Family { name: "reflexive", weight: 6, shapes: one_person::REFLEXIVE },
    Family { name: "subject", weight: 9, shapes: one_person::SUBJECT },
    Family { name: "two people: help and thanks", weight: 12, shapes: two_people::THANKS },
    Family { name: "two people: other verbs", weight: 16, shapes: two_people::VERBS },
    Family { name: "two people: kin", weight: 5, shapes: two_people::KIN },
    Family { name: "no antecedent", weight: 18, shapes: general::NO_ANTECEDENT },
    Family { name: "antecedent without gender", weight: 3, shapes: general::NEUTRAL },
    Family { name: "no gendered pronoun", weight: 12, shapes: general::PLAIN },
];
