//! BERT (Devlin and others 2019, arXiv:1810.04805) and the families that compute what it computes, under
//! other names: RoBERTa, XLM-RoBERTa, CamemBERT, DistilBERT and ELECTRA's generator.

use crate::{
    config::{
        family_traits::{
            DefaultNeurons, DefaultSizes, EmbeddingNames, Epsilon, HeadNames, LayerNames, Layout,
            Names, Projection, ProjectionNames, Traits, TransformNames,
        },
        json_keys::JsonKeys,
        structure::{PredictionPlace, Structure},
    },
    error::BertModelError,
    ops::activation::Activation,
    text::reconciled::tokenizer_class::TokenizerClass,
};

const BERT_EMBEDDINGS: EmbeddingNames = EmbeddingNames {
    words: "embeddings.word_embeddings.weight",
    positions: Some("embeddings.position_embeddings.weight"),
    segments: Some("embeddings.token_type_embeddings.weight"),
    norm: Some("embeddings.LayerNorm"),
    projection: Projection::IfNarrow("embeddings_project"),
};

const BERT_LAYER: LayerNames = LayerNames {
    projections: ProjectionNames::Separate([
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
    ]),
    attention_output: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    head_norms: None,
    first_without_norm: false,
    intermediate: "intermediate.dense",
    gate: None,
    output: "output.dense",
    mlp_norm: "output.LayerNorm",
};

/// BERT-base's, for the most part.
const BERT_SIZES: DefaultSizes = DefaultSizes {
    vocabulary: Some(30_522),
    hidden: 768,
    layers: 12,
    heads: 12,
    neurons: DefaultNeurons::Fixed(3072),
    positions: 512,
    embedding: None,
};

pub(crate) const BERT: Traits = Traits {
    model_type: "bert",
    architectures: &["BertForMaskedLM", "BertForPreTraining"],
    class_prefix: "Bert",
    keys: &[],
    ignored_keys: &[],
    default_activation: "gelu",
    epsilon: Epsilon::OfKey(1e-12),
    padding: None,
    ties_words: true,
    tokenizer: TokenizerClass::Bert,
    fixes_tokenizer: false,
    special_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    prediction: PredictionPlace::Mask,
    sizes: BERT_SIZES,
    structure: one_activation,
    known_by: "cls.predictions.transform.dense.weight",
    names: Names {
        prefix: "bert",
        embeddings: BERT_EMBEDDINGS,
        layout: Layout::OutIn,
        layers: "encoder.layer",
        are_layers_shared: false,
        layer: BERT_LAYER,
        rotary_frequencies: &[],
        final_norm: None,
        head: HeadNames {
            transform: Some(TransformNames {
                dense: "cls.predictions.transform.dense",
                norm: "cls.predictions.transform.LayerNorm",
            }),
            decoder: "cls.predictions.decoder.weight",
            other_decoder: None,
            bias: "cls.predictions.bias",
            decoder_bias: Some("cls.predictions.decoder.bias"),
        },
    },
};

pub(crate) const ROBERTA: Traits = Traits {
    model_type: "roberta",
    architectures: &["RobertaForMaskedLM"],
    class_prefix: "Roberta",
    sizes: DefaultSizes { vocabulary: Some(50_265), ..BERT_SIZES },
    padding: Some(1),
    tokenizer: TokenizerClass::Roberta,
    special_tokens: ["<pad>", "<unk>", "<s>", "</s>", "<mask>"],
    structure: gelu_in_the_head,
    known_by: "lm_head.dense.weight",
    names: Names {
        prefix: "roberta",
        head: HeadNames {
            transform: Some(TransformNames { dense: "lm_head.dense", norm: "lm_head.layer_norm" }),
            decoder: "lm_head.decoder.weight",
            other_decoder: None,
            bias: "lm_head.bias",
            decoder_bias: Some("lm_head.decoder.bias"),
        },
        ..BERT.names
    },
    ..BERT
};

