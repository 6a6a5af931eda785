//! The parts of a model, beyond their sizes.

use crate::ops::{
    activation::Activation, norm_kind::NormKind, reach::Reach, rotary::RotaryPositions,
};

/// The parts of a model and what they compute, beyond their sizes; and so what shortcuts may assume of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Structure {
    /// The place of the two norms of a layer.
    pub norms: Norms,
    /// The kind of all norms.
    pub norm: NormKind,
    /// The attention of each layer.
    pub attention: AttentionPattern,
    /// The heads of attention.
    pub heads: AttentionHeads,
    /// The divisors of attention scores.
    pub scores: ScoreDivisors,
    /// The activation function of the MLP.
    pub activation: Activation,
    /// True if an MLP is gated: what follows the activation function is then multiplied by another
    /// linear function of the MLP's input, the gate.
    pub gated: bool,
    /// The activation function of the head.
    pub head_activation: Activation,
    /// The parts that have a bias.
    pub biases: Biases,
    /// The parts of the embeddings.
    pub embeddings: EmbeddingParts,
    /// The token at which the prediction of a word is read.
    pub prediction: PredictionPlace,
}

/// The parts of the embeddings, of those that the family has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmbeddingParts {
    /// Embeddings of positions.
    pub positions: bool,
    /// A LayerNorm.
    pub norm: bool,
    /// A token whose embedding is 0, instead of which the others are larger, in the way of dropout.
    pub dropped_token: Option<u32>,
}

impl Default for EmbeddingParts {
    fn default() -> Self {
        Self { positions: true, norm: true, dropped_token: None }
    }
}

/// The token at which the prediction of a word is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PredictionPlace {
    /// A mask in the word's place.
    #[default]
    Mask,
    /// The token before the word. Nothing after it is read.
    TokenBefore,
}

/// The place of the two norms of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Norms {
    /// After attention and after the MLP, each of the sum with the residual stream.
    #[default]
    Post,
    /// Before attention and before the MLP, which are added to the residual stream as they are. One more
    /// norm is in front of the head.
    Pre,
    /// As [`Norms::Pre`], but the MLP stands beside attention: it reads the layer's input too.
    Parallel,
}

/// The heads of attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttentionHeads {
    /// Number of heads of keys and values, each of which as many heads of queries read; by default there are as many
    /// as of queries.
    pub key_values: Option<usize>,
    /// Number of values in a head; by default the heads of queries are as wide together as the layer.
    pub size: Option<usize>,
}

/// The divisors of attention scores, the products of queries and keys, before softmax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreDivisors {
    /// True if scores are divided by the root of a head's size.
    pub size: bool,
    /// True if scores are divided by the layer's number, counted from 1.
    pub layer: bool,
}

impl Default for ScoreDivisors {
    fn default() -> Self {
        Self { size: true, layer: false }
    }
}

impl ScoreDivisors {
    /// The factor of queries in a layer whose heads have `size` values, if scores are divided by anything else than
    /// the root of the size.
    pub(crate) fn query_factor(self, layer: usize, size: usize) -> Option<f64> {
        if self == Self::default() {
            return None;
        }
        let by_size = if self.size { 1.0 } else { (size as f64).sqrt() };
        let by_layer = if self.layer { (layer + 1) as f64 } else { 1.0 };
        Some(by_size / by_layer)
    }
}

/// The attention of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AttentionKind {
    /// The tokens that a token reads.
    pub reach: Reach,
    /// The rotary positions, if it has them.
    pub rotary: Option<RotaryPositions>,
}

/// The attention of each layer of a model.
#[derive(Clone, Debug, PartialEq)]
pub enum AttentionPattern {
    /// The same in each.
    Same(AttentionKind),
    /// Of two kinds.
    Mixed {
        /// The attention of most layers, which has a window.
        local: AttentionKind,
        /// The attention of the others.
        full: AttentionKind,
        /// The layers of either kind.
        layers: FullLayers,
    },
}

impl Default for AttentionPattern {
    fn default() -> Self {
        Self::Same(AttentionKind::default())
    }
}

/// The layers whose attention is not local.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FullLayers {
    /// Layer 0 and each so many layers after it.
    Every(usize),
    /// True if each layer is one.
    Listed(Vec<bool>),
    /// Those below this one.
    Below(usize),
}

impl FullLayers {
    fn contains(&self, layer: usize) -> bool {
        match self {
            Self::Every(step) => layer.is_multiple_of(*step),
            Self::Listed(layers) => layers.get(layer).copied().unwrap_or_default(),
            Self::Below(first) => layer < *first,
        }
    }
}

/// The parts of a model that have a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each says of one part whether it has a bias")]
pub struct Biases {
    /// Norms.
    pub norms: bool,
    /// The queries, keys and values of attention.
    pub attention: bool,
    /// The last linear function of attention.
    pub attention_output: bool,
    /// The linear functions of the MLP.
    pub mlp: bool,
    /// The dense layer of the head.
    pub transform: bool,
    /// The decoder.
    pub decoder: bool,
}

impl Default for Biases {
    fn default() -> Self {
        Self {
            norms: true,
            attention: true,
            attention_output: true,
            mlp: true,
            transform: true,
            decoder: true,
        }
    }
}

impl Structure {
    /// The attention of a layer.
    #[must_use]
    pub fn attention(&self, layer: usize) -> AttentionKind {
        match &self.attention {
            AttentionPattern::Same(kind) => *kind,
            AttentionPattern::Mixed { full, layers, .. } if layers.contains(layer) => *full,
            AttentionPattern::Mixed { local, .. } => *local,
        }
    }

    /// The name of the activation function of the MLP. With a gate it is that of the pair, as in Shazeer (2020,
    /// arXiv:2002.05202).
    #[must_use]
    pub fn activation_name(&self) -> &'static str {
        match (self.activation, self.gated) {
            (Activation::Gelu, false) => "GELU",
            (Activation::Gelu, true) => "GeGLU",
            (Activation::GeluTanh, false) => "tanh GELU",
            (Activation::GeluTanh, true) => "tanh GeGLU",
            (Activation::Relu, false) => "ReLU",
            (Activation::Relu, true) => "ReGLU",
            (Activation::Silu, false) => "SiLU",
            (Activation::Silu, true) => "SwiGLU",
        }
    }

    /// True if no token reads one after it, in any layer: then a change at a token changes nothing before it.
    #[must_use]
    pub fn reads_left(&self) -> bool {
        self.kinds().all(|kind| kind.reach.is_left())
    }

    /// The kinds of attention of its layers.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = AttentionKind> {
        let (first, second) = match &self.attention {
            AttentionPattern::Same(kind) => (*kind, None),
            AttentionPattern::Mixed { local, full, .. } => (*local, Some(*full)),
        };
        std::iter::once(first).chain(second)
    }
}
