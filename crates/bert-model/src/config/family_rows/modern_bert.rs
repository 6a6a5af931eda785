//! ModernBERT (Warner and others 2024, arXiv:2412.13663), and the models that are built like it: Ettin's
//! encoders and mmBERT.
//!
//! A LayerNorm stands before attention and before the MLP, except before the attention of layer 0, and one
//! more in front of the head. Positions are rotary. Every third layer's attention reads all tokens, that of
//! the others a window. The MLP is gated: its first matrix has the rows of the neurons, and then those of
//! their gates.

use crate::{
    config::{
        config_error::ConfigError,
        family_rows::post_norm_bert::BERT,
        family_traits::{
            DefaultNeurons, DefaultSizes, EmbeddingNames, Epsilon, HeadNames, LayerNames, Names,
            Projection, ProjectionNames, Traits, TransformNames,
        },
        json_keys::{JsonKeys, unsupported},
        layer_types::{FULL, LOCAL, listed_full_layers},
        structure::{AttentionKind, AttentionPattern, Biases, FullLayers, Norms, Structure},
    },
    error::BertModelError,
    ops::{activation::Activation, reach::Reach, rotary::RotaryPositions},
    text::reconciled::tokenizer_class::TokenizerClass,
};

pub(crate) const MODERN_BERT: Traits = Traits {
    model_type: "modernbert",
    architectures: &["ModernBertForMaskedLM"],
    class_prefix: "ModernBert",
    keys: &[("hidden_activation", "hidden_act"), ("norm_eps", "layer_norm_eps")],
    ignored_keys: &["hidden_act", "layer_norm_eps"],
    epsilon: Epsilon::OfKey(1e-5),
    tokenizer: TokenizerClass::Whole,
    fixes_tokenizer: true,
    sizes: DefaultSizes {
        vocabulary: Some(50_368),
        hidden: 768,
        layers: 22,
        heads: 12,
        neurons: DefaultNeurons::Fixed(1152),
        positions: 8192,
        embedding: None,
    },
    structure: read_structure,
    known_by: "head.dense.weight",
    names: Names {
        prefix: "model",
        embeddings: EmbeddingNames {
            words: "embeddings.tok_embeddings.weight",
            positions: None,
            segments: None,
            norm: Some("embeddings.norm"),
            projection: Projection::Never,
        },
        layers: "layers",
        layer: LayerNames {
            projections: ProjectionNames::Joint("attn.Wqkv"),
            attention_output: "attn.Wo",
            attention_norm: "attn_norm",
            first_without_norm: true,
            intermediate: "mlp.Wi",
            output: "mlp.Wo",
            mlp_norm: "mlp_norm",
            ..BERT.names.layer
        },
        final_norm: Some("final_norm"),
        head: HeadNames {
            transform: Some(TransformNames { dense: "head.dense", norm: "head.norm" }),
            decoder: "decoder.weight",
            other_decoder: None,
            bias: "decoder.bias",
            decoder_bias: None,
        },
        ..BERT.names
    },
    ..BERT
};

/// The bases of rotary positions by default.
const FULL_BASE: f64 = 160_000.0;
const LOCAL_BASE: f64 = 10_000.0;

/// The tokens that a window has by default, half of them on either side.
const WINDOW: usize = 128;

/// By default the attention of each layer whose number is a multiple of this reads all tokens.
const FULL_LAYER_STEP: usize = 3;

