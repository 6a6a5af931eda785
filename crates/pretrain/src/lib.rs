//! Training text for the small BERT of this project.
//!
//! A [`grammar::Grammar`] makes English sentences in which every pronoun's right word is known:
//! each shape fixes who does what to whom, and so which person each pronoun stands for.
//! [`held_out`] says which sentences training never sees, [`corpus`] draws the training text and
//! the evaluation prompts, and [`vocabulary`] lists the word pieces.

pub mod corpus;
pub mod grammar;
pub mod held_out;
pub mod lexicon;
#[cfg(feature = "train")]
pub mod train;
pub mod vocabulary;
