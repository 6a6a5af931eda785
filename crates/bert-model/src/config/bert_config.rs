use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    checkpoint_note::CheckpointNote,
    config::{
        config_error::ConfigError,
        family::{Family, REMOTE_CODE},
        family_traits::{DefaultNeurons, DefaultSizes, Epsilon, Traits},
        json_keys::{FLAG, Form, JsonKeys, LIST, NUMBER, SIZE, TEXT, unsupported},
        structure::Structure,
    },
    error::BertModelError,
    ops::activation::Activation,
};

/// The part of a Hugging Face `config.json` that decides what a model computes.
///
/// Fields have the names of `transformers`' `BertConfig`, also in families whose own configuration
/// has other names. A key that the file does not have has the default of `transformers`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BertConfig {
    /// Architectures that the weights were saved from, if the file names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architectures: Option<Vec<String>>,
    /// The family.
    pub model_type: Family,
    /// The name of the activation function of the MLP; [`Activation::named`] knows the supported ones.
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
    /// Number of position embeddings; RoBERTa's first ones are never used, see
    /// [`BertConfig::longest_sequence`].
    pub max_position_embeddings: usize,
    /// Number of segment embeddings. Only segment 0 is used here.
    #[serde(default = "two")]
    pub type_vocab_size: usize,
    /// The epsilon under LayerNorm's square root.
    pub layer_norm_eps: f64,
    /// Whether the decoder of the head is the token embedding matrix, unless the file has another.
    #[serde(default = "yes")]
    pub tie_word_embeddings: bool,
    /// Whether tokens attend to earlier tokens only; not supported.
    #[serde(default)]
    pub is_decoder: bool,
    /// Type of the position embeddings; only `absolute` is supported.
    #[serde(default = "absolute")]
    pub position_embedding_type: String,
    /// ELECTRA's width of the embeddings; no other family reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding_size: Option<usize>,
    /// The padding token, from which RoBERTa counts positions; no other family reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pad_token_id: Option<u32>,
    /// The parts of the model and what they compute, beyond their sizes.
    #[serde(skip)]
    pub structure: Structure,
}

fn absolute() -> String {
    "absolute".to_owned()
}

fn two() -> usize {
    2
}

fn yes() -> bool {
    true
}

impl BertConfig {
    /// Reads and checks the text of a `config.json`.
    ///
    /// # Errors
    /// If a key is missing or its value impossible ([`BertModelError::Config`]), or the file asks for
    /// another architecture ([`BertModelError::Unsupported`]).
    pub fn from_json(json: &[u8]) -> Result<Self, BertModelError> {
        let keys = parse(json)?;
        match named_family(&keys)? {
            Some(family) => Self::of_family(keys, family),
            None => Err(BertModelError::Config(ConfigError::MissingKey { key: "model_type" })),
        }
    }

    /// Reads and checks the text of a `config.json`, which may leave it to `tensors` to tell the family.
    ///
    /// # Errors
    /// If the file is no configuration, as in [`BertConfig::from_json`], or the tensors do not tell the family.
    pub(crate) fn from_json_and_tensors(
        json: &[u8],
        tensors: impl FnOnce() -> Result<Family, BertModelError>,
    ) -> Result<(Self, Vec<CheckpointNote>), BertModelError> {
        let keys = parse(json)?;
        let mut notes = Vec::new();
        let family = if let Some(family) = named_family(&keys)? {
            family
        } else {
            let family = tensors()?;
            notes.push(CheckpointNote::FamilyOfTensors { family });
            family
        };
        let has_code = JsonKeys(&keys).get("auto_map").is_some();
        let config = Self::of_family(keys, family)?;
        if has_code {
            notes.push(CheckpointNote::OwnCode { family });
        }
        if let Some(names) = config.architectures.as_ref().filter(|names| !names.is_empty())
            && !names.iter().any(|name| family.traits().architectures.contains(&name.as_str()))
        {
            notes.push(CheckpointNote::OwnArchitecture { names: names.clone(), family });
        }
        Ok((config, notes))
    }

    /// The family that the text of a `config.json` names, if it names one.
    ///
    /// # Errors
    /// If it is not JSON, or names another architecture.
    pub(crate) fn family_in(json: &[u8]) -> Result<Option<Family>, BertModelError> {
        named_family(&parse(json)?)
    }

