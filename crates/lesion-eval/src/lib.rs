//! The study itself: select neurons, predict masked words, lesion the neurons, compare.
//!
//! Data flows one way, and each module is one step of it:
//!
//! 1. [`Stimuli`] and [`Prompts`] are read from text files of templates with words in braces.
//! 2. [`measure`] runs the stimuli and keeps every neuron's activations at the targets;
//!    [`diagnose`] says what these look like, and [`select`] tests every neuron for the contrast
//!    and labels it.
//! 3. [`predict`] runs the masked prompts and scores each candidate word.
//! 4. [`lesion`] runs them again with the matched neurons silent and compares.
//! 5. [`controls`] does the same with equal-sized sets and asks whether other neurons would do it.
//! 6. [`tables`] holds the rows that are written.
//!
//! [`Subject`] is what is studied: a model with its tokenizer.

mod activations;
mod adjustment;
mod controls;
mod diagnose;
mod engine;
mod error;
mod lesion;
mod masked;
mod predict;
mod prompts;
mod select;
mod stimuli;
mod subject;
pub mod tables;
mod template;

pub use activations::{Activations, EncodedStimuli, measure};
pub use adjustment::{Adjustment, Scope};
pub use controls::{ControlLesion, ControlPlan, Controlled, SetKind, Unavailable, controls};
pub use diagnose::{Diagnostics, LayerHistogram, Normality, Sparsity, diagnose};
pub use error::StudyError;
pub use lesion::{Effect, LesionOutcome, LesionPlan, NeuronSet, Notice, default_layer, lesion};
pub use masked::{Candidate, MaskedPrompt};
pub use predict::{Accuracy, Prediction, Score, predict};
pub use prompts::{Prompt, Prompts};
pub use select::{Adjusted, CONFIDENCE, Selection, SelectionPlan, select};
pub use stimuli::{Contrast, Stimuli, StimulusPair};
pub use subject::Subject;
