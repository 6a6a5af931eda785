use burn::{
    module::{Module, Param},
    nn::Linear,
    tensor::{Int, Tensor, module::embedding},
};

use crate::{
    config::{bert_config::BertConfig, family::Names},
    error::BertModelError,
    ops::layer_norm::LayerNorm,
    weights::{
        tensor_reader::TensorReader,
        tensor_source::TensorSource,
        tensor_writer::{NamedTensors, save_linear, save_norm},
    },
};

// Names of the parts, after the family's prefix.
const WORDS: &str = "word_embeddings.weight";
const POSITIONS: &str = "position_embeddings.weight";
const SEGMENTS: &str = "token_type_embeddings.weight";
const NORM: &str = "LayerNorm";

/// Token + position + segment embeddings, then LayerNorm, then a projection if the layers have
/// another width. Every token is in segment 0.
#[derive(Module, Debug)]
pub(crate) struct Embeddings {
    /// `[vocabulary, width]`.
    pub(crate) words: Param<Tensor<2>>,
    /// `[positions, width]`.
    positions: Param<Tensor<2>>,
    /// `[segments, width]`, in families that have them.
    segments: Option<Param<Tensor<2>>>,
    norm: LayerNorm,
    /// From the embeddings' width to that of the layers.
    projection: Option<Linear>,
    /// The position of a sequence's first token.
    #[module(skip)]
    first_position: usize,
}

impl Embeddings {
    pub(crate) fn load(
        config: &BertConfig,
        reader: &mut TensorReader<'_, impl TensorSource>,
    ) -> Result<Self, BertModelError> {
        let width = config.embedding_width();
        let hidden = config.hidden_size;
        let names = reader.names;
        let mut table = |part, rows| reader.matrix(&names.embeddings(part), [rows, width]);
        let words = table(WORDS, config.vocab_size)?;
        let positions = table(POSITIONS, config.max_position_embeddings)?;
        let segments =
            if names.segments { Some(table(SEGMENTS, config.type_vocab_size)?) } else { None };
        let norm = reader.norm(&names.embeddings(NORM), width, config.layer_norm_eps)?;
        let projection = if width == hidden {
            None
        } else {
            Some(reader.linear(&names.projection(), [width, hidden])?)
        };
        Ok(Self {
            words,
            positions,
            segments,
            norm,
            projection,
            first_position: config.first_position(),
        })
    }

    pub(crate) fn save(&self, names: &Names, tensors: &mut NamedTensors) {
        let tables = [
            (WORDS, Some(&self.words)),
            (POSITIONS, Some(&self.positions)),
            (SEGMENTS, self.segments.as_ref()),
        ];
        for (part, table) in tables {
            if let Some(table) = table {
                tensors.push((names.embeddings(part), table.val().into_data()));
            }
        }
        save_norm(&self.norm, &names.embeddings(NORM), tensors);
        if let Some(projection) = &self.projection {
            save_linear(projection, &names.projection(), tensors);
        }
    }

    /// `ids`: `[batch, seq]`. Returns `[batch, seq, hidden]`.
    pub(crate) fn forward(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        let [_, length] = ids.dims();
        let mut sum = embedding(self.words.val(), ids)
            + self.positions.val().narrow(0, self.first_position, length).unsqueeze::<3>();
        if let Some(segments) = &self.segments {
            sum = sum + segments.val().narrow(0, 0, 1).unsqueeze::<3>();
        }
        let embedded = self.norm.forward(sum);
        match &self.projection {
            Some(projection) => projection.forward(embedded),
            None => embedded,
        }
    }
}
