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
    /// The token whose embedding is 0.
    #[module(skip)]
    dropped_token: Option<u32>,
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
        let parts = config.structure.embeddings;
        let positions = match positions.filter(|_| parts.positions) {
            Some(positions) => Some(table(positions, config.max_position_embeddings)?),
            None => None,
        };
        let segments = match segments {
            Some(segments) => Some(table(segments, config.type_vocab_size)?),
            None => None,
        };
        let norm = match norm.filter(|_| parts.norm) {
            Some(norm) => Some(reader.norm(&names.full(norm), width, config)?),
            None => None,
        };
        let projection = match projection.name(width, hidden) {
            Some(projection) => {
                Some(reader.linear(&names.full(projection), [width, hidden], true)?)
            }
            None => None,
        };
        Ok(Self {
            words,
            positions,
            segments,
            norm,
            projection,
            first_position: config.first_position(),
            dropped_token: parts.dropped_token,
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
            let [width, hidden] = linear.weight.dims();
            if let Some(projection) = projection.name(width, hidden) {
                save_linear(linear, &names.full(projection), tensors);
            }
        }
    }

    /// `ids`: `[batch, seq]`. Returns `[batch, seq, hidden]`.
    pub(crate) fn forward(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        let [_, length] = ids.dims();
        let mut sum = embedding(self.words.val(), ids.clone());
        if let Some(token) = self.dropped_token {
            sum = drop_token(sum, ids, token);
        }
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

/// Share of the tokens that were not replaced by a mask in ESM's training.
const KEPT_IN_TRAINING: f64 = 1.0 - 0.15 * 0.8;

/// Sets the embeddings of `token` to 0, and scales those of each row by the share of its other tokens, compared
/// with that in training. `embedded` is `[batch, seq, width]`, `ids` `[batch, seq]`.
fn drop_token(embedded: Tensor<3>, ids: Tensor<2, Int>, token: u32) -> Tensor<3> {
    let [batch, length] = ids.dims();
    let kept = ids.not_equal_elem(i64::from(token)).float();
    let share = kept.clone().mean_dim(1).reshape([batch, 1, 1]);
    embedded * kept.reshape([batch, length, 1]) * KEPT_IN_TRAINING / share
}
