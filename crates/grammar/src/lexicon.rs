//! The words of the grammar.

pub mod leanings;
pub mod people;
pub mod phrases;
pub mod words;
