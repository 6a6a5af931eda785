//! ESM-2 (Lin and others 2023, doi:10.1126/science.ade2574) and ESM-1b: masked models of proteins, whose words
//! are amino acids.
//!
//! A LayerNorm stands before attention and before the MLP, and one more in front of the head. Positions are
//! rotary, or learned and counted from the one after the padding token. With `token_dropout` the embedding of a
//! mask is 0, and all embeddings of a sequence are scaled by the number of its masks.

use crate::{
    config::{
        config_error::ConfigError,
        family_rows::post_norm_bert::BERT,
        family_traits::{
            DefaultNeurons, DefaultSizes, EmbeddingNames, HeadNames, LayerNames, Names, Projection,
            Traits, TransformNames,
        },
        json_keys::JsonKeys,
        structure::{AttentionKind, AttentionPattern, EmbeddingParts, Norms, Structure},
    },
    error::BertModelError,
    ops::{activation::Activation, reach::Reach, rotary::RotaryPositions},
    text::reconciled::tokenizer_class::TokenizerClass,
};

pub(crate) const ESM: Traits = Traits {
    model_type: "esm",
    architectures: &["EsmForMaskedLM"],
    class_prefix: "Esm",
    ignored_keys: &["hidden_act"],
    padding: Some(1),
    tokenizer: TokenizerClass::Esm,
    special_tokens: ["<pad>", "<unk>", "<cls>", "<eos>", "<mask>"],
    sizes: DefaultSizes {
        vocabulary: None,
        hidden: 768,
        layers: 12,
        heads: 12,
        neurons: DefaultNeurons::Fixed(3072),
        positions: 1026,
        embedding: None,
    },
    structure: read_structure,
    known_by: "esm.encoder.emb_layer_norm_after.weight",
    names: Names {
        prefix: "esm",
        embeddings: EmbeddingNames {
            segments: None,
            norm: Some("embeddings.layer_norm"),
            projection: Projection::Never,
            ..BERT.names.embeddings
        },
        layer: LayerNames {
            attention_norm: "attention.LayerNorm",
            mlp_norm: "LayerNorm",
            ..BERT.names.layer
        },
        rotary_frequencies: &[
            "rotary_embeddings.inv_freq",
            "encoder.layer.0.attention.self.rotary_embeddings.inv_freq",
            // So `transformers` 5.23 writes it.
            "encoder.layer.*.attention.self.rotary_embeddings.inv_freq",
        ],
        final_norm: Some("encoder.emb_layer_norm_after"),
        head: HeadNames {
            transform: Some(TransformNames { dense: "lm_head.dense", norm: "lm_head.layer_norm" }),
            decoder: "lm_head.decoder.weight",
            other_decoder: None,
            bias: "lm_head.bias",
            decoder_bias: None,
        },
        ..BERT.names
    },
    ..BERT
};

/// The base of rotary positions by default.
const ROTARY_BASE: f64 = 10_000.0;

fn read_structure(
    keys: JsonKeys<'_>,
    _activation: Activation,
) -> Result<Structure, BertModelError> {
    if keys.flag("is_folding_model")?.unwrap_or_default() {
        return Err(BertModelError::Unsupported {
            key: "is_folding_model",
            found: "true".to_owned(),
            supported: "false".to_owned(),
        });
    }
    let is_rotary = match keys.text("position_embedding_type")?.unwrap_or("absolute") {
        "absolute" => false,
        "rotary" => true,
        other => {
            return Err(BertModelError::Unsupported {
                key: "position_embedding_type",
                found: format!("{other:?}"),
                supported: "\"absolute\" and \"rotary\"".to_owned(),
            });
        }
    };
    let base = keys.number("rope_theta")?.unwrap_or(ROTARY_BASE);
    if base < 1.0 {
        let error = ConfigError::RotaryBase { key: "rope_theta", base };
        return Err(BertModelError::Config(error));
    }
    let rotary = is_rotary.then(|| RotaryPositions::with_base(base));
    let attention = AttentionKind { reach: Reach::All, rotary };
    Ok(Structure {
        norms: Norms::Pre,
        attention: AttentionPattern::Same(attention),
        // Whatever `hidden_act` says.
        activation: Activation::Gelu,
        head_activation: Activation::Gelu,
        embeddings: EmbeddingParts {
            positions: !is_rotary,
            norm: keys.flag("emb_layer_norm_before")?.unwrap_or_default(),
            dropped_token: dropped_token(keys)?,
        },
        ..Structure::default()
    })
}

/// The mask, if its embedding is 0.
fn dropped_token(keys: JsonKeys<'_>) -> Result<Option<u32>, BertModelError> {
    if !keys.flag("token_dropout")?.unwrap_or_default() {
        return Ok(None);
    }
    let mask = keys.size("mask_token_id")?.and_then(|mask| u32::try_from(mask).ok());
    match mask {
        Some(mask) => Ok(Some(mask)),
        None => Err(BertModelError::Config(ConfigError::MissingKey { key: "mask_token_id" })),
    }
}