pub(crate) const XLM_ROBERTA: Traits = Traits {
    model_type: "xlm-roberta",
    architectures: &["XLMRobertaForMaskedLM"],
    class_prefix: "XLMRoberta",
    sizes: BERT_SIZES,
    tokenizer: TokenizerClass::XlmRoberta,
    ..ROBERTA
};

pub(crate) const CAMEMBERT: Traits = Traits {
    model_type: "camembert",
    architectures: &["CamembertForMaskedLM"],
    class_prefix: "Camembert",
    sizes: BERT_SIZES,
    tokenizer: TokenizerClass::Camembert,
    ..ROBERTA
};

pub(crate) const DISTILBERT: Traits = Traits {
    model_type: "distilbert",
    architectures: &["DistilBertForMaskedLM"],
    class_prefix: "DistilBert",
    keys: &[
        ("dim", "hidden_size"),
        ("hidden_dim", "intermediate_size"),
        ("n_heads", "num_attention_heads"),
        ("n_layers", "num_hidden_layers"),
        ("activation", "hidden_act"),
    ],
    epsilon: Epsilon::Fixed(1e-12),
    sizes: DefaultSizes { layers: 6, ..BERT_SIZES },
    known_by: "vocab_transform.weight",
    names: Names {
        prefix: "distilbert",
        embeddings: EmbeddingNames { segments: None, ..BERT_EMBEDDINGS },
        layers: "transformer.layer",
        layer: LayerNames {
            projections: ProjectionNames::Separate([
                "attention.q_lin",
                "attention.k_lin",
                "attention.v_lin",
            ]),
            attention_output: "attention.out_lin",
            attention_norm: "sa_layer_norm",
            intermediate: "ffn.lin1",
            output: "ffn.lin2",
            mlp_norm: "output_layer_norm",
            ..BERT_LAYER
        },
        head: HeadNames {
            transform: Some(TransformNames { dense: "vocab_transform", norm: "vocab_layer_norm" }),
            decoder: "vocab_projector.weight",
            other_decoder: None,
            bias: "vocab_projector.bias",
            decoder_bias: None,
        },
        ..BERT.names
    },
    ..BERT
};

pub(crate) const ELECTRA: Traits = Traits {
    model_type: "electra",
    architectures: &["ElectraForMaskedLM"],
    class_prefix: "Electra",
    sizes: DefaultSizes {
        hidden: 256,
        heads: 4,
        neurons: DefaultNeurons::Fixed(1024),
        embedding: Some(128),
        ..BERT_SIZES
    },
    structure: gelu_in_the_head,
    known_by: "generator_predictions.dense.weight",
    names: Names {
        prefix: "electra",
        head: HeadNames {
            transform: Some(TransformNames {
                dense: "generator_predictions.dense",
                norm: "generator_predictions.LayerNorm",
            }),
            decoder: "generator_lm_head.weight",
            other_decoder: None,
            bias: "generator_lm_head.bias",
            decoder_bias: None,
        },
        ..BERT.names
    },
    ..BERT
};

/// The head has the activation function of the layers.
#[expect(clippy::unnecessary_wraps, reason = "other families read keys that can be wrong")]
fn one_activation(
    _keys: JsonKeys<'_>,
    activation: Activation,
) -> Result<Structure, BertModelError> {
    Ok(Structure { activation, head_activation: activation, ..Structure::default() })
}

/// The head has GELU, whatever the layers have.
#[expect(clippy::unnecessary_wraps, reason = "other families read keys that can be wrong")]
fn gelu_in_the_head(
    _keys: JsonKeys<'_>,
    activation: Activation,
) -> Result<Structure, BertModelError> {
    Ok(Structure { activation, head_activation: Activation::Gelu, ..Structure::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_are_looked_for_too() {
        assert_eq!(
            BERT.names.possible_names("bert.embeddings.LayerNorm.weight"),
            [
                "bert.embeddings.LayerNorm.weight",
                "bert.embeddings.LayerNorm.gamma",
                "embeddings.LayerNorm.weight",
                "embeddings.LayerNorm.gamma",
            ]
        );
        assert_eq!(
            ROBERTA.names.possible_names("lm_head.bias"),
            ["lm_head.decoder.bias", "lm_head.bias"]
        );
    }
}
