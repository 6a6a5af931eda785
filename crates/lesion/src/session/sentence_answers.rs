//! Answers to questions about one sentence.

use lesion_eval::{MaskEffects, MaskRating, SentenceLesion, SentenceView};
use study_record::PredictedAt;

/// The model's predictions for a sentence.
#[derive(Clone, Debug)]
pub struct SentenceAnswer {
    /// The sentence.
    pub sentence: String,
    /// The model.
    pub model: String,
    /// Words that the model does not know.
    pub unknown: Vec<String>,
    /// Text after the mask that a decoder does not read.
    pub unread: Option<String>,
    /// The lesion, with its neurons by number.
    pub lesion: Option<SentenceLesion>,
    /// Whether a label refers to the neurons that the default study selects.
    pub selected: bool,
    /// The ratings of words in the place of each mask.
    pub masks: Vec<MaskRating>,
    /// The name of the activation function of the model's MLPs.
    pub activation: &'static str,
    /// The token at which the model predicts a word.
    pub predicted_at: PredictedAt,
}

/// The effects of neurons of a sentence, each lesioned by itself.
#[derive(Clone, Debug)]
pub struct EachAnswer {
    /// The lesion of all of them, with their numbers.
    pub lesion: SentenceLesion,
    /// The effects on each prediction.
    pub masks: Vec<MaskEffects>,
}

/// Neurons in a sentence, and the stimuli that they respond to most.
#[derive(Clone, Debug)]
pub struct ViewAnswer {
    /// The neurons at every token.
    pub view: SentenceView,
    /// For each neuron, the bundled stimuli in which it is most active after the activation function, the
    /// most active one first; empty if the model does not know their words.
    pub stimuli: Vec<Vec<ActiveStimulus>>,
}

/// A stimulus and the activation of a neuron in it.
#[derive(Clone, Debug, PartialEq)]
pub struct ActiveStimulus {
    /// The sentence.
    pub sentence: String,
    /// The label of its side.
    pub label: String,
    /// The activation at its target after the activation function.
    pub post: f32,
}