fn read_structure(keys: JsonKeys<'_>, activation: Activation) -> Result<Structure, BertModelError> {
    let window = keys.size("local_attention")?.unwrap_or(WINDOW);
    let full = AttentionKind {
        reach: Reach::All,
        rotary: Some(rotary(keys, FULL, "global_rope_theta", FULL_BASE)?),
    };
    let local = AttentionKind {
        reach: Reach::Window(window / 2),
        rotary: Some(rotary(keys, LOCAL, "local_rope_theta", LOCAL_BASE)?),
    };
    let head_activation = keys.text("classifier_activation")?.unwrap_or("gelu");
    let Some(head_activation) = Activation::named(head_activation) else {
        let supported = Activation::names().collect::<Vec<_>>().join(", ");
        return Err(unsupported("classifier_activation", head_activation, &supported));
    };
    let attention_bias = keys.flag("attention_bias")?.unwrap_or(false);
    Ok(Structure {
        norms: Norms::Pre,
        attention: AttentionPattern::Mixed { local, full, layers: full_layers(keys)? },
        activation,
        gated: true,
        head_activation,
        biases: Biases {
            norms: keys.flag("norm_bias")?.unwrap_or(false),
            attention: attention_bias,
            attention_output: attention_bias,
            mlp: keys.flag("mlp_bias")?.unwrap_or(false),
            transform: keys.flag("classifier_bias")?.unwrap_or(false),
            decoder: keys.flag("decoder_bias")?.unwrap_or(true),
        },
        ..Structure::default()
    })
}

/// The layers whose attention reads all tokens: `layer_types`, or each so many layers.
fn full_layers(keys: JsonKeys<'_>) -> Result<FullLayers, BertModelError> {
    if let Some(layers) = listed_full_layers(keys)? {
        return Ok(layers);
    }
    let step = keys.size("global_attn_every_n_layers")?.unwrap_or(FULL_LAYER_STEP);
    Ok(FullLayers::Every(step))
}

/// The rotary positions of one kind of attention, with the base in `rope_parameters`, or under the key of older
/// files.
fn rotary(
    keys: JsonKeys<'_>,
    kind: &'static str,
    old_key: &'static str,
    default: f64,
) -> Result<RotaryPositions, BertModelError> {
    if let Some(scaling) = keys.get("rope_scaling") {
        return Err(unsupported("rope_scaling", scaling.clone(), "null"));
    }
    let mut base = None;
    if let Some(parameters) = keys.object("rope_parameters")?
        && let Some(parameters) = parameters.object(kind)?
    {
        let rope_type = parameters.text("rope_type")?.unwrap_or("default");
        if rope_type != "default" {
            return Err(unsupported("rope_type", rope_type, "\"default\""));
        }
        base = parameters.number("rope_theta")?;
    }
    if base.is_none() {
        base = keys.number(old_key)?;
    }
    let base = base.unwrap_or(default);
    if base >= 1.0 {
        return Ok(RotaryPositions::with_base(base));
    }
    Err(BertModelError::Config(ConfigError::RotaryBase { key: old_key, base }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn structure(keys: &Value) -> Structure {
        read_structure(JsonKeys(keys.as_object().unwrap()), Activation::Gelu).unwrap()
    }

    #[test]
    fn keys_of_older_files_mean_the_same() {
        let old = structure(&json!({
            "num_hidden_layers": 4, "global_attn_every_n_layers": 2, "local_attention": 8,
            "global_rope_theta": 5000.0, "local_rope_theta": 100.0
        }));
        let new = structure(&json!({
            "num_hidden_layers": 4, "local_attention": 8,
            "layer_types": [FULL, LOCAL, FULL, LOCAL],
            "rope_parameters": {
                FULL: {"rope_type": "default", "rope_theta": 5000.0},
                LOCAL: {"rope_type": "default", "rope_theta": 100.0}
            }
        }));
        for layer in 0..4 {
            assert_eq!(old.attention(layer), new.attention(layer), "layer {layer}");
        }
        assert_eq!(new.attention(1).reach, Reach::Window(4));
        let default = structure(&json!({"num_hidden_layers": 4}));
        let bases: Vec<_> = (0..4).map(|layer| default.attention(layer).rotary).collect();
        let [full, local] =
            [FULL_BASE, LOCAL_BASE].map(|base| Some(RotaryPositions::with_base(base)));
        assert_eq!(bases, [full, local, local, full]);
    }
}
