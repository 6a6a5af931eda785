//! The differences between families: a row of data for each.

use crate::{
    config::{
        json_keys::JsonKeys,
        structure::{PredictionPlace, Structure},
    },
    error::BertModelError,
    ops::activation::Activation,
    text::reconciled::tokenizer_class::TokenizerClass,
};

/// Properties that differ between families. Every row builds on BERT's: what it does not name is as in BERT.
#[derive(Debug)]
pub(crate) struct Traits {
    /// The `model_type` of `config.json`.
    pub(crate) model_type: &'static str,
    /// Architectures whose checkpoints hold the head.
    pub(crate) architectures: &'static [&'static str],
    /// Beginning of the names of its classes in `transformers`.
    pub(crate) class_prefix: &'static str,
    /// Keys of `config.json` that have another name than BERT's: the family's name, BERT's name.
    pub(crate) keys: &'static [(&'static str, &'static str)],
    /// Keys of BERT that mean nothing to the family, although its files may have them.
    pub(crate) ignored_keys: &'static [&'static str],
    /// The activation function by default.
    pub(crate) default_activation: &'static str,
    /// The epsilon under LayerNorm's square root.
    pub(crate) epsilon: Epsilon,
    /// The padding token's id by default, in families whose positions are counted from the one
    /// after it.
    pub(crate) padding: Option<u32>,
    /// True if the decoder is the token embedding matrix if the file does not specify it.
    pub(crate) ties_words: bool,
    /// The class of its tokenizers by default.
    pub(crate) tokenizer: TokenizerClass,
    /// True if its tokenizers are of this class whatever their files name, because those on the hub often name a
    /// wrong one.
    pub(crate) fixes_tokenizer: bool,
    /// The special tokens by default: padding, unknown, class, separator, mask.
    pub(crate) special_tokens: [&'static str; 5],
    /// The token at which the prediction of a word is read.
    pub(crate) prediction: PredictionPlace,
    /// The sizes by default.
    pub(crate) sizes: DefaultSizes,
    /// Reads what the model computes. The activation function is that of the MLP.
    pub(crate) structure: fn(JsonKeys<'_>, Activation) -> Result<Structure, BertModelError>,
    /// A tensor that no other family has.
    pub(crate) known_by: &'static str,
    pub(crate) names: Names,
}

/// The sizes of a model whose file does not specify them: those of the class in `transformers`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DefaultSizes {
    /// Number of token embeddings. ESM has no default.
    pub(crate) vocabulary: Option<usize>,
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) neurons: DefaultNeurons,
    pub(crate) positions: usize,
    /// Width of the embeddings, in families where it is a size of its own, `embedding_size`. In others it is that of
    /// the layers.
    pub(crate) embedding: Option<usize>,
}

/// The number of neurons of a layer by default.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DefaultNeurons {
    Fixed(usize),
    /// So many times the width of the layers.
    TimesHidden(usize),
}

/// The epsilon under LayerNorm's square root.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Epsilon {
    /// A value that no key changes.
    Fixed(f64),
    /// The value of a key, by default this one.
    OfKey(f64),
}

/// Names of a family's tensors.
#[derive(Debug)]
pub(crate) struct Names {
    /// Prefix of the name of every tensor below the head.
    pub(crate) prefix: &'static str,
    pub(crate) embeddings: EmbeddingNames,
    /// The layout of the matrices of the layers.
    pub(crate) layout: Layout,
    /// Part of a name between the prefix and a layer's number.
    pub(crate) layers: &'static str,
    /// True if all layers have the weights of layer 0.
    pub(crate) are_layers_shared: bool,
    pub(crate) layer: LayerNames,
    /// Tensors with the frequencies of rotary positions, which are used instead of computed ones; the first that a
    /// file has counts.
    pub(crate) rotary_frequencies: &'static [&'static str],
    /// The LayerNorm in front of the head, in families of [`Norms::Pre`](super::structure::Norms).
    pub(crate) final_norm: Option<&'static str>,
    pub(crate) head: HeadNames,
}

/// The layout of a linear layer's matrix in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `[out, in]`, as PyTorch's `Linear` has it.
    OutIn,
    /// `[in, out]`.
    InOut,
}

/// The parts of the embeddings. Those without a name do not exist.
#[derive(Debug)]
pub(crate) struct EmbeddingNames {
    pub(crate) words: &'static str,
    pub(crate) positions: Option<&'static str>,
    pub(crate) segments: Option<&'static str>,
    pub(crate) norm: Option<&'static str>,
    pub(crate) projection: Projection,
}

impl EmbeddingNames {
    /// Those of tokens, and no others.
    pub(crate) const fn of_words(words: &'static str) -> Self {
        Self { words, positions: None, segments: None, norm: None, projection: Projection::Never }
    }
}

/// The projection from the embeddings' width to that of the layers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Projection {
    /// There is none.
    Never,
    /// There is one if the widths differ.
    IfNarrow(&'static str),
    /// There is always one.
    Always(&'static str),
}

impl Projection {
    /// The name of the projection between these widths, if there is one.
    pub(crate) fn name(self, width: usize, hidden: usize) -> Option<&'static str> {
        match self {
            Self::Never => None,
            Self::IfNarrow(name) => (width != hidden).then_some(name),
            Self::Always(name) => Some(name),
        }
    }
}

