use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::{
    family_rows::{
        modern_bert::MODERN_BERT,
        post_norm_bert::{BERT, DISTILBERT, ELECTRA, ROBERTA, XLM_ROBERTA},
    },
    family_traits::{Names, Traits},
};

/// A family of language models: the `model_type` of a `config.json`.
///
/// All share one forward pass. They differ in data: the keys of their configuration, the names of their
/// tensors, and what their layers are made of ([`Structure`](crate::Structure)).
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
    /// ModernBERT.
    #[serde(rename = "modernbert")]
    ModernBert,
}

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
    pub const ALL: [Self; 6] = [
        Self::Bert,
        Self::Roberta,
        Self::XlmRoberta,
        Self::DistilBert,
        Self::Electra,
        Self::ModernBert,
    ];

    pub(crate) fn traits(self) -> &'static Traits {
        match self {
            Self::Bert => &BERT,
            Self::Roberta => &ROBERTA,
            Self::XlmRoberta => &XLM_ROBERTA,
            Self::DistilBert => &DISTILBERT,
            Self::Electra => &ELECTRA,
            Self::ModernBert => &MODERN_BERT,
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
            if contains(family.traits().known_by)? {
                return Ok(Some(family));
            }
        }
        Ok(None)
    }

    /// True for the architectures of the families that `transformers` has.
    pub(crate) fn is_known_architecture(name: &str) -> bool {
        Self::ALL.into_iter().any(|family| {
            let head = name.strip_prefix(family.traits().class_prefix);
            head.is_some_and(|head| CLASS_HEADS.contains(&head))
        })
    }

    pub(crate) fn names(self) -> &'static Names {
        &self.traits().names
    }
}

/// The `model_type` of the family.
impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.traits().model_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_written_as_its_model_type() {
        for family in Family::ALL {
            let json = serde_json::to_string(&family).unwrap();
            assert_eq!(json, format!("\"{family}\""));
        }
    }
}
