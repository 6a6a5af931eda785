use activation_capture::CaptureError;
use bert_model::BertModelError;
use neuron_stats::StatsError;

/// Everything that can go wrong in a study. Each prints as one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// A line of a stimuli or prompts file is not as it should be.
    #[error("{file}:{line}: {problem}")]
    Line {
        /// The file's name.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong and what would be right.
        problem: String,
    },

    /// A file without enough templates.
    #[error("{file}: {problem}")]
    File {
        /// The file's name.
        file: String,
        /// What is wrong and what would be right.
        problem: String,
    },

    /// The model cannot be run.
    #[error(transparent)]
    Model(#[from] BertModelError),

    /// The activations cannot be read or edited.
    #[error(transparent)]
    Capture(#[from] CaptureError),

    /// An activation is not a number that can be tested.
    #[error(
        "the activation of neuron {neuron} in layer {layer} is {value}; its weights are damaged"
    )]
    Activation {
        /// The layer.
        layer: usize,
        /// The neuron in it.
        neuron: usize,
        /// The activation.
        value: f64,
    },

    /// The activations cannot be tested.
    #[error(transparent)]
    Stats(StatsError),

    /// A significance level that is none.
    #[error("alpha is {alpha}; it lies between 0 and 1, for example 0.05")]
    Alpha {
        /// The level asked for.
        alpha: f64,
    },

    /// A share of a layer that is none.
    #[error("the share is {share}; it lies between 0 and 1, for example 0.1")]
    Share {
        /// The share asked for.
        share: f64,
    },

    /// A token to lesion outside its sentence.
    #[error(
        "offset {offset} leaves prompt {prompt}, whose mask is token {position} of 0 to {}",
        length - 1
    )]
    Offset {
        /// The distance from the mask.
        offset: i64,
        /// Index of the prompt's template.
        prompt: usize,
        /// Position of the mask.
        position: usize,
        /// Tokens of the sentence.
        length: usize,
    },

    /// A neuron set that does not fit the model or the contrast.
    #[error("set {index}: {problem}")]
    NeuronSet {
        /// Index of the set in its file.
        index: usize,
        /// What is wrong.
        problem: String,
    },

    /// What is asked for cannot be done with what is given.
    #[error("{problem}")]
    Impossible {
        /// What, why, and what to do.
        problem: String,
    },

    /// Finished work cannot be kept.
    #[error("cannot write to the journal of the run")]
    Journal(#[source] std::io::Error),

    /// The model's output is not a number.
    #[error("the model gives prompt {prompt} a logit that is {value}; its weights are damaged")]
    NotFinite {
        /// The logit.
        value: f32,
        /// Index of the prompt's template.
        prompt: usize,
    },
}

impl StudyError {
    /// An error of a test of one layer's neurons.
    pub(crate) fn stats_of_layer(source: StatsError, layer: usize) -> Self {
        match source {
            StatsError::NotFinite { neuron, value, .. } => {
                Self::Activation { layer, neuron, value }
            }
            other => Self::Stats(other),
        }
    }

    /// An error of a test of all layers' neurons, of which each has `neurons`.
    pub(crate) fn stats(source: StatsError, neurons: usize) -> Self {
        match Self::stats_of_layer(source, 0) {
            Self::Activation { neuron, value, .. } => {
                Self::Activation { layer: neuron / neurons, neuron: neuron % neurons, value }
            }
            other => other,
        }
    }
}
