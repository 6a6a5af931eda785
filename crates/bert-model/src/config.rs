use serde::{Deserialize, Serialize};

use crate::BertModelError;

/// The part of a Hugging Face `config.json` that decides what a BERT computes.
///
/// Fields have the names of `transformers`' `BertConfig`. Sizes have to be said; what the files may
/// leave out has the default that it has there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BertConfig {
    /// Architectures that the weights were saved from, where it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architectures: Option<Vec<String>>,
    /// The family; `bert` is supported.
    pub model_type: String,
    /// The activation of the MLP and of the head; `gelu`, the exact one with erf, is supported.
    #[serde(default = "gelu")]
    pub hidden_act: String,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Neurons in each layer's MLP.
    pub intermediate_size: usize,
    /// Attention heads in each layer.
    pub num_attention_heads: usize,
    /// Number of layers.
    pub num_hidden_layers: usize,
    /// Number of token embeddings.
    pub vocab_size: usize,
    /// Number of position embeddings: the longest sequence in tokens.
    pub max_position_embeddings: usize,
    /// Number of segment embeddings. Only segment 0 is used here.
    #[serde(default = "two")]
    pub type_vocab_size: usize,
    /// The epsilon under LayerNorm's square root.
    #[serde(default = "tiny")]
    pub layer_norm_eps: f64,
    /// Whether the decoder of the head is the token embedding matrix where the file has no other.
    #[serde(default = "yes")]
    pub tie_word_embeddings: bool,
    /// A decoder attends to earlier tokens only; not supported.
    #[serde(default)]
    pub is_decoder: bool,
    /// How positions enter; `absolute` is supported.
    #[serde(default = "absolute")]
    pub position_embedding_type: String,
}

fn gelu() -> String {
    "gelu".to_owned()
}

fn absolute() -> String {
    "absolute".to_owned()
}

fn two() -> usize {
    2
}

fn tiny() -> f64 {
    1e-12
}

fn yes() -> bool {
    true
}

/// Architectures whose checkpoints hold the MLM head.
const WITH_HEAD: [&str; 2] = ["BertForMaskedLM", "BertForPreTraining"];

impl BertConfig {
    /// Reads and checks the text of a `config.json`.
    ///
    /// # Errors
    /// [`BertModelError::Config`] where a key is missing or its value impossible,
    /// [`BertModelError::Unsupported`] where it asks for another architecture.
    pub fn from_json(json: &[u8]) -> Result<Self, BertModelError> {
        let config: Self = serde_json::from_slice(json)
            .map_err(|error| BertModelError::Config { reason: error.to_string() })?;
        config.check()?;
        Ok(config)
    }

    /// Width of one attention head.
    #[must_use]
    pub fn head_size(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    fn check(&self) -> Result<(), BertModelError> {
        let unsupported = |key, found: String, supported| {
            Err(BertModelError::Unsupported { key, found, supported })
        };
        let quoted = |text: &str| format!("\"{text}\"");

        if self.model_type != "bert" {
            return unsupported("model_type", quoted(&self.model_type), "\"bert\"");
        }
        if let Some(names) = &self.architectures
            && !names.iter().any(|name| WITH_HEAD.contains(&name.as_str()))
        {
            let supported = "BertForMaskedLM and BertForPreTraining, which have an MLM head,";
            return unsupported("architectures", format!("{names:?}"), supported);
        }
        if self.hidden_act != "gelu" {
            return unsupported("hidden_act", quoted(&self.hidden_act), "\"gelu\" (with erf)");
        }
        if self.position_embedding_type != "absolute" {
            let found = quoted(&self.position_embedding_type);
            return unsupported("position_embedding_type", found, "\"absolute\"");
        }
        if self.is_decoder {
            return unsupported("is_decoder", "true".to_owned(), "encoders");
        }
        self.check_sizes()
    }

    fn check_sizes(&self) -> Result<(), BertModelError> {
        let impossible = |reason: String| Err(BertModelError::Config { reason });
        for (key, size) in [
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("num_attention_heads", self.num_attention_heads),
            ("num_hidden_layers", self.num_hidden_layers),
            ("vocab_size", self.vocab_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ] {
            if size == 0 {
                return impossible(format!("`{key}` is 0"));
            }
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return impossible(format!(
                "`hidden_size` {} is not a multiple of `num_attention_heads` {}",
                self.hidden_size, self.num_attention_heads
            ));
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps < 1.0) {
            return impossible(format!(
                "`layer_norm_eps` {} is not a small positive number",
                self.layer_norm_eps
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn base() -> Value {
        json!({
            "model_type": "bert", "hidden_size": 8, "intermediate_size": 16,
            "num_attention_heads": 2, "num_hidden_layers": 1, "vocab_size": 10,
            "max_position_embeddings": 16
        })
    }

    fn with(key: &str, value: Value) -> Result<BertConfig, BertModelError> {
        let mut config = base();
        config[key] = value;
        BertConfig::from_json(config.to_string().as_bytes())
    }

    #[test]
    fn defaults_are_those_of_transformers() {
        let config = with("hidden_size", json!(8)).unwrap();
        assert_eq!(config.hidden_act, "gelu");
        assert_eq!(config.type_vocab_size, 2);
        assert_eq!(config.layer_norm_eps.to_bits(), 1e-12_f64.to_bits());
        assert!(config.tie_word_embeddings);
    }

    #[test]
    fn what_is_not_computed_is_refused_by_key() {
        for (key, value) in [
            ("model_type", json!("roberta")),
            ("architectures", json!(["BertModel"])),
            ("hidden_act", json!("gelu_new")),
            ("position_embedding_type", json!("relative_key")),
            ("is_decoder", json!(true)),
        ] {
            let error = with(key, value).unwrap_err().to_string();
            assert!(error.contains(key) && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn impossible_sizes_are_refused() {
        assert!(with("num_attention_heads", json!(3)).is_err());
        assert!(with("num_hidden_layers", json!(0)).is_err());
        assert!(with("layer_norm_eps", json!(-1.0)).is_err());
        assert!(with("layer_norm_eps", json!(1e300)).is_err());
        assert!(with("architectures", Value::Null).is_ok());
        assert!(with("hidden_size", Value::Null).is_err());
    }
}
