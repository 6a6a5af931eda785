//! Settings with a fixed list of values.

use crate::{choice::choices, predicted_at::PredictedAt};

choices! {
    /// What stands at the target while its neurons are tested.
    pub enum SelectAt: "target to select at" {
        /// The target's word, as in the paper. The two sides differ in the word itself.
        Visible = "visible",
        /// The place where it is predicted, in context pairs: the sides differ in what the model makes of the
        /// context.
        Masked = "masked",
    }
}

impl SelectAt {
    /// The target in a text about a model that predicts at `place`.
    #[must_use]
    pub const fn target(self, place: PredictedAt) -> &'static str {
        match (self, place) {
            (Self::Visible, _) => "visible target",
            (Self::Masked, PredictedAt::Mask) => "masked target",
            (Self::Masked, PredictedAt::TokenBefore) => "token before the target",
        }
    }
}

choices! {
    /// The layers in which a neuron is lesioned, in a model whose layers share weights.
    pub enum SharedLayers: "choice of layers" {
        /// The layer of the neuron.
        Here = "here",
        /// Every layer that uses the same weights.
        Everywhere = "everywhere",
    }
}

impl SharedLayers {
    /// The layers at the end of a sentence about a lesion; empty for the layer of the neuron.
    #[must_use]
    pub const fn place(self) -> &'static str {
        match self {
            Self::Here => "",
            Self::Everywhere => ", in every layer that shares their weights",
        }
    }
}

choices! {
    /// Score by which the candidates of a prompt are compared.
    pub enum ScoreUnit: "score" {
        /// The logit of each word.
        Word = "word",
        /// The sum of the log probabilities of all tokens of the sentence with each candidate.
        Sentence = "sentence",
    }
}

impl ScoreUnit {
    /// The unit of margins and their drops.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Word => "logits",
            Self::Sentence => "nats",
        }
    }
}

choices! {
    /// The t-test of each neuron.
    pub enum TTestKind: "t-test" {
        /// Of the differences within pairs.
        Paired = "paired",
        /// Student's, of two independent samples of equal variance.
        Student = "student",
        /// Welch's, of two independent samples.
        Welch = "welch",
    }
}

choices! {
    /// How p is corrected for the number of tests, from the most to the least permissive.
    pub enum Correction: "correction" {
        /// Not at all.
        None = "none",
        /// Storey's q-value.
        Storey = "storey",
        /// Benjamini and Hochberg's false discovery rate.
        BenjaminiHochberg = "bh",
        /// Benjamini and Yekutieli's false discovery rate.
        BenjaminiYekutieli = "by",
        /// By permutation, with the distribution of the largest t.
        MaxT = "max-t",
        /// Holm's family-wise error rate.
        Holm = "holm",
        /// Bonferroni's family-wise error rate.
        Bonferroni = "bonferroni",
    }
}

impl Correction {
    /// Its name in a text.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::None => "Uncorrected",
            Self::Storey => "Storey",
            Self::BenjaminiHochberg => "Benjamini-Hochberg",
            Self::BenjaminiYekutieli => "Benjamini-Yekutieli",
            Self::MaxT => "max-T",
            Self::Holm => "Holm",
            Self::Bonferroni => "Bonferroni",
        }
    }
}

choices! {
    /// The tests that are corrected together.
    pub enum Scope: "scope" {
        /// Those of each layer.
        Layer = "layer",
        /// Those of all layers.
        Model = "model",
    }
}

choices! {
    /// What makes a neuron strong.
    pub enum Strength: "measure of strength" {
        /// |t|: a difference that is large beside its variation over stimuli.
        T = "t",
        /// |mean difference|: a difference that is large.
        Difference = "difference",
    }
}

choices! {
    /// The sentences whose activations replace those of lesioned neurons.
    pub enum ValuesFrom: "source of activations" {
        /// The stimuli of both sides, at their targets.
        Stimuli = "stimuli",
        /// The prompts of both labels, where their words are predicted.
        Prompts = "prompts",
        /// The prompts of the other label, where their words are predicted: a counterfactual.
        OtherPrompts = "other-prompts",
    }
}

impl ValuesFrom {
    /// The sentences in a text about a model that predicts at `place`.
    #[must_use]
    pub fn sentences(self, place: PredictedAt) -> String {
        match self {
            Self::Stimuli => "the stimuli".to_owned(),
            Self::Prompts => format!("{} of the prompts", place.tokens()),
            Self::OtherPrompts => {
                format!("{} of the other label\u{2019}s prompts", place.tokens())
            }
        }
    }
}

choices! {
    /// The place in a layer's MLP where activations are read and edited.
    pub enum Site: "site" {
        /// Before the activation function.
        Pre = "pre",
        /// After the activation function and, in a gated MLP, the gate: the input of the MLP's last matrix.
        Post = "post",
    }
}

impl Site {
    /// The site relative to the activation function, in a text.
    #[must_use]
    pub const fn when(self) -> &'static str {
        match self {
            Self::Pre => "before",
            Self::Post => "after",
        }
    }
}

choices! {
    /// A compute backend of Burn. Cargo features decide which ones are built in.
    pub enum Backend: "backend" {
        /// The CPU, through Burn's current CPU backend.
        Flex = "flex",
        /// The CPU, through Burn's former CPU backend.
        Ndarray = "ndarray",
        /// The GPU, through Vulkan, Metal or DX12.
        Wgpu = "wgpu",
        /// An NVIDIA GPU, through its own driver.
        Cuda = "cuda",
    }
}
