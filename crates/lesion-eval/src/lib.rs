//! The study: select neurons, predict words, lesion the neurons, compare.
//!
//! ```
//! use bert_model::Checkpoint;
//! use burn::tensor::Device;
//! use lesion_eval::*;
//! use study_record::{SetRule, Site, Strength, Study};
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
//! let study = Study::default();
//! let settings = study.selection;
//! let stimuli = EncodedStimuli::encode(subject, &stimuli, &settings, study.score)?;
//! let activations = measure(subject, &stimuli, &mut unwatched())?;
//! let observations = Observations::of(&activations, settings.site);
//! let selection = select(&observations, &settings, 0, &mut unwatched())?;
//! let sets = NeuronSets::choose(&selection, SetRule::Top(50), Strength::T);
//!
//! // How does a lesion of the last layer change a prediction?
//! let layers = vec![(5, sets.set(5, "him"))];
//! let method = LesionMethod::zero(Site::Post);
//! let lesion = SentenceLesion { method, layers, values: None };
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
//!    [`diagnose`] tests whether these are near Gaussian and sparse. [`Observations`] are one row per
//!    independent group of stimuli, on which [`select`] tests every neuron for the contrast. [`NeuronSets`] are the neurons to lesion.
//! 5. `prediction`: [`predict`] runs the prompts and scores each candidate word. [`Sentence`]
//!    does so for one sentence, without a study.
//! 6. `paper_lesion`: [`lesion`] runs the prompts again while the matched neurons are silent, and
//!    compares.
//! 7. `engine`: the [`Laboratory`] runs [`Trial`]s, lesions of any [`LesionMethod`].
//! 8. `parts`: each [`LaboratoryPart`] chooses trials for the laboratory and draws conclusions from
//!    their outcomes. [`find_part`] finds it by its name.
//! 9. [`study_rows`]: the rows of the tables that every study writes. [`label_accuracies`] tells how well
//!    a model does in prompts, without a study.

mod encoding;
mod engine;
mod error;
mod label_accuracy;
mod paper_lesion;
mod parts;
mod passes;
mod prediction;
mod random;
mod selection;
mod share;
pub mod study_rows;
mod texts;
mod translate;

pub use encoding::{
    counterpart::Counterpart,
    encoded_stimuli::EncodedStimuli,
    masked_prompt::{Candidate, MaskedPrompt, check_counterparts},
    prompt_doubts::{check_few_templates, check_prompt_labels, check_prompts_are_new, name_labels},
    word_labels::label_by_words,
};
pub use engine::{
    batch_share::{BatchCount, BatchShare, LeftBatches},
    batch_store::BatchStore,
    journal::{Journal, NoJournal},
    laboratory::Laboratory,
    lesion_method::{LesionMethod, PreparedLesionMethod},
    lesioned_layers::check_shared_layers,
    lesioned_tokens::check_tokens,
    prompt_passes::{passes_of, rows_of},
    reference::ReferenceActivations,
    trial::{DistributionChange, Drops, Outcome, Read, Reading, Trial},
};
pub use error::{
    CandidateProblem, DynamicObstacle, FileProblem, InvalidLine, InvalidLines, LineProblem,
    NeuronSetProblem, SentenceProblem, StimuliUnit, StudyError,
};
pub use label_accuracy::{LabelAccuracy, label_accuracies};
pub use paper_lesion::silenced_prompts::{
    LesionOutcome, default_layer, lesion, paper_lesion_trials,
};
pub use parts::{
    claim::{Claim, Judgement, UncorrectedEvidence, judge_claims, judge_together},
    find_part,
    laboratory_part::{
        Bench, Design, EarlierRounds, EncodedTable, LaboratoryPart, PartResult, Trials,
    },
    layer_pattern::LayerPattern,
    set_lesions::draw_random_set,
};
pub use passes::{
    batching::Batching,
    progress::{Progress, unwatched},
    subject::Subject,
};
pub use prediction::{
    neuron_effects::{MaskEffects, NeuronEffect, lesion_each},
    neuron_view::{NeuronView, SentenceView, ViewedNeurons, WrittenWords, view_neurons},
    never_right::{never_right, never_right_in_sample},
    predict::{Prediction, Score, predict},
    random_cloud::{RandomCloud, RandomGroup},
    sentence::{MaskRating, Sentence, WordRating, rate_sentences},
    sentence_lesion::{LesionValues, SentenceLesion},
};
pub use random::draw_half;
pub use selection::{
    activations::{Activations, measure},
    detectable::DetectableEffects,
    diagnose::{Diagnostics, LayerHistogram, Normality, Sparsity, diagnose},
    neuron_sets::{NeuronSetEntry, NeuronSetFile, NeuronSets, strongest_neurons},
    observations::Observations,
    replication::{Replication, replicate},
    select::{Adjusted, CONFIDENCE, Selection, select},
    sentence_activations::{ReadToken, SentenceActivations, sentence_activations},
};
pub use texts::{
    contrast::Contrast,
    prompts::{Prompt, Prompts},
    stimuli::Stimuli,
};
pub use translate::predicted_at;