    /// The family that has a key of its own in the text of a `config.json`, if there is one.
    ///
    /// # Errors
    /// If it is not JSON.
    pub(crate) fn family_of_keys(json: &[u8]) -> Result<Option<Family>, BertModelError> {
        let keys = parse(json)?;
        let has_own_key = |family: &Family| {
            let traits = family.traits();
            (traits.has_embedding_size() && keys.contains_key("embedding_size"))
                || traits.keys.iter().any(|(key, _)| keys.contains_key(*key))
        };
        Ok(Family::ALL.into_iter().find(has_own_key))
    }

    /// Reads and checks the text of a `config.json` of a model of this family.
    ///
    /// # Errors
    /// If a key is missing or its value impossible.
    pub(crate) fn from_json_of(json: &[u8], family: Family) -> Result<Self, BertModelError> {
        Self::of_family(parse(json)?, family)
    }

    fn of_family(mut keys: Map<String, Value>, family: Family) -> Result<Self, BertModelError> {
        let traits = family.traits();
        let own_keys = keys.clone();
        if let Some(quantisation) = JsonKeys(&own_keys).get(QUANTISATION) {
            let found = quantisation.get("quant_method").unwrap_or(quantisation).clone();
            return Err(unsupported(
                QUANTISATION,
                found,
                "weights of f32, f16 or bf16, without it",
            ));
        }
        keys.insert("model_type".to_owned(), traits.model_type.into());
        for key in traits.ignored_keys {
            keys.remove(*key);
        }
        for &(family_key, bert_key) in traits.keys {
            if let Some(value) = own_keys.get(family_key)
                && !(value.is_null() && is_optional(traits, bert_key))
            {
                keys.insert(bert_key.to_owned(), value.clone());
            }
        }
        let (Epsilon::OfKey(epsilon) | Epsilon::Fixed(epsilon)) = traits.epsilon;
        for (key, default) in [
            ("hidden_act", traits.default_activation.into()),
            ("layer_norm_eps", epsilon.into()),
            ("tie_word_embeddings", traits.ties_words.into()),
        ] {
            keys.entry(key).or_insert(default);
        }
        add_default_sizes(&mut keys, traits.sizes);
        check_forms(&keys, family).map_err(BertModelError::Config)?;
        let mut config: Self = serde_json::from_value(keys.into())
            .map_err(|error| json_error(traits.translate_keys(error.to_string())))?;
        if let Epsilon::Fixed(epsilon) = traits.epsilon {
            config.layer_norm_eps = epsilon;
        }
        let activation = config.check_architecture()?;
        config.structure = (traits.structure)(JsonKeys(&own_keys), activation)?;
        config.check_sizes().map_err(BertModelError::Config)?;
        Ok(config)
    }

    /// True if all layers have the same weights.
    #[must_use]
    pub fn shares_layers(&self) -> bool {
        self.model_type.names().are_layers_shared
    }

    /// Width of one attention head.
    #[must_use]
    pub fn head_size(&self) -> usize {
        self.structure.heads.size.unwrap_or(self.hidden_size / self.num_attention_heads)
    }

    /// Number of attention heads of keys and values in each layer.
    #[must_use]
    pub fn key_value_heads(&self) -> usize {
        self.structure.heads.key_values.unwrap_or(self.num_attention_heads)
    }

    /// Number of tokens in the longest sequence that there are positions for.
    #[must_use]
    pub fn longest_sequence(&self) -> usize {
        self.max_position_embeddings - self.first_position()
    }

    /// The position of a sequence's first token: 0, or the one after the padding token's id.
    pub(crate) fn first_position(&self) -> usize {
        self.padding().map_or(0, |id| id as usize + 1)
    }

    /// The token that has no position of its own, in families that have one.
    pub(crate) fn padding(&self) -> Option<u32> {
        let default = self.model_type.traits().padding?;
        Some(self.pad_token_id.unwrap_or(default))
    }

    /// Width of the embeddings.
    #[must_use]
    pub fn embedding_width(&self) -> usize {
        match self.embedding_size {
            Some(width) if self.model_type.traits().has_embedding_size() => width,
            _ => self.hidden_size,
        }
    }