/// The parts of a layer.
#[derive(Debug)]
pub(crate) struct LayerNames {
    pub(crate) projections: ProjectionNames,
    pub(crate) attention_output: &'static str,
    pub(crate) attention_norm: &'static str,
    /// Norms of each head of queries and of keys, if it has them.
    pub(crate) head_norms: Option<[&'static str; 2]>,
    /// True if layer 0 has no LayerNorm at its attention.
    pub(crate) first_without_norm: bool,
    /// The first matrix of the MLP.
    pub(crate) intermediate: &'static str,
    /// The matrix of the gates of a gated MLP. Without a name, the first matrix has their rows after the others.
    pub(crate) gate: Option<&'static str>,
    pub(crate) output: &'static str,
    pub(crate) mlp_norm: &'static str,
}

/// The projections of attention.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ProjectionNames {
    /// One matrix for the queries, one for the keys and one for the values.
    Separate([&'static str; 3]),
    /// One matrix with the outputs of the queries, then of the keys, then of the values.
    Joint(&'static str),
    /// One matrix with these outputs of one head after the other.
    JointByHead(&'static str),
}

/// The parts of the head, by their full names.
#[derive(Debug)]
pub(crate) struct HeadNames {
    pub(crate) transform: Option<TransformNames>,
    pub(crate) decoder: &'static str,
    /// Another name of the decoder.
    pub(crate) other_decoder: Option<&'static str>,
    pub(crate) bias: &'static str,
    /// Another name of the bias, which is used if both are there.
    pub(crate) decoder_bias: Option<&'static str>,
}

impl HeadNames {
    /// A matrix alone.
    pub(crate) const fn of_decoder(decoder: &'static str) -> Self {
        Self { transform: None, decoder, other_decoder: None, bias: "", decoder_bias: None }
    }
}

/// The parts of the head before the decoder.
#[derive(Debug)]
pub(crate) struct TransformNames {
    pub(crate) dense: &'static str,
    pub(crate) norm: &'static str,
}

impl Traits {
    /// The family's name for a key that BERT calls `bert_key`.
    pub(crate) fn key(&self, bert_key: &'static str) -> &'static str {
        let renamed = self.keys.iter().find(|(_, name)| *name == bert_key);
        renamed.map_or(bert_key, |(family_key, _)| family_key)
    }

    /// True if positions must be absolute: the family has no other ones.
    pub(crate) fn has_absolute_positions(&self) -> bool {
        self.names.embeddings.positions.is_some() && self.names.rotary_frequencies.is_empty()
    }

    /// True if `embedding_size` specifies the width of the embeddings.
    pub(crate) fn has_embedding_size(&self) -> bool {
        self.sizes.embedding.is_some()
    }

    /// A message about BERT's keys, with the family's keys in their place.
    pub(crate) fn translate_keys(&self, mut message: String) -> String {
        for (family_key, bert_key) in self.keys {
            message = message.replace(&format!("`{bert_key}`"), &format!("`{family_key}`"));
        }
        message
    }
}

impl Names {
    /// A part below the head, by its full name.
    pub(crate) fn full(&self, part: &str) -> String {
        format!("{}.{part}", self.prefix)
    }

    /// A part of layer `index`.
    pub(crate) fn in_layer(&self, index: usize, part: &str) -> String {
        format!("{}.{}.{index}.{part}", self.prefix, self.layers)
    }

    /// Name of a tensor that every layer has. If a file has it, it has the layer.
    pub(crate) fn first_tensor(&self, index: usize) -> String {
        let part = match self.layer.projections {
            ProjectionNames::Separate([query, ..]) => query,
            ProjectionNames::Joint(joint) | ProjectionNames::JointByHead(joint) => joint,
        };
        self.in_layer(index, part) + ".weight"
    }

    /// All names that checkpoints of different ages give to the tensor `name`, best first.
    pub(crate) fn possible_names(&self, name: &str) -> Vec<String> {
        let mut names = Vec::new();
        if name == self.head.bias {
            names.extend(self.head.decoder_bias.map(str::to_owned));
        }
        names.push(name.to_owned());
        if name == self.head.decoder {
            names.extend(self.head.other_decoder.map(str::to_owned));
        }
        // TensorFlow's names for LayerNorm, kept by old conversions.
        for (new, old) in
            [(".LayerNorm.weight", ".LayerNorm.gamma"), (".LayerNorm.bias", ".LayerNorm.beta")]
        {
            names.extend(name.strip_suffix(new).map(|stem| format!("{stem}{old}")));
        }
        // An encoder saved by itself and joined with a head has no prefix.
        let prefix = format!("{}.", self.prefix);
        let bare = names.iter().filter_map(|name| name.strip_prefix(&prefix));
        let bare: Vec<String> = bare.map(str::to_owned).collect();
        names.extend(bare);
        names
    }
}
