use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::{
    family_rows::{
        albert::ALBERT,
        esm::ESM,
        gpt_neox::GPT_NEOX,
        gpt2::GPT2,
        llama::{LLAMA, MISTRAL, QWEN2, QWEN3},
        modern_bert::MODERN_BERT,
        post_norm_bert::{BERT, CAMEMBERT, DISTILBERT, ELECTRA, ROBERTA, XLM_ROBERTA},
    },
    family_traits::{Names, Traits},
    structure::PredictionPlace,
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
    /// CamemBERT.
    Camembert,
    /// DistilBERT.
    #[serde(rename = "distilbert")]
    DistilBert,
    /// ELECTRA; its generator is the masked language model.
    Electra,
    /// ModernBERT.
    #[serde(rename = "modernbert")]
    ModernBert,
    /// ALBERT.
    Albert,
    /// ESM-2 and ESM-1b, of proteins.
    Esm,
    /// GPT-2, a decoder.
    #[serde(rename = "gpt2")]
    Gpt2,
    /// GPT-NeoX and Pythia, decoders.
    #[serde(rename = "gpt_neox")]
    GptNeox,
    /// Llama, a decoder.
    Llama,
    /// Mistral, a decoder.
    Mistral,
    /// Qwen2, a decoder.
    Qwen2,
    /// Qwen3, a decoder.
    Qwen3,
}

/// Ends of the names of the families' classes in `transformers`.
const CLASS_HEADS: [&str; 12] = [
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
    "DoubleHeadsModel",
];

/// Families that people ask for, and the reason why each is not here.
const REFUSED: [(&[&str], &str); 3] = [
    (
        &["deberta", "deberta-v2"],
        "the released weights have no head for masked words that `transformers` computes",
    ),
    (
        &["t5", "mt5", "umt5", "longt5", "bart", "mbart"],
        "it has an encoder and a decoder, which this program does not compute",
    ),
    (
        &[
            "gptj",
            "gpt_neo",
            "opt",
            "bloom",
            "falcon",
            "phi",
            "phi3",
            "gemma",
            "gemma2",
            "gemma3_text",
            "mixtral",
            "qwen2_moe",
            "qwen3_moe",
            "olmo",
            "olmo2",
            "stablelm",
            "mpt",
            "codegen",
            "cohere",
        ],
        "of the decoders only GPT-2, GPT-NeoX, Llama, Mistral, Qwen2 and Qwen3 are computed",
    ),
];

/// The reason for refusing a checkpoint with code of its own.
pub(crate) const REMOTE_CODE: &str =
    "its model is code in its own repository (`auto_map`), and such code is never run here";

impl Family {
    /// The reason why a family of this `model_type` is not here, if there is one to give.
    pub(crate) fn refusal(model_type: &str) -> Option<&'static str> {
        let (_, reason) = REFUSED.into_iter().find(|(names, _)| names.contains(&model_type))?;
        Some(reason)
    }

    /// Every family.
    pub const ALL: [Self; 15] = [
        Self::Bert,
        Self::Roberta,
        Self::XlmRoberta,
        Self::Camembert,
        Self::DistilBert,
        Self::Electra,
        Self::ModernBert,
        Self::Albert,
        Self::Esm,
        Self::Gpt2,
        Self::GptNeox,
        Self::Llama,
        Self::Mistral,
        Self::Qwen2,
        Self::Qwen3,
    ];

    pub(crate) fn traits(self) -> &'static Traits {
        match self {
            Self::Bert => &BERT,
            Self::Roberta => &ROBERTA,
            Self::XlmRoberta => &XLM_ROBERTA,
            Self::Camembert => &CAMEMBERT,
            Self::DistilBert => &DISTILBERT,
            Self::Electra => &ELECTRA,
            Self::ModernBert => &MODERN_BERT,
            Self::Albert => &ALBERT,
            Self::Esm => &ESM,
            Self::Gpt2 => &GPT2,
            Self::GptNeox => &GPT_NEOX,
            Self::Llama => &LLAMA,
            Self::Mistral => &MISTRAL,
            Self::Qwen2 => &QWEN2,
            Self::Qwen3 => &QWEN3,
        }
    }

    /// The family whose head is among tensors, of which `contains` knows the names.
    ///
    /// # Errors
    /// If `contains` fails.
    pub(crate) fn of_tensors<E>(
        mut contains: impl FnMut(&str) -> Result<bool, E>,
    ) -> Result<Option<Self>, E> {
        // RoBERTa's head has the names of ESM's, and Llama has those of Qwen, which has some more.
        for family in [Self::Esm, Self::Qwen3, Self::Qwen2].into_iter().chain(Self::ALL) {
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

    /// True if it is a decoder, which reads only what stands before a word.
    pub(crate) fn is_decoder(self) -> bool {
        self.traits().prediction == PredictionPlace::TokenBefore
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
