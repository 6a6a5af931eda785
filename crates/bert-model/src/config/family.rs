use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::reconciled::tokenizer_class::TokenizerClass;

/// A family of masked language models: the `model_type` of a `config.json`.
///
/// All are post-norm encoders and share one forward pass. They differ in data: the keys of their
/// configuration, the names of their tensors, the first position, and the embeddings that they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// BERT: cased, uncased and multilingual.
    Bert,
    /// RoBERTa.
    Roberta,
    /// XLM-RoBERTa.
    XlmRoberta,
    /// DistilBERT.
    #[serde(rename = "distilbert")]
    DistilBert,
    /// ELECTRA; its generator is the masked language model.
    Electra,
}

/// Properties that differ between families.
#[derive(Debug)]
pub(crate) struct Traits {
    /// The `model_type` of `config.json`.
    pub(crate) model_type: &'static str,
    /// Architectures whose checkpoints hold the MLM head.
    pub(crate) architectures: &'static [&'static str],
    /// Keys of `config.json` that have another name than BERT's: the family's name, BERT's name.
    pub(crate) keys: &'static [(&'static str, &'static str)],
    /// The epsilon under LayerNorm's square root, in families that have no key for it.
    pub(crate) layer_norm_eps: Option<f64>,
    /// The padding token's id by default, in families whose positions are counted from the one
    /// after it.
    pub(crate) padding: Option<u32>,
    /// Whether `embedding_size` specifies the width of the embeddings, which otherwise are as wide
    /// as the layers.
    pub(crate) own_embedding_size: bool,
    /// The class of its tokenizers by default.
    pub(crate) tokenizer: TokenizerClass,
    /// The special tokens by default: padding, unknown, class, separator, mask.
    pub(crate) special_tokens: [&'static str; 5],
    pub(crate) names: Names,
}

/// Names of a family's tensors.
#[derive(Debug)]
pub(crate) struct Names {
    /// Prefix of the name of every tensor below the head.
    pub(crate) prefix: &'static str,
    /// Whether there are token types.
    pub(crate) segments: bool,
    /// Part of a name between the prefix and a layer's number.
    layers: &'static str,
    pub(crate) layer: LayerNames,
    pub(crate) head: HeadNames,
}

/// The parts of a layer.
#[derive(Debug)]
pub(crate) struct LayerNames {
    pub(crate) query: &'static str,
    pub(crate) key: &'static str,
    pub(crate) value: &'static str,
    pub(crate) attention_output: &'static str,
    pub(crate) attention_norm: &'static str,
    pub(crate) intermediate: &'static str,
    pub(crate) output: &'static str,
    pub(crate) output_norm: &'static str,
}

/// The parts of the head, by their full names.
#[derive(Debug)]
pub(crate) struct HeadNames {
    pub(crate) transform: &'static str,
    pub(crate) norm: &'static str,
    pub(crate) decoder: &'static str,
    pub(crate) bias: &'static str,
    /// Another name of the bias, which is used if both are there.
    decoder_bias: Option<&'static str>,
}

const BERT_LAYER: LayerNames = LayerNames {
    query: "attention.self.query",
    key: "attention.self.key",
    value: "attention.self.value",
    attention_output: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    intermediate: "intermediate.dense",
    output: "output.dense",
    output_norm: "output.LayerNorm",
};

const BERT: Traits = Traits {
    model_type: "bert",
    architectures: &["BertForMaskedLM", "BertForPreTraining"],
    keys: &[],
    layer_norm_eps: None,
    padding: None,
    own_embedding_size: false,
    tokenizer: TokenizerClass::Bert,
    special_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    names: Names {
        prefix: "bert",
        segments: true,
        layers: "encoder.layer",
        layer: BERT_LAYER,
        head: HeadNames {
            transform: "cls.predictions.transform.dense",
            norm: "cls.predictions.transform.LayerNorm",
            decoder: "cls.predictions.decoder.weight",
            bias: "cls.predictions.bias",
            decoder_bias: Some("cls.predictions.decoder.bias"),
        },
    },
};

const ROBERTA: Traits = Traits {
    model_type: "roberta",
    architectures: &["RobertaForMaskedLM"],
    padding: Some(1),
    tokenizer: TokenizerClass::Roberta,
    special_tokens: ["<pad>", "<unk>", "<s>", "</s>", "<mask>"],
    names: Names {
        prefix: "roberta",
        head: HeadNames {
            transform: "lm_head.dense",
            norm: "lm_head.layer_norm",
            decoder: "lm_head.decoder.weight",
            bias: "lm_head.bias",
            decoder_bias: Some("lm_head.decoder.bias"),
        },
        ..BERT.names
    },
    ..BERT
};

const XLM_ROBERTA: Traits = Traits {
    model_type: "xlm-roberta",
    architectures: &["XLMRobertaForMaskedLM"],
    tokenizer: TokenizerClass::XlmRoberta,
    ..ROBERTA
};

