//! The table of sentence shapes, by group.

mod general;
mod graded;
mod one_person;
mod two_people;

/// A group of shapes, each equally likely to be drawn.
#[derive(Debug, Clone, Copy)]
pub struct ShapeGroup {
    /// A name that describes the group.
    pub name: &'static str,
    /// Share of the sentences, relative to the weights of the other groups.
    pub weight: u32,
    /// Shapes, with people, pronouns and word classes in braces.
    pub shapes: &'static [&'static str],
}

/// Every group of shapes.
pub const SHAPE_GROUPS: &[ShapeGroup] = &[
    ShapeGroup { name: "object of one person", weight: 14, shapes: one_person::OBJECT },
    ShapeGroup { name: "possessive", weight: 9, shapes: one_person::POSSESSIVE },
    ShapeGroup { name: "possessive pronoun", weight: 3, shapes: one_person::POSSESSIVE_PRONOUN },
    ShapeGroup { name: "reflexive", weight: 6, shapes: one_person::REFLEXIVE },
    ShapeGroup { name: "subject", weight: 9, shapes: one_person::SUBJECT },
    ShapeGroup { name: "two people: help and thanks", weight: 12, shapes: two_people::THANKS },
    ShapeGroup { name: "two people: other verbs", weight: 16, shapes: two_people::VERBS },
    ShapeGroup { name: "two people: kin", weight: 5, shapes: two_people::KIN },
    ShapeGroup { name: "two people: distant or competing", weight: 8, shapes: two_people::DISTANT },
    ShapeGroup { name: "profession that leans", weight: 36, shapes: graded::PROFESSION },
    ShapeGroup { name: "name that leans", weight: 14, shapes: general::NEUTRAL },
    ShapeGroup { name: "either of two people", weight: 40, shapes: graded::EITHER_PERSON },
    ShapeGroup { name: "no antecedent", weight: 18, shapes: general::NO_ANTECEDENT },
    ShapeGroup { name: "no gendered pronoun", weight: 22, shapes: general::PLAIN },
];
