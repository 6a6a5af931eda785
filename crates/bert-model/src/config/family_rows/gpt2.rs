//! GPT-2 (Radford and others 2019), and DistilGPT-2.
//!
//! A decoder: attention reads only the token itself and those before it, so the prediction of a word is read
//! at the token before it. A LayerNorm stands before attention and before the MLP, and one more in front of
//! the decoder, which is the matrix of the token embeddings. Matrices are stored the other way round.

use crate::{
    config::{
        family_rows::post_norm_bert::BERT,
        family_traits::{
            DefaultNeurons, DefaultSizes, EmbeddingNames, Epsilon, HeadNames, LayerNames, Layout,
            Names, ProjectionNames, Traits,
        },
        json_keys::{JsonKeys, unsupported},
        structure::{
            AttentionKind, AttentionPattern, Biases, Norms, PredictionPlace, ScoreDivisors,
            Structure,
        },
    },
    error::BertModelError,
    ops::{activation::Activation, reach::Reach},
    text::reconciled::tokenizer_class::TokenizerClass,
};

pub(crate) const GPT2: Traits = Traits {
    model_type: "gpt2",
    architectures: &["GPT2LMHeadModel"],
    class_prefix: "GPT2",
    keys: &[
        ("n_embd", "hidden_size"),
        ("n_inner", "intermediate_size"),
        ("n_head", "num_attention_heads"),
        ("n_layer", "num_hidden_layers"),
        ("n_positions", "max_position_embeddings"),
        ("activation_function", "hidden_act"),
        ("layer_norm_epsilon", "layer_norm_eps"),
    ],
    ignored_keys: &[
        "hidden_act",
        "intermediate_size",
        "layer_norm_eps",
        "is_decoder",
        "pad_token_id",
    ],
    default_activation: "gelu_new",
    epsilon: Epsilon::OfKey(1e-5),
    tokenizer: TokenizerClass::Gpt2,
    special_tokens: ["<|endoftext|>"; 5],
    prediction: PredictionPlace::TokenBefore,
    sizes: DefaultSizes {
        vocabulary: Some(50_257),
        hidden: 768,
        layers: 12,
        heads: 12,
        neurons: DefaultNeurons::TimesHidden(4),
        positions: 1024,
        embedding: None,
    },
    structure: read_structure,
    known_by: "transformer.h.0.attn.c_attn.weight",
    names: Names {
        prefix: "transformer",
        embeddings: EmbeddingNames {
            positions: Some("wpe.weight"),
            ..EmbeddingNames::of_words("wte.weight")
        },
        layout: Layout::InOut,
        layers: "h",
        layer: LayerNames {
            projections: ProjectionNames::Joint("attn.c_attn"),
            attention_output: "attn.c_proj",
            attention_norm: "ln_1",
            intermediate: "mlp.c_fc",
            output: "mlp.c_proj",
            mlp_norm: "ln_2",
            ..BERT.names.layer
        },
        final_norm: Some("ln_f"),
        head: HeadNames::of_decoder("lm_head.weight"),
        ..BERT.names
    },
    ..BERT
};

fn read_structure(keys: JsonKeys<'_>, activation: Activation) -> Result<Structure, BertModelError> {
    const CROSS_ATTENTION: &str = "add_cross_attention";
    if keys.flag(CROSS_ATTENTION)?.unwrap_or(false) {
        return Err(unsupported(CROSS_ATTENTION, true, "false"));
    }
    let scores = ScoreDivisors {
        size: keys.flag("scale_attn_weights")?.unwrap_or(true),
        layer: keys.flag("scale_attn_by_inverse_layer_idx")?.unwrap_or(false),
    };
    let attention = AttentionKind { reach: Reach::Left, rotary: None };
    Ok(Structure {
        norms: Norms::Pre,
        attention: AttentionPattern::Same(attention),
        scores,
        activation,
        head_activation: activation,
        biases: Biases { transform: false, decoder: false, ..Biases::default() },
        prediction: PredictionPlace::TokenBefore,
        ..Structure::default()
    })
}
