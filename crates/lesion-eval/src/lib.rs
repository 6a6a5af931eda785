//! The study itself: select neurons, predict masked words, lesion the neurons, compare.
//!
//! ```
//! use bert_model::{Checkpoint, Site};
//! use burn::tensor::Device;
//! use lesion_eval::*;
//! use neuron_stats::{Correction, TestKind};
//!
//! let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/models/bundled");
//! let mut checkpoint = Checkpoint::open(folder)?;
//! let model = checkpoint.load_model(&Device::flex())?;
//! let tokenizer = &checkpoint.tokenizer;
//! let subject =
//!     Subject { model: &model, tokenizer, plain: false, batching: Batching::default() };
//!
//! // Which neurons tell him from her?
//! let pairs = "We met {him|her}.\nI saw {him|her} again.\nThe dog bit {him|her} at noon.";
//! let stimuli = Stimuli::parse("pairs.txt", pairs)?;
//! let stimuli = EncodedStimuli::encode(subject, &stimuli, SelectAt::Visible)?;
//! let activations = measure(subject, &stimuli, &mut |_, _| ())?;
//! let plan = SelectionPlan {
//!     test: TestKind::Paired,
//!     adjustment: Adjustment::Correction(Correction::BenjaminiHochberg),
//!     scope: Scope::Layer,
//!     directional: false,
//!     alpha: 0.05,
//!     permutations: 100,
//!     seed: 0,
//! };
//! let selection = select(&activations, plan)?;
//! let sets = NeuronSets::choose(&selection, SetRule::Top(50), Strength::T);
//!
//! // What does the last layer's lesion do to a prediction?
//! let layers = vec![(5, sets.set(5, "him"))];
//! let lesion = SentenceLesion { manner: Manner::zero(Site::Post), layers };
//! let sentence = Sentence::encode(subject, "The king smiled when we met [MASK].")?;
//! let rated = sentence.rate(subject, 3, Some(&lesion))?;
//! assert_eq!(rated[0].words[0].clean.word, "him");
//! assert!(rated[0].changed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Data flows one way, and each module is one step of it:
//!
//! 1. [`Stimuli`] and [`Prompts`] are read from text files of templates with words in braces.
//! 2. [`measure`] runs the stimuli and keeps every neuron's activations at the targets;
//!    [`diagnose`] says what these look like, and [`select`] tests every neuron for the contrast
//!    and labels it. [`NeuronSets`] are the neurons that lesions take.
//! 3. [`predict`] runs the masked prompts and scores each candidate word.
//! 4. [`lesion`] runs them again with the matched neurons silent and compares: the paper's lesion.
//! 5. The [`Laboratory`] runs lesions of any [`Manner`]. What is run in it are plans: [`controls`]
//!    (would other neurons do it?) with [`profile()`] and [`dissociations`] of their results,
//!    [`joint`], [`dose`] and [`neuron_effects`]. [`dynamic`] selects and lesions in one pass.
//! 6. [`tables`] holds the rows that are written.
//!
//! [`Sentence`] is no step of a study but the same question to one sentence: what does the model
//! predict, and what does a lesion change? [`Subject`] is what is asked: a model with its tokenizer.

mod encoding;
mod engine;
mod error;
mod paper_lesion;
mod parts;
mod passes;
mod prediction;
mod random;
mod selection;
mod share;
pub mod tables;
mod texts;

pub use encoding::{
    encoded_stimuli::{EncodedStimuli, SelectAt},
    masked_prompt::{Candidate, MaskedPrompt},
};
pub use engine::{
    journal::{Journal, NoJournal},
    laboratory::Laboratory,
    manner::{LesionKind, Manner, PreparedManner, Tokens},
    trial::{Drops, Outcome, Read, Reading, Trial},
};
pub use error::StudyError;
pub use paper_lesion::{
    lesion::{LesionOutcome, LesionPlan, Notice, default_layer, lesion},
    summary::LesionSummary,
};
pub use parts::{
    causal::{NeuronEffect, NeuronEffects, neuron_effects},
    controls::{ControlLesion, ControlPlan, Controlled, UNLIKE, controls, corrected_p},
    dissociation::{Dissociation, dissociations, holds},
    dose::{Dose, DosePlan, dose},
    dynamic::{Dynamic, DynamicPlan, dynamic},
    joint::{Joint, LayerPattern, PatternKind, joint},
    profile::{LayerProfile, profile},
    random_sets::SetKind,
};
pub use passes::{batching::Batching, progress::Progress, subject::Subject};
pub use prediction::{
    predict::{Accuracy, Prediction, Score, predict},
    sentence::{MaskRating, Sentence, SentenceLesion, WordRating},
};
pub use selection::{
    activations::{Activations, measure},
    adjustment::{Adjustment, Scope},
    diagnose::{Diagnostics, LayerHistogram, Normality, Sparsity, diagnose},
    neuron_sets::{NeuronSetEntry, NeuronSetFile, NeuronSets, SetRule, Strength},
    replication::{Replication, replicate},
    select::{Adjusted, CONFIDENCE, Selection, SelectionPlan, select},
};
pub use texts::{
    prompts::{Prompt, Prompts},
    stimuli::{Contrast, Stimuli, StimulusPair},
};
