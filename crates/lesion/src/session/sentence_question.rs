//! A question about one sentence, as its user asks it.

use std::path::PathBuf;

use study_record::{LesionKind, SharedLayers, Site, Tokens};

use crate::session::layer_neurons::{LayerNeurons, Neurons};

/// A question to a model about one sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct SentenceQuestion {
    /// The sentence, with `[MASK]` for each word to predict.
    pub sentence: String,
    /// The words to rate; empty for the top words of the vocabulary.
    pub candidates: Vec<String>,
    /// Number of top words.
    pub top: usize,
    /// The lesion, if any.
    pub lesion: Option<LesionRequest>,
}

/// A lesion of one sentence, as the user specifies it.
#[derive(Clone, Debug, PartialEq)]
pub struct LesionRequest {
    /// The neurons.
    pub neurons: Vec<LayerNeurons>,
    /// A `neuron_sets.json` that labels refer to. By default, labels refer to the neurons that the
    /// default study selects.
    pub sets: Option<PathBuf>,
    /// The kind of lesion.
    pub kind: LesionKind,
    /// The site, before or after the activation function.
    pub site: Site,
    /// The tokens.
    pub at: Tokens,
    /// The layers, if layers share weights.
    pub shared: SharedLayers,
    /// The sentence whose activations at its first prediction replace those of the neurons. The kind of
    /// lesion is then `patch`.
    pub patch: Option<String>,
}

impl SentenceQuestion {
    /// A question for the ten most likely words in the place of each mask of a sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), candidates: Vec::new(), top: DEFAULT_TOP, lesion: None }
    }

    /// The same question with these words as the only ones to rate.
    #[must_use]
    pub fn with_candidates(mut self, words: &[&str]) -> Self {
        self.candidates = words.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// The same question with a lesion.
    #[must_use]
    pub fn with_lesion(mut self, lesion: LesionRequest) -> Self {
        self.lesion = Some(lesion);
        self
    }
}

/// Number of words that are shown by default.
pub const DEFAULT_TOP: usize = 10;

impl LesionRequest {
    /// The paper's lesion of these neurons: zero after the activation function, where the word is predicted.
    #[must_use]
    pub fn zero(neurons: Vec<LayerNeurons>) -> Self {
        Self {
            neurons,
            sets: None,
            kind: LesionKind::Zero,
            site: Site::Post,
            at: Tokens::Target,
            shared: SharedLayers::Here,
            patch: None,
        }
    }

    /// Whether a label refers to neurons that the bundled stimuli select.
    #[must_use]
    pub fn uses_bundled_labels(&self) -> bool {
        let mut neurons = self.neurons.iter().map(|layer_neurons| &layer_neurons.neurons);
        self.sets.is_none() && neurons.any(|neurons| matches!(neurons, Neurons::Labelled(_)))
    }
}
