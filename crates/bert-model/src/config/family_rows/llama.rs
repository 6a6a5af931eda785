//! Llama (Touvron and others 2023, arXiv:2302.13971), and the decoders that are built like it: Mistral, Qwen2 and
//! Qwen3.
//!
//! RMS norms stand before attention and before the MLP, and one more in front of the decoder. Positions are rotary.
//! Several heads of queries read one head of keys and values. The MLP is gated, and its neurons and their gates
//! have a matrix each: the rows of `gate_proj` are the neurons, because they pass the activation function, and
//! those of `up_proj` their gates. Qwen2's queries, keys and values have biases; Qwen3's queries and keys pass a
//! norm. Attention may have a window.

use crate::{
    config::{
        family_rows::post_norm_bert::BERT,
        family_traits::{
            DefaultNeurons, DefaultSizes, EmbeddingNames, Epsilon, HeadNames, LayerNames, Names,
            ProjectionNames, Traits,
        },
        json_keys::JsonKeys,
        layer_types::listed_full_layers,
        rotary_keys::RotaryKeys,
        structure::{
            AttentionHeads, AttentionKind, AttentionPattern, Biases, FullLayers, Norms,
            PredictionPlace, Structure,
        },
    },
    error::BertModelError,
    ops::{activation::Activation, norm_kind::NormKind, reach::Reach},
    text::reconciled::tokenizer_class::TokenizerClass,
};

/// Llama 7B's.
const LLAMA_SIZES: DefaultSizes = DefaultSizes {
    vocabulary: Some(32_000),
    hidden: 4096,
    layers: 32,
    heads: 32,
    neurons: DefaultNeurons::Fixed(11_008),
    positions: 2048,
    embedding: None,
};

const QWEN_SIZES: DefaultSizes = DefaultSizes {
    vocabulary: Some(151_936),
    neurons: DefaultNeurons::Fixed(22_016),
    positions: 32_768,
    ..LLAMA_SIZES
};

pub(crate) const LLAMA: Traits = Traits {
    model_type: "llama",
    architectures: &["LlamaForCausalLM"],
    class_prefix: "Llama",
    keys: &[("rms_norm_eps", "layer_norm_eps")],
    ignored_keys: &["layer_norm_eps", "is_decoder", "pad_token_id"],
    default_activation: "silu",
    epsilon: Epsilon::OfKey(1e-6),
    ties_words: false,
    tokenizer: TokenizerClass::Whole,
    special_tokens: ["<unk>", "<unk>", "<s>", "</s>", "<unk>"],
    prediction: PredictionPlace::TokenBefore,
    sizes: LLAMA_SIZES,
    structure: read_llama,
    known_by: "model.layers.0.mlp.gate_proj.weight",
    names: Names {
        prefix: "model",
        embeddings: EmbeddingNames::of_words("embed_tokens.weight"),
        layers: "layers",
        layer: LAYER,
        final_norm: Some("norm"),
        head: HeadNames::of_decoder("lm_head.weight"),
        ..BERT.names
    },
    ..BERT
};

const LAYER: LayerNames = LayerNames {
    projections: ProjectionNames::Separate([
        "self_attn.q_proj",
        "self_attn.k_proj",
        "self_attn.v_proj",
    ]),
    attention_output: "self_attn.o_proj",
    attention_norm: "input_layernorm",
    intermediate: "mlp.gate_proj",
    gate: Some("mlp.up_proj"),
    output: "mlp.down_proj",
    mlp_norm: "post_attention_layernorm",
    ..BERT.names.layer
};

pub(crate) const MISTRAL: Traits = Traits {
    model_type: "mistral",
    architectures: &["MistralForCausalLM"],
    class_prefix: "Mistral",
    sizes: DefaultSizes {
        neurons: DefaultNeurons::Fixed(14_336),
        positions: 131_072,
        ..LLAMA_SIZES
    },
    fixes_tokenizer: true,
    structure: read_mistral,
    ..LLAMA
};

pub(crate) const QWEN2: Traits = Traits {
    model_type: "qwen2",
    architectures: &["Qwen2ForCausalLM"],
    class_prefix: "Qwen2",
    sizes: QWEN_SIZES,
    tokenizer: TokenizerClass::Qwen2,
    fixes_tokenizer: true,
    special_tokens: ["<|endoftext|>"; 5],
    structure: read_qwen2,
    known_by: "model.layers.0.self_attn.q_proj.bias",
    ..LLAMA
};

pub(crate) const QWEN3: Traits = Traits {
    model_type: "qwen3",
    architectures: &["Qwen3ForCausalLM"],
    class_prefix: "Qwen3",
    sizes: QWEN_SIZES,
    tokenizer: TokenizerClass::Qwen2,
    special_tokens: ["<|endoftext|>"; 5],
    structure: read_qwen3,
    known_by: "model.layers.0.self_attn.q_norm.weight",
    names: Names {
        layer: LayerNames { head_norms: Some(["self_attn.q_norm", "self_attn.k_norm"]), ..LAYER },
        ..LLAMA.names
    },
    ..LLAMA
};

/// The keys of rotary positions.
const ROTARY: RotaryKeys = RotaryKeys { base: "rope_theta", share: None };

