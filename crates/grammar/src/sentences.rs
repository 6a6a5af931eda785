//! Sentences, drawn from a table of shapes.

mod character;
pub(crate) mod grammar;
mod mention;
pub(crate) mod notation;
mod render;
pub(crate) mod shapes;
