//! ALBERT (Lan and others 2020, arXiv:1909.11942).
//!
//! BERT with one set of weights for all layers, and narrow embeddings that are projected to the layers' width.
//! A lesion of a layer is made in that layer only, although the others use the same neurons' weights.

use crate::{
    config::{
        family_rows::post_norm_bert::BERT,
        family_traits::{
            DefaultNeurons, DefaultSizes, EmbeddingNames, HeadNames, LayerNames, Names, Projection,
            ProjectionNames, Traits, TransformNames,
        },
        json_keys::JsonKeys,
        structure::Structure,
    },
    error::BertModelError,
    ops::activation::Activation,
    text::reconciled::tokenizer_class::TokenizerClass,
};

pub(crate) const ALBERT: Traits = Traits {
    model_type: "albert",
    architectures: &["AlbertForMaskedLM", "AlbertForPreTraining"],
    class_prefix: "Albert",
    default_activation: "gelu_new",
    tokenizer: TokenizerClass::Albert,
    special_tokens: ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"],
    sizes: DefaultSizes {
        vocabulary: Some(30_000),
        hidden: 4096,
        layers: 12,
        heads: 64,
        neurons: DefaultNeurons::Fixed(16_384),
        positions: 512,
        embedding: Some(128),
    },
    structure: read_structure,
    known_by: "predictions.dense.weight",
    names: Names {
        prefix: "albert",
        embeddings: EmbeddingNames {
            projection: Projection::Always("encoder.embedding_hidden_mapping_in"),
            ..BERT.names.embeddings
        },
        layers: "encoder.albert_layer_groups.0.albert_layers",
        are_layers_shared: true,
        layer: LayerNames {
            projections: ProjectionNames::Separate([
                "attention.query",
                "attention.key",
                "attention.value",
            ]),
            attention_output: "attention.dense",
            attention_norm: "attention.LayerNorm",
            intermediate: "ffn",
            output: "ffn_output",
            mlp_norm: "full_layer_layer_norm",
            ..BERT.names.layer
        },
        head: HeadNames {
            transform: Some(TransformNames {
                dense: "predictions.dense",
                norm: "predictions.LayerNorm",
            }),
            decoder: "predictions.decoder.weight",
            other_decoder: None,
            bias: "predictions.bias",
            decoder_bias: Some("predictions.decoder.bias"),
        },
        ..BERT.names
    },
    ..BERT
};

fn read_structure(keys: JsonKeys<'_>, activation: Activation) -> Result<Structure, BertModelError> {
    for key in ["num_hidden_groups", "inner_group_num"] {
        let count = keys.size(key)?.unwrap_or(1);
        if count != 1 {
            return Err(BertModelError::Unsupported {
                key,
                found: count.to_string(),
                supported: "1".to_owned(),
            });
        }
    }
    Ok(Structure { activation, head_activation: activation, ..Structure::default() })
}