/// Numbers by default where a family has some that do not follow from others.
const MISTRAL_KEY_VALUES: usize = 8;
const QWEN_KEY_VALUES: usize = 32;
const QWEN3_HEAD_SIZE: usize = 128;
const WINDOW: usize = 4096;
const WINDOWED_FROM: usize = 28;

fn read_llama(keys: JsonKeys<'_>, activation: Activation) -> Result<Structure, BertModelError> {
    let attention_bias = keys.flag("attention_bias")?.unwrap_or(false);
    let biases = Biases {
        attention: attention_bias,
        attention_output: attention_bias,
        mlp: keys.flag("mlp_bias")?.unwrap_or(false),
        ..NO_BIASES
    };
    let heads = AttentionHeads {
        key_values: keys.size("num_key_value_heads")?,
        size: keys.size("head_dim")?,
    };
    structure(activation, heads, biases, AttentionPattern::Same(attention(keys, Reach::Left)?))
}

fn read_mistral(keys: JsonKeys<'_>, activation: Activation) -> Result<Structure, BertModelError> {
    let heads = AttentionHeads {
        key_values: size_or(keys, "num_key_value_heads", MISTRAL_KEY_VALUES)?,
        size: keys.size("head_dim")?,
    };
    let reach = match size_or(keys, "sliding_window", WINDOW)? {
        Some(window) => Reach::LeftWindow(window - 1),
        None => Reach::Left,
    };
    structure(activation, heads, NO_BIASES, AttentionPattern::Same(attention(keys, reach)?))
}

fn read_qwen2(keys: JsonKeys<'_>, activation: Activation) -> Result<Structure, BertModelError> {
    let heads = AttentionHeads {
        key_values: size_or(keys, "num_key_value_heads", QWEN_KEY_VALUES)?,
        size: keys.size("head_dim")?,
    };
    let biases = Biases { attention: true, ..NO_BIASES };
    structure(activation, heads, biases, windowed(keys)?)
}

fn read_qwen3(keys: JsonKeys<'_>, activation: Activation) -> Result<Structure, BertModelError> {
    let attention_bias = keys.flag("attention_bias")?.unwrap_or(false);
    let biases =
        Biases { attention: attention_bias, attention_output: attention_bias, ..NO_BIASES };
    let heads = AttentionHeads {
        key_values: size_or(keys, "num_key_value_heads", QWEN_KEY_VALUES)?,
        size: Some(keys.size("head_dim")?.unwrap_or(QWEN3_HEAD_SIZE)),
    };
    structure(activation, heads, biases, windowed(keys)?)
}

const NO_BIASES: Biases = Biases {
    norms: false,
    attention: false,
    attention_output: false,
    mlp: false,
    transform: false,
    decoder: false,
};

#[expect(clippy::unnecessary_wraps, reason = "it ends functions that read keys")]
fn structure(
    activation: Activation,
    heads: AttentionHeads,
    biases: Biases,
    attention: AttentionPattern,
) -> Result<Structure, BertModelError> {
    Ok(Structure {
        norms: Norms::Pre,
        norm: NormKind::Rms,
        attention,
        heads,
        activation,
        gated: true,
        head_activation: activation,
        biases,
        prediction: PredictionPlace::TokenBefore,
        ..Structure::default()
    })
}

fn attention(keys: JsonKeys<'_>, reach: Reach) -> Result<AttentionKind, BertModelError> {
    Ok(AttentionKind { reach, rotary: Some(ROTARY.read(keys)?) })
}

/// A size with a default, which null switches off.
fn size_or(
    keys: JsonKeys<'_>,
    key: &'static str,
    default: usize,
) -> Result<Option<usize>, BertModelError> {
    if keys.0.contains_key(key) { keys.size(key) } else { Ok(Some(default)) }
}

/// Attention of Qwen: with a window in the layers that are listed, or in the upper ones, if there is one.
fn windowed(keys: JsonKeys<'_>) -> Result<AttentionPattern, BertModelError> {
    let full = attention(keys, Reach::Left)?;
    let uses_window = keys.flag("use_sliding_window")?.unwrap_or(false);
    let window = if uses_window { size_or(keys, "sliding_window", WINDOW)? } else { None };
    let Some(window) = window else { return Ok(AttentionPattern::Same(full)) };
    let layers = match listed_full_layers(keys)? {
        Some(layers) => layers,
        None => FullLayers::Below(keys.count("max_window_layers")?.unwrap_or(WINDOWED_FROM)),
    };
    let local = attention(keys, Reach::LeftWindow(window - 1))?;
    Ok(AttentionPattern::Mixed { local, full, layers })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn reach(keys: &Value, layer: usize) -> Reach {
        let keys = JsonKeys(keys.as_object().unwrap());
        read_qwen2(keys, Activation::Silu).unwrap().attention(layer).reach
    }

    #[test]
    fn the_upper_layers_of_qwen_have_a_window_or_all_or_none() {
        let keys = |first: usize| json!({"use_sliding_window": true, "sliding_window": 4, "max_window_layers": first});
        assert_eq!([0, 1].map(|layer| reach(&keys(1), layer)), [Reach::Left, Reach::LeftWindow(3)]);
        assert_eq!(reach(&keys(0), 0), Reach::LeftWindow(3));
        let unused = json!({"sliding_window": 4, "max_window_layers": 0});
        assert_eq!(reach(&unused, 0), Reach::Left);
    }
}
