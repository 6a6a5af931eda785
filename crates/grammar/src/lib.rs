//! A grammar of English sentences about people, for training and testing the project's own models.
//!
//! The probability of every pronoun of a sentence is known. In most shapes a referent decides: the
//! shape fixes who does what to whom, and so which person each pronoun stands for. In others the
//! pronoun is *graded*: both genders are possible, at the odds of a word in [`lexicon::leanings`].
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
//! * [`Corpus`] draws the training text.
//! * [`held_out_prompts()`] and [`graded_prompts()`] draw the evaluation prompts.
//! * [`calibration_curve()`] compares a model's probabilities in these with the grammar's.
//! * [`vocabulary`] lists the words and word pieces.

mod calibration;
mod corpus;
mod held_out;
mod held_out_prompts;
pub mod lexicon;
mod pronoun;
mod sentences;
pub mod vocabulary;

pub use calibration::{CalibrationRow, calibration_curve};
pub use corpus::{
    BUNDLED_ROUNDS, BUNDLED_SEED, BUNDLED_SENTENCES, Corpus, TINY_ROUNDS, TINY_SEEDS,
    TINY_SENTENCES,
};
pub use held_out::{HeldOut, PROMPTS, STIMULI, is_evaluation, split_hash, template_lines};
pub use held_out_prompts::{HeldOutPrompt, LEVELS, MASK, graded_prompts, held_out_prompts};
pub use pronoun::{Case, Gender, PronounSlot};
pub use sentences::grammar::{Grammar, Sentence};
pub use sentences::notation::NotationError;
pub use sentences::shapes::{SHAPE_GROUPS, ShapeGroup};
