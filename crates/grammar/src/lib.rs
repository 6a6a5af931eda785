//! A grammar of English sentences about people, for training and testing the bundled model.
//!
//! The right word for every pronoun of a sentence is known: each shape fixes who does what to whom,
//! and so which person each pronoun stands for.
//!
//! ```
//! use grammar::{Case, HeldOut, held_out_prompts};
//!
//! let prompts = held_out_prompts(1, 2, Some(Case::Object), &HeldOut::project())?;
//! assert_eq!([prompts[0].right, prompts[1].right], ["her", "him"]);
//! # Ok::<(), grammar::NotationError>(())
//! ```
//!
//! * [`Grammar`] draws sentences from [`SHAPE_GROUPS`] and the words in [`lexicon`].
//! * [`HeldOut`] decides which sentences training never sees.
//! * [`Corpus`] draws the training text, and [`held_out_prompts()`] the evaluation prompts.
//! * [`vocabulary`] lists the words and word pieces.

mod corpus;
mod held_out;
mod held_out_prompts;
pub mod lexicon;
mod pronoun;
mod sentences;
pub mod vocabulary;

pub use corpus::{BUNDLED_ROUNDS, BUNDLED_SEED, BUNDLED_SENTENCES, Corpus};
pub use held_out::{HeldOut, PROMPTS, STIMULI, is_evaluation, split_hash, template_lines};
pub use held_out_prompts::{HeldOutPrompt, MASK, held_out_prompts};
pub use pronoun::{Case, Gender, PronounSlot};
pub use sentences::grammar::{Grammar, Sentence};
pub use sentences::notation::NotationError;
pub use sentences::shapes::{SHAPE_GROUPS, ShapeGroup};
