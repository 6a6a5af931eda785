//! The study: select neurons, predict masked words, lesion the neurons, compare.
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
//! // Which neurons respond to him or her?
//! let pairs = "We met {him|her}.\nI saw {him|her} again.\nThe dog bit {him|her} at noon.";
//! let stimuli = Stimuli::parse("pairs.txt", pairs)?;
//! let stimuli = EncodedStimuli::encode(subject, &stimuli, SelectAt::Visible)?;
//! let activations = measure(subject, &stimuli, &mut unwatched())?;
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
//! // How does a lesion of the last layer change a prediction?
//! let layers = vec![(5, sets.set(5, "him"))];
//! let lesion = SentenceLesion { manner: Manner::zero(Site::Post), layers };
//! let sentence = Sentence::encode(subject, "The king smiled when we met [MASK].")?;
//! let rated = sentence.rate(subject, 3, Some(&lesion))?;
//! assert_eq!(rated[0].words[0].clean.word, "him");
//! assert!(rated[0].changed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Data flows one way, and each folder is one step:
//!
//! 1. `texts`: [`Stimuli`] and [`Prompts`] are read from text files of templates with words in
//!    braces.
//! 2. `passes`: a [`Subject`], a model with its tokenizer, runs sentences in batches.
//! 3. `encoding`: [`EncodedStimuli`] and [`MaskedPrompt`]s are the texts as the model reads them.
//! 4. `selection`: [`measure`] runs the stimuli and keeps every neuron's activations at the targets.
//!    [`diagnose`] tests whether these are near Gaussian and sparse, and [`select`] tests every
//!    neuron for the contrast. [`NeuronSets`] are the neurons to lesion.
//! 5. `prediction`: [`predict`] runs the masked prompts and scores each candidate word. [`Sentence`]
//!    does so for one sentence, without a study.
//! 6. `paper_lesion`: [`lesion`] runs the prompts again while the matched neurons are silent, and
//!    compares.
//! 7. `engine`: the [`Laboratory`] runs [`Trial`]s, lesions of any [`Manner`].
//! 8. `parts`: [`controls`] with their [`profile()`] and [`dissociations`], [`joint`], [`dose`] and
//!    [`neuron_effects`] choose trials for the laboratory and draw conclusions from their outcomes.
//!    [`dynamic`] selects and lesions in one pass.
//! 9. [`tables`]: the rows that are written.

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
pub use error::{CandidateProblem, FileProblem, LineProblem, NeuronSetProblem, StudyError};
pub use paper_lesion::{
    lesion::{
        LesionOutcome, LesionPlan, UnlesionedPrompt, UnlesionedPrompt as Notice, default_layer,
        lesion,
    },
    summary::LesionSummary,
};
pub use parts::{
    causal::{NeuronEffect, NeuronEffects, neuron_effects},
    controls::{
        ControlLesion, ControlPlan, LayerControls, LayerControls as Controlled, UNLIKE, controls,
        corrected_p,
    },
    dissociation::{Dissociation, dissociations, holds},
    dose::{Dose, DosePlan, dose},
    dynamic::{Dynamic, DynamicPlan, dynamic},
    joint::{Joint, LayerPattern, PatternKind, joint},
    profile::{LayerProfile, profile},
    random_sets::SetKind,
};
pub use passes::{
    batching::Batching,
    progress::{Progress, unwatched},
    subject::Subject,
};
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