const DISTILBERT: Traits = Traits {
    model_type: "distilbert",
    architectures: &["DistilBertForMaskedLM"],
    keys: &[
        ("dim", "hidden_size"),
        ("hidden_dim", "intermediate_size"),
        ("n_heads", "num_attention_heads"),
        ("n_layers", "num_hidden_layers"),
        ("activation", "hidden_act"),
    ],
    layer_norm_eps: Some(1e-12),
    names: Names {
        prefix: "distilbert",
        segments: false,
        layers: "transformer.layer",
        layer: LayerNames {
            query: "attention.q_lin",
            key: "attention.k_lin",
            value: "attention.v_lin",
            attention_output: "attention.out_lin",
            attention_norm: "sa_layer_norm",
            intermediate: "ffn.lin1",
            output: "ffn.lin2",
            output_norm: "output_layer_norm",
        },
        head: HeadNames {
            transform: "vocab_transform",
            norm: "vocab_layer_norm",
            decoder: "vocab_projector.weight",
            bias: "vocab_projector.bias",
            decoder_bias: None,
        },
    },
    ..BERT
};

const ELECTRA: Traits = Traits {
    model_type: "electra",
    architectures: &["ElectraForMaskedLM"],
    own_embedding_size: true,
    names: Names {
        prefix: "electra",
        head: HeadNames {
            transform: "generator_predictions.dense",
            norm: "generator_predictions.LayerNorm",
            decoder: "generator_lm_head.weight",
            bias: "generator_lm_head.bias",
            decoder_bias: None,
        },
        ..BERT.names
    },
    ..BERT
};

/// Beginnings of the names of the families' classes in `transformers`.
const CLASS_PREFIXES: [&str; 5] = ["Bert", "Roberta", "XLMRoberta", "DistilBert", "Electra"];

/// Ends of the names of the families' classes in `transformers`.
const CLASS_HEADS: [&str; 11] = [
    "Model",
    "PreTrainedModel",
    "LMHeadModel",
    "ForCausalLM",
    "ForMaskedLM",
    "ForPreTraining",
    "ForNextSentencePrediction",
    "ForSequenceClassification",
    "ForMultipleChoice",
    "ForTokenClassification",
    "ForQuestionAnswering",
];

impl Family {
    /// Every family.
    pub const ALL: [Self; 5] =
        [Self::Bert, Self::Roberta, Self::XlmRoberta, Self::DistilBert, Self::Electra];

    pub(crate) fn traits(self) -> &'static Traits {
        match self {
            Self::Bert => &BERT,
            Self::Roberta => &ROBERTA,
            Self::XlmRoberta => &XLM_ROBERTA,
            Self::DistilBert => &DISTILBERT,
            Self::Electra => &ELECTRA,
        }
    }

    /// The family whose head is among tensors, of which `contains` knows the names.
    ///
    /// # Errors
    /// If `contains` fails.
    pub(crate) fn of_tensors<E>(
        mut contains: impl FnMut(&str) -> Result<bool, E>,
    ) -> Result<Option<Self>, E> {
        for family in Self::ALL {
            if contains(&format!("{}.weight", family.names().head.transform))? {
                return Ok(Some(family));
            }
        }
        Ok(None)
    }

    /// True for the architectures of the families that `transformers` has.
    pub(crate) fn is_known_architecture(name: &str) -> bool {
        CLASS_PREFIXES
            .iter()
            .any(|prefix| name.strip_prefix(prefix).is_some_and(|head| CLASS_HEADS.contains(&head)))
    }

    pub(crate) fn names(self) -> &'static Names {
        &self.traits().names
    }
}

impl Traits {
    /// The family's name for a key that BERT calls `bert_key`.
    pub(crate) fn key(&self, bert_key: &'static str) -> &'static str {
        let renamed = self.keys.iter().find(|(_, name)| *name == bert_key);
        renamed.map_or(bert_key, |(family_key, _)| family_key)
    }

    /// A message about BERT's keys, with the family's keys in their place.
    pub(crate) fn translate_keys(&self, mut message: String) -> String {
        for (family_key, bert_key) in self.keys {
            message = message.replace(&format!("`{bert_key}`"), &format!("`{family_key}`"));
        }
        message
    }
}

/// The `model_type` of the family.
impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.traits().model_type)
    }
}

impl Names {
    /// A part of the embeddings.
    pub(crate) fn embeddings(&self, part: &str) -> String {
        format!("{}.embeddings.{part}", self.prefix)
    }

    /// The projection from narrow embeddings to the layers' width.
    pub(crate) fn projection(&self) -> String {
        format!("{}.embeddings_project", self.prefix)
    }

    /// A part of layer `index`.
    pub(crate) fn in_layer(&self, index: usize, part: &str) -> String {
        format!("{}.{}.{index}.{part}", self.prefix, self.layers)
    }

    /// All names that checkpoints of different ages give to the tensor `name`, best first.
    pub(crate) fn possible_names(&self, name: &str) -> Vec<String> {
        let mut names = Vec::new();
        if name == self.head.bias {
            names.extend(self.head.decoder_bias.map(str::to_owned));
        }
        names.push(name.to_owned());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_are_looked_for_too() {
        assert_eq!(
            BERT.names.possible_names("bert.embeddings.LayerNorm.weight"),
            [
                "bert.embeddings.LayerNorm.weight",
                "bert.embeddings.LayerNorm.gamma",
                "embeddings.LayerNorm.weight",
                "embeddings.LayerNorm.gamma",
            ]
        );
        assert_eq!(
            ROBERTA.names.possible_names("lm_head.bias"),
            ["lm_head.decoder.bias", "lm_head.bias"]
        );
    }

    #[test]
    fn a_family_is_written_as_its_model_type() {
        for family in Family::ALL {
            let json = serde_json::to_string(&family).unwrap();
            assert_eq!(json, format!("\"{family}\""));
        }
    }
}
