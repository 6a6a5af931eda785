//! `manifest.json`: everything needed to run a study again and to know that it is the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    documented_keys::documented_keys,
    part_tables::Part,
    predicted_at::PredictedAt,
    registration::RegistrationCheck,
    settings::{
        Study,
        choices::{Site, TTestKind},
        index_ranges::IndexRanges,
    },
    stimuli_counts::StimuliCounts,
    warning::Warning,
};

/// The name of the manifest's file.
pub const MANIFEST: &str = "manifest.json";

/// The source of a bundled input.
pub const BUNDLED: &str = "bundled";

/// Wall-clock seconds of each stage.
pub type Seconds = BTreeMap<String, f64>;

documented_keys! {
    /// The manifest of a finished study.
    pub struct Manifest {
        /// The version of this program.
        lesion: String,
        /// The version of Burn.
        burn: String,
        /// Architecture and operating system.
        platform: String,
        /// Number of threads.
        threads: usize,
        /// The command line.
        command: Vec<String>,
        /// Every setting of the study as it ran: from the file, the command line or by default.
        study: Study,
        /// The layer of the paper's lesion.
        layer: usize,
        /// The layers of the laboratory.
        layers: Vec<usize>,
        /// Random sets of each kind.
        random_sets: usize,
        /// Layers of the model.
        model_layers: usize,
        /// Neurons in each layer.
        model_neurons: usize,
        /// The activation function of the model's MLPs. A gated one has the name of the pair, such as
        /// `GeGLU` for GELU with a gate.
        activation: Option<String>,
        /// The token at which the model predicts a word: a `mask` in its place, or the `token-before` it.
        predicted_at: Option<PredictedAt>,
        /// Stimuli that neurons were selected on: whether they are `paired`, the `sentences` of each
        /// label, and the `groups` that these form, which are the independent observations.
        selected_on: StimuliCounts,
        /// The same of the stimuli that were held out, if any were.
        held_out_stimuli: Option<StimuliCounts>,
        /// Places of these among the lines of the stimuli, counted from 0.
        held_out: Vec<usize>,
        /// Number of relabellings that max-T used.
        relabellings: usize,
        /// Whether these are all possible relabellings.
        relabellings_exact: bool,
        /// The label of side a.
        label_a: String,
        /// The label of side b.
        label_b: String,
        /// If the study was registered: the `sha256` of the registration, and the `deviations` of the
        /// run from it.
        registration: Option<RegistrationCheck>,
        /// The parts of the laboratory that did not run, each with the reason.
        skipped: BTreeMap<Part, String>,
        /// Doubts about the study, in the order in which screen and page show them. The `kind` of each
        /// says what else it contains, such as the `file`, the `line` counted from 1, and the `words`.
        warnings: Vec<Warning>,
        /// Notes about the model and the bundled prompts, in sentences. They raise no doubt about the
        /// study.
        notes: Vec<String>,
        /// For `model`, `stimuli`, `prompts` and, if given, `neurons` and `bystanders`: `source`, a path, `bundled`
        /// or a model's `owner/name@commit` on the hub, and the `sha256` of each file.
        inputs: Inputs,
        /// Wall-clock seconds of each stage.
        seconds: Seconds,
        /// SHA-256 of every other file that was written, except the report and its figures.
        outputs: BTreeMap<String, String>,
    }
}

/// The inputs of a study.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// The model.
    pub model: Origin,
    /// The stimuli.
    pub stimuli: Origin,
    /// The prompts.
    pub prompts: Origin,
    /// The file of neuron sets, if one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neurons: Option<Origin>,
    /// The bystander prompts, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bystanders: Option<Origin>,
}

/// The source of an input, and its hashes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// A path, `bundled`, or a model's name and commit on the hub.
    pub source: String,
    /// SHA-256 of each file, in hexadecimal.
    pub sha256: BTreeMap<String, String>,
}

impl Inputs {
    /// The inputs by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Origin)> {
        let neurons = self.neurons.as_ref().map(|origin| ("neurons", origin));
        let bystanders = self.bystanders.as_ref().map(|origin| ("bystanders", origin));
        let always =
            [("model", &self.model), ("prompts", &self.prompts), ("stimuli", &self.stimuli)];
        always.into_iter().chain(neurons).chain(bystanders)
    }
}

impl Manifest {
    /// Both labels, side a first.
    #[must_use]
    pub fn labels(&self) -> [&str; 2] {
        [&self.label_a, &self.label_b]
    }

    /// The name of the activation function of the model's MLPs. Older versions did not write it.
    #[must_use]
    pub fn activation_name(&self) -> &str {
        self.activation.as_deref().unwrap_or("GELU")
    }

    /// The token at which the model predicts a word. Older versions did not write it.
    #[must_use]
    pub fn prediction_place(&self) -> PredictedAt {
        self.predicted_at.unwrap_or(PredictedAt::Mask)
    }

    /// A site in the model's MLPs, such as `before GELU`.
    #[must_use]
    pub fn site_words(&self, site: Site) -> String {
        format!("{} {}", site.when(), self.activation_name())
    }

    /// Number of layers that the part `dose` looks at.
    #[must_use]
    pub fn dose_layers(&self) -> usize {
        self.count_layers(self.study.dose.layers.as_ref())
    }

    /// Number of layers that the part `causal` looks at.
    #[must_use]
    pub fn causal_layers(&self) -> usize {
        self.count_layers(self.study.causal.layers.as_ref())
    }

    /// Number of the layers that a setting lists; one by default.
    fn count_layers(&self, given: Option<&IndexRanges>) -> usize {
        let layers = given.and_then(|layers| layers.resolve(self.model_layers).ok());
        layers.map_or(1, |layers| layers.len())
    }

    /// The t-test of each neuron.
    #[must_use]
    pub fn test(&self) -> TTestKind {
        self.study.selection.test_of(self.selected_on.paired)
    }
}
