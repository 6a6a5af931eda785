use burn::{
    module::{Module, Param},
    nn::Linear,
    tensor::{Int, Tensor, module::embedding},
};

use crate::{
    config::{
        bert_config::BertConfig,
        family_traits::{EmbeddingNames, Names},
    },
    error::BertModelError,
    ops::layer_norm::LayerNorm,
    weights::{
        tensor_reader::TensorReader,
        tensor_source::TensorSource,
        tensor_writer::{NamedTensors, save_linear, save_norm},
    },
};

/// Token + position + segment embeddings, then LayerNorm, then a projection if the layers have
/// another width; as many of these as the family has. Every token is in segment 0.
#[derive(Module, Debug)]
pub(crate) struct Embeddings {
    /// `[vocabulary, width]`.
    pub(crate) words: Param<Tensor<2>>,
    /// `[positions, width]`, in families that have them.
    positions: Option<Param<Tensor<2>>>,
    /// `[segments, width]`, in families that have them.
    segments: Option<Param<Tensor<2>>>,
    norm: Option<LayerNorm>,
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
        let EmbeddingNames { words, positions, segments, norm, projection } = &names.embeddings;
        let mut table = |part, rows| reader.matrix(&names.full(part), [rows, width]);
        let words = table(words, config.vocab_size)?;
        let positions = match positions {
            Some(positions) => Some(table(positions, config.max_position_embeddings)?),
            None => None,
        };
        let segments = match segments {
            Some(segments) => Some(table(segments, config.type_vocab_size)?),
            None => None,
        };
        let norm = match norm {
            Some(norm) => Some(reader.norm(&names.full(norm), width, config)?),
            None => None,
        };
        let projection = if width == hidden {
            None
        } else {
            Some(reader.linear(&names.full(projection), [width, hidden], true)?)
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
        let EmbeddingNames { words, positions, segments, norm, projection } = &names.embeddings;
        let tables = [
            (Some(*words), Some(&self.words)),
            (*positions, self.positions.as_ref()),
            (*segments, self.segments.as_ref()),
        ];
        for (part, table) in tables {
            if let (Some(part), Some(table)) = (part, table) {
                tensors.push((names.full(part), table.val().into_data()));
            }
        }
        if let (Some(part), Some(norm)) = (norm, &self.norm) {
            save_norm(norm, &names.full(part), tensors);
        }
        if let Some(linear) = &self.projection {
            save_linear(linear, &names.full(projection), tensors);
        }
    }

    /// `ids`: `[batch, seq]`. Returns `[batch, seq, hidden]`.
    pub(crate) fn forward(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        let [_, length] = ids.dims();
        let mut sum = embedding(self.words.val(), ids);
        if let Some(positions) = &self.positions {
            let positions = positions.val().narrow(0, self.first_position, length);
            sum = sum + positions.unsqueeze::<3>();
        }
        if let Some(segments) = &self.segments {
            sum = sum + segments.val().narrow(0, 0, 1).unsqueeze::<3>();
        }
        let embedded = match &self.norm {
            Some(norm) => norm.forward(sum),
            None => sum,
        };
        match &self.projection {
            Some(projection) => projection.forward(embedded),
            None => embedded,
        }
    }
}