    /// The activation function of the MLP.
    ///
    /// # Errors
    /// If the model is of another architecture.
    fn check_architecture(&self) -> Result<Activation, BertModelError> {
        let traits = self.model_type.traits();
        if let Some(names) = &self.architectures
            && !names.iter().any(|name| traits.architectures.contains(&name.as_str()))
            && names.iter().any(|name| Family::is_known_architecture(name))
        {
            return Err(BertModelError::Unsupported {
                key: "architectures",
                found: format!("{names:?}"),
                supported: format!(
                    "{}, whose checkpoints have the head that predicts words",
                    traits.architectures.join(" and ")
                ),
            });
        }
        if traits.has_absolute_positions() && self.position_embedding_type != "absolute" {
            return Err(BertModelError::Unsupported {
                key: "position_embedding_type",
                found: format!("\"{}\"", self.position_embedding_type),
                supported: "\"absolute\"".to_owned(),
            });
        }
        if self.is_decoder {
            return Err(BertModelError::Unsupported {
                key: "is_decoder",
                found: "true".to_owned(),
                supported: "false".to_owned(),
            });
        }
        Activation::named(&self.hidden_act).ok_or_else(|| BertModelError::Unsupported {
            key: traits.key("hidden_act"),
            found: format!("{:?}", self.hidden_act),
            supported: Activation::names().collect::<Vec<_>>().join(", "),
        })
    }

