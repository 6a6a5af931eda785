//! The words: who people are called, and the classes that the templates draw from.

mod people;
mod phrases;
mod words;

pub use people::{
    Gender, KINSHIP, Mention, NEUTRAL_NAMES, Person, ROLES, SURNAMES, TITLES_WITH_FIRST_NAME,
    TITLES_WITH_SURNAME, first_names,
};
pub(crate) use people::{Names, OWNERS, ROLE_ADJECTIVES};
pub use phrases::PHRASES;
pub use words::WORDS;
