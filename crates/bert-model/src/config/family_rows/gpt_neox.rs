//! GPT-NeoX (Black and others 2022, arXiv:2204.06745), and Pythia (Biderman and others 2023, arXiv:2304.01373).
//!
//! A decoder, with LayerNorms before attention and before the MLP, and one more in front of the decoder, which is a
//! matrix of its own. With `use_parallel_residual` the MLP stands beside attention and reads the layer's input.
//! Positions are rotary and turn the first quarter of each head. Queries, keys and values are one matrix, in
//! which they follow each other head by head.

use crate::{
    config::{
        family_rows::post_norm_bert::BERT,
        family_traits::{
            DefaultNeurons, DefaultSizes, EmbeddingNames, Epsilon, HeadNames, LayerNames, Names,
            ProjectionNames, Traits,
        },
        json_keys::JsonKeys,
        rotary_keys::RotaryKeys,
        structure::{AttentionKind, AttentionPattern, Biases, Norms, PredictionPlace, Structure},
    },
    error::BertModelError,
    ops::{activation::Activation, reach::Reach},
    text::reconciled::tokenizer_class::TokenizerClass,
};

pub(crate) const GPT_NEOX: Traits = Traits {
    model_type: "gpt_neox",
    architectures: &["GPTNeoXForCausalLM"],
    class_prefix: "GPTNeoX",
    ignored_keys: &["is_decoder", "pad_token_id"],
    epsilon: Epsilon::OfKey(1e-5),
    ties_words: false,
    tokenizer: TokenizerClass::GptNeox,
    special_tokens: [
        "<|padding|>",
        "<|endoftext|>",
        "<|endoftext|>",
        "<|endoftext|>",
        "<|endoftext|>",
    ],
    prediction: PredictionPlace::TokenBefore,
    sizes: DefaultSizes {
        vocabulary: Some(50_432),
        hidden: 6144,
        layers: 44,
        heads: 64,
        neurons: DefaultNeurons::Fixed(24_576),
        positions: 2048,
        embedding: None,
    },
    structure: read_structure,
    known_by: "gpt_neox.embed_in.weight",
    names: Names {
        prefix: "gpt_neox",
        embeddings: EmbeddingNames::of_words("embed_in.weight"),
        layers: "layers",
        layer: LayerNames {
            projections: ProjectionNames::JointByHead("attention.query_key_value"),
            attention_output: "attention.dense",
            attention_norm: "input_layernorm",
            intermediate: "mlp.dense_h_to_4h",
            output: "mlp.dense_4h_to_h",
            mlp_norm: "post_attention_layernorm",
            ..BERT.names.layer
        },
        final_norm: Some("final_layer_norm"),
        head: HeadNames {
            // The name in a `state_dict` of `transformers` 5, whose `save_pretrained` still writes the other.
            other_decoder: Some("lm_head.weight"),
            ..HeadNames::of_decoder("embed_out.weight")
        },
        ..BERT.names
    },
    ..BERT
};

/// The keys of rotary positions.
const ROTARY: RotaryKeys =
    RotaryKeys { base: "rotary_emb_base", share: Some(("rotary_pct", 0.25)) };

fn read_structure(keys: JsonKeys<'_>, activation: Activation) -> Result<Structure, BertModelError> {
    let is_parallel = keys.flag("use_parallel_residual")?.unwrap_or(true);
    let attention_bias = keys.flag("attention_bias")?.unwrap_or(true);
    let attention = AttentionKind { reach: Reach::Left, rotary: Some(ROTARY.read(keys)?) };
    Ok(Structure {
        norms: if is_parallel { Norms::Parallel } else { Norms::Pre },
        attention: AttentionPattern::Same(attention),
        activation,
        head_activation: activation,
        biases: Biases {
            attention: attention_bias,
            attention_output: attention_bias,
            transform: false,
            decoder: false,
            ..Biases::default()
        },
        prediction: PredictionPlace::TokenBefore,
        ..Structure::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decoder_has_two_names() {
        let names = GPT_NEOX.names.possible_names("embed_out.weight");
        assert_eq!(names, ["embed_out.weight", "lm_head.weight"]);
    }
}