    fn check_sizes(&self) -> Result<(), ConfigError> {
        let traits = self.model_type.traits();
        if traits.has_embedding_size() && self.embedding_size.is_none() {
            return Err(ConfigError::MissingKey { key: "embedding_size" });
        }
        for (bert_key, size) in [
            ("hidden_size", self.hidden_size),
            ("embedding_size", self.embedding_width()),
            ("intermediate_size", self.intermediate_size),
            ("num_attention_heads", self.num_attention_heads),
            ("num_hidden_layers", self.num_hidden_layers),
            ("vocab_size", self.vocab_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ] {
            if size == 0 {
                return Err(ConfigError::ZeroSize { key: traits.key(bert_key) });
            }
        }
        let heads = self.num_attention_heads;
        let has_own_size = self.structure.heads.size.is_some();
        if !has_own_size && !self.hidden_size.is_multiple_of(heads) {
            return Err(ConfigError::HeadSize {
                hidden_key: traits.key("hidden_size"),
                hidden_size: self.hidden_size,
                heads_key: traits.key("num_attention_heads"),
                heads,
            });
        }
        let key_values = self.key_value_heads();
        if !heads.is_multiple_of(key_values) {
            return Err(ConfigError::HeadGroups { heads, key_values });
        }
        for rotary in self.structure.kinds().filter_map(|kind| kind.rotary) {
            let size = self.head_size();
            let turned = rotary.turned(size);
            if turned == 0 || turned > size {
                return Err(ConfigError::OddHeads { turned, size });
            }
        }
        if let Some(pad_token_id) = self.padding()
            && self.first_position() >= self.max_position_embeddings
        {
            let positions = self.max_position_embeddings;
            return Err(ConfigError::NoPosition { pad_token_id, positions });
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps < 1.0) {
            let key = traits.key("layer_norm_eps");
            return Err(ConfigError::Epsilon { key, epsilon: self.layer_norm_eps });
        }
        Ok(())
    }
}

/// The key of how the weights are quantised.
const QUANTISATION: &str = "quantization_config";

/// The forms of the values that are read.
const FORMS: [(&str, Form); 15] = [
    ("architectures", LIST),
    ("hidden_act", TEXT),
    ("hidden_size", SIZE),
    ("embedding_size", SIZE),
    ("intermediate_size", SIZE),
    ("num_attention_heads", SIZE),
    ("num_hidden_layers", SIZE),
    ("vocab_size", SIZE),
    ("max_position_embeddings", SIZE),
    ("type_vocab_size", SIZE),
    ("layer_norm_eps", NUMBER),
    ("tie_word_embeddings", FLAG),
    ("is_decoder", FLAG),
    ("position_embedding_type", TEXT),
    ("pad_token_id", SIZE),
];

/// Keys that may be null, as if they were absent.
const NULLABLE: [&str; 3] = ["architectures", "embedding_size", "pad_token_id"];

/// Checks the form of each value that is read.
fn check_forms(keys: &Map<String, Value>, family: Family) -> Result<(), ConfigError> {
    for (key, form) in FORMS {
        let Some(value) = keys.get(key) else { continue };
        let is_absent = value.is_null() && NULLABLE.contains(&key);
        if !is_absent && !(form.has)(value) {
            return Err(ConfigError::Form {
                key: family.traits().key(key),
                found: value.to_string(),
                expected: form.name,
            });
        }
    }
    Ok(())
}

/// True if a key may be null in a family that has a default for it.
fn is_optional(traits: &Traits, bert_key: &str) -> bool {
    bert_key == "intermediate_size"
        && matches!(traits.sizes.neurons, DefaultNeurons::TimesHidden(_))
}

/// Adds the sizes that a file does not specify.
fn add_default_sizes(keys: &mut Map<String, Value>, sizes: DefaultSizes) {
    let DefaultSizes { vocabulary, hidden, layers, heads, neurons, positions, embedding } = sizes;
    let hidden_size = keys.get("hidden_size").and_then(Value::as_u64).unwrap_or(hidden as u64);
    let neurons = match neurons {
        DefaultNeurons::Fixed(neurons) => neurons as u64,
        DefaultNeurons::TimesHidden(times) => hidden_size.saturating_mul(times as u64),
    };
    for (key, size) in [
        ("hidden_size", hidden),
        ("num_hidden_layers", layers),
        ("num_attention_heads", heads),
        ("max_position_embeddings", positions),
    ] {
        keys.entry(key).or_insert(size.into());
    }
    keys.entry("intermediate_size").or_insert(neurons.into());
    for (key, size) in [("vocab_size", vocabulary), ("embedding_size", embedding)] {
        if let Some(size) = size {
            keys.entry(key).or_insert(size.into());
        }
    }
}

fn json_error(message: String) -> BertModelError {
    BertModelError::Config(ConfigError::Json { message })
}

fn parse(json: &[u8]) -> Result<Map<String, Value>, BertModelError> {
    serde_json::from_slice(json).map_err(|error| json_error(error.to_string()))
}

/// The family that `model_type` names. In old files that have no `model_type`, the family of the
/// architecture, if it is one of `transformers`.
fn named_family(keys: &Map<String, Value>) -> Result<Option<Family>, BertModelError> {
    let named = |key: &str| keys.get(key).filter(|value| !value.is_null());
    let supported = || Family::ALL.map(|family| format!("\"{family}\"")).join(", ");
    if let Some(name) = named("model_type") {
        let family = Family::ALL.into_iter().find(|family| name == family.traits().model_type);
        if family.is_some() {
            return Ok(family);
        }
        let found = name.to_string();
        if let Some(reason) = name.as_str().and_then(Family::refusal) {
            return Err(BertModelError::Refused { found, reason });
        }
        if named("auto_map").is_some() {
            return Err(BertModelError::Refused { found, reason: REMOTE_CODE });
        }
        return Err(BertModelError::Unsupported {
            key: "model_type",
            found,
            supported: supported(),
        });
    }
    let Some(Value::Array(names)) = named("architectures") else { return Ok(None) };
    let family = names.iter().find_map(family_of_architecture);
    let is_known = names.iter().filter_map(Value::as_str).any(Family::is_known_architecture);
    if family.is_none() && is_known {
        return Err(BertModelError::Unsupported {
            key: "architectures",
            found: Value::from(names.clone()).to_string(),
            supported: supported(),
        });
    }
    Ok(family)
}

fn family_of_architecture(name: &Value) -> Option<Family> {
    Family::ALL
        .into_iter()
        .find(|family| family.traits().architectures.iter().any(|known| name == known))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

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
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/parity/defaults.json");
        let all: Map<String, Value> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        for family in Family::ALL {
            let name = family.to_string();
            let expected = all[&name].as_object().unwrap();
            // ESM has no default.
            let vocabulary = expected.get("vocab_size").cloned().unwrap_or(json!(33));
            let mut file = json!({"model_type": name});
            if family == Family::Esm {
                file["vocab_size"] = vocabulary;
            }
            let config = BertConfig::from_json(file.to_string().as_bytes()).unwrap();
            let mut found = serde_json::to_value(&config).unwrap();
            found["num_key_value_heads"] = config.key_value_heads().into();
            found["head_dim"] = config.head_size().into();
            for (key, value) in expected {
                assert_eq!(found[key], *value, "{name}: {key}");
            }
        }
        let gpt2 = BertConfig::from_json(br#"{"model_type": "gpt2", "n_embd": 24}"#).unwrap();
        assert_eq!(gpt2.intermediate_size, 96);
    }

    #[test]
    fn an_unsupported_value_is_refused_and_its_key_is_named() {
        for (key, value) in [
            ("model_type", json!("deberta")),
            ("architectures", json!(["BertModel"])),
            ("hidden_act", json!("sigmoid")),
            ("position_embedding_type", json!("relative_key")),
            ("is_decoder", json!(true)),
        ] {
            let error = with(key, value).unwrap_err().to_string();
            assert!(error.contains(key) && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_refusal_gives_its_reason() {
        for (model_type, reason) in [
            ("deberta-v2", "no head for masked words"),
            ("t5", "an encoder and a decoder"),
            ("gemma2", "only GPT-2"),
            ("mine", "is never run here"),
        ] {
            let config = json!({"model_type": model_type, "auto_map": {"AutoModel": "mine.Model"}});
            let error = BertConfig::from_json(config.to_string().as_bytes()).unwrap_err();
            let error = error.to_string();
            assert!(error.contains(model_type) && error.contains(reason), "{error}");
        }
        let unknown = with("model_type", json!("mine")).unwrap_err().to_string();
        assert!(unknown.contains("supported: \"bert\""), "{unknown}");
    }

    #[test]
    fn an_option_that_a_family_does_not_compute_is_named() {
        for (model_type, key, value) in [
            ("bert", "quantization_config", json!({"quant_method": "gptq"})),
            ("gpt2", "quantization_config", json!({})),
            ("gpt2", "layer_norm_epsilon", json!(-1)),
            ("llama", "rms_norm_eps", json!(0)),
            ("modernbert", "norm_eps", json!(2)),
            ("gpt2", "architectures", json!(["GPT2Model"])),
            ("gpt2", "scale_attn_weights", json!("no")),
            ("gpt2", "scale_attn_by_inverse_layer_idx", json!(1)),
            ("gpt2", "add_cross_attention", json!(true)),
            ("gpt_neox", "rotary_pct", json!(2)),
            ("gpt_neox", "use_parallel_residual", json!("no")),
            ("gpt_neox", "rope_scaling", json!([2])),
            ("llama", "num_key_value_heads", json!(3)),
            ("llama", "rope_scaling", json!("linear")),
            ("llama", "attention_bias", json!(1)),
            ("mistral", "sliding_window", json!(0)),
            ("qwen2", "num_key_value_heads", json!(0)),
            ("qwen3", "head_dim", json!(-1)),
            ("albert", "num_hidden_groups", json!(2)),
            ("albert", "inner_group_num", json!(2)),
            ("esm", "is_folding_model", json!(true)),
            ("esm", "position_embedding_type", json!("relative_key")),
            ("esm", "rope_theta", json!(0.5)),
            ("esm", "token_dropout", json!("yes")),
            ("modernbert", "rope_scaling", json!({"type": "linear"})),
            ("modernbert", "classifier_activation", json!("mish")),
            ("modernbert", "layer_types", json!(["full_attention", "full_attention"])),
            ("modernbert", "layer_types", json!(["chunked_attention"])),
            ("modernbert", "local_rope_theta", json!(0)),
            ("modernbert", "local_attention", json!(0)),
            ("modernbert", "norm_bias", json!(1)),
        ] {
            let mut config = base();
            config["model_type"] = json!(model_type);
            config["embedding_size"] = json!(4);
            config["num_key_value_heads"] = json!(1);
            config["rotary_pct"] = json!(0.5);
            let read = |config: &Value| BertConfig::from_json(config.to_string().as_bytes());
            read(&config).unwrap();
            config[key] = value;
            let error = read(&config).unwrap_err().to_string();
            assert!(error.contains(key) && !error.contains('\n'), "{model_type}: {error}");
        }
        let mut config = base();
        config["model_type"] = json!("modernbert");
        config["num_attention_heads"] = json!(8);
        let odd = BertConfig::from_json(config.to_string().as_bytes()).unwrap_err().to_string();
        assert!(odd.contains("turn 2 values of each attention head, which has 1"), "{odd}");
    }

    #[test]
    fn keys_that_change_nothing_in_a_decoder_are_not_read() {
        for model_type in ["gpt2", "gpt_neox", "llama", "mistral", "qwen2", "qwen3"] {
            let config = json!({"model_type": model_type, "is_decoder": true, "pad_token_id": -1});
            BertConfig::from_json(config.to_string().as_bytes()).unwrap();
        }
    }

    #[test]
    fn an_old_file_without_a_model_type_is_known_by_its_architecture() {
        let mut config = base();
        config.as_object_mut().unwrap().remove("model_type");
        assert!(BertConfig::from_json(config.to_string().as_bytes()).is_err());
        config["architectures"] = json!(["RobertaForMaskedLM"]);
        let found = BertConfig::from_json(config.to_string().as_bytes()).unwrap();
        assert_eq!(found.model_type, Family::Roberta);
    }

    #[test]
    fn positions_of_roberta_come_after_the_padding_token() {
        let longest = |config: BertConfig| config.longest_sequence();
        assert_eq!(longest(with("pad_token_id", json!(3)).unwrap()), 16);
        assert_eq!(longest(with("model_type", json!("roberta")).unwrap()), 14);
        let padded = |id: u32| {
            let mut config = base();
            config["model_type"] = json!("xlm-roberta");
            config["pad_token_id"] = json!(id);
            BertConfig::from_json(config.to_string().as_bytes())
        };
        assert_eq!(longest(padded(3).unwrap()), 12);
        let none = padded(15).unwrap_err().to_string();
        assert!(none.contains("`pad_token_id` 15"), "{none}");
    }

    #[test]
    fn the_keys_of_distilbert_are_read_and_named_in_errors() {
        let config = json!({
            "model_type": "distilbert", "dim": 8, "hidden_dim": 16, "n_heads": 2, "n_layers": 1,
            "vocab_size": 10, "max_position_embeddings": 16, "layer_norm_eps": 0.5,
            "activation": "gelu"
        });
        let read = |config: &Value| BertConfig::from_json(config.to_string().as_bytes());
        let found = read(&config).unwrap();
        assert_eq!((found.hidden_size, found.intermediate_size), (8, 16));
        assert_eq!(found.layer_norm_eps.to_bits(), 1e-12_f64.to_bits());
        for (key, value) in
            [("dim", Value::Null), ("n_heads", json!(3)), ("activation", json!("mish"))]
        {
            let mut wrong = config.clone();
            wrong[key] = value;
            let error = read(&wrong).unwrap_err().to_string();
            assert!(error.contains(&format!("`{key}`")) || key == "dim", "{error}");
        }
    }

    #[test]
    fn only_electra_reads_the_width_of_the_embeddings() {
        assert_eq!(with("embedding_size", json!(4)).unwrap().embedding_width(), 8);
        let mut config = base();
        config["model_type"] = json!("electra");
        let default = BertConfig::from_json(config.to_string().as_bytes()).unwrap();
        assert_eq!(default.embedding_width(), 128);
        config["embedding_size"] = Value::Null;
        let missing = BertConfig::from_json(config.to_string().as_bytes()).unwrap_err();
        assert!(missing.to_string().contains("`embedding_size`"), "{missing}");
        config["embedding_size"] = json!(4);
        let found = BertConfig::from_json(config.to_string().as_bytes()).unwrap();
        assert_eq!(found.embedding_width(), 4);
    }

    #[test]
    fn impossible_sizes_are_refused() {
        assert!(with("num_attention_heads", json!(3)).is_err());
        assert!(with("num_hidden_layers", json!(0)).is_err());
        assert!(with("layer_norm_eps", json!(-1.0)).is_err());
        assert!(with("layer_norm_eps", json!(1e300)).is_err());
        assert!(with("architectures", Value::Null).is_ok());
        assert!(with("hidden_size", Value::Null).is_err());
        let size = "num_hidden_layers";
        for (key, value) in [
            (size, json!(-1)),
            (size, json!(8.0)),
            (size, json!(1e30)),
            (size, json!("8")),
            (size, json!([8])),
            (size, json!(true)),
            (size, Value::Null),
            ("pad_token_id", json!(-1)),
            ("layer_norm_eps", json!("1e-12")),
            ("hidden_act", Value::Null),
            ("architectures", json!("BertForMaskedLM")),
        ] {
            let error = with(key, value.clone()).unwrap_err().to_string();
            assert!(error.contains(&format!("`{key}` is {value}, not a")), "{error}");
        }
        let flag = with("is_decoder", json!("no")).unwrap_err().to_string();
        assert!(flag.contains("`is_decoder` is \"no\", not true or false"), "{flag}");
        let mut config = base();
        config["model_type"] = json!("distilbert");
        config["n_layers"] = json!(-1);
        let error = BertConfig::from_json(config.to_string().as_bytes()).unwrap_err().to_string();
        assert!(error.contains("`n_layers` is -1"), "{error}");
    }

    #[test]
    fn parameters_beyond_counting_are_counted() {
        // As `sum(p.numel() for p in BertForMaskedLM(config).parameters())` of `transformers` says.
        assert_eq!(with("hidden_size", json!(8)).unwrap().parameter_count(), 938);
        let mut config = base();
        for key in ["hidden_size", "num_attention_heads", "vocab_size", "num_hidden_layers"] {
            config[key] = json!(u64::MAX);
        }
        let config = BertConfig::from_json(config.to_string().as_bytes()).unwrap();
        assert_eq!(config.parameter_count(), u128::MAX);
    }
}
