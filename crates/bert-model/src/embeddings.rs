use burn::{
    module::{Module, Param},
    nn::LayerNorm,
    tensor::{Device, Int, Tensor, module::embedding},
};

use crate::{
    BertConfig, BertModelError, TensorSource,
    parts::{NamedTensors, load_norm, save_norm},
    source::matrix,
};

const WORDS: &str = "bert.embeddings.word_embeddings.weight";
const POSITIONS: &str = "bert.embeddings.position_embeddings.weight";
const SEGMENTS: &str = "bert.embeddings.token_type_embeddings.weight";
const NORM: &str = "bert.embeddings.LayerNorm";

/// Token + position + segment embeddings, then LayerNorm. Every token is in segment 0.
#[derive(Module, Debug)]
pub(crate) struct Embeddings {
    /// `[vocabulary, hidden]`.
    pub(crate) words: Param<Tensor<2>>,
    /// `[positions, hidden]`.
    positions: Param<Tensor<2>>,
    /// `[segments, hidden]`.
    segments: Param<Tensor<2>>,
    norm: LayerNorm,
}

impl Embeddings {
    pub(crate) fn load(
        config: &BertConfig,
        source: &mut impl TensorSource,
        device: &Device,
    ) -> Result<Self, BertModelError> {
        let hidden = config.hidden_size;
        let mut table = |name, rows| {
            Ok::<_, BertModelError>(Param::from_tensor(matrix(
                source,
                name,
                [rows, hidden],
                device,
            )?))
        };
        Ok(Self {
            words: table(WORDS, config.vocab_size)?,
            positions: table(POSITIONS, config.max_position_embeddings)?,
            segments: table(SEGMENTS, config.type_vocab_size)?,
            norm: load_norm(source, NORM, hidden, config.layer_norm_eps, device)?,
        })
    }

    pub(crate) fn save(&self, out: &mut NamedTensors) {
        for (name, table) in
            [(WORDS, &self.words), (POSITIONS, &self.positions), (SEGMENTS, &self.segments)]
        {
            out.push((name.to_owned(), table.val().into_data()));
        }
        save_norm(&self.norm, NORM, out);
    }

    /// `ids`: `[batch, seq]`. Returns `[batch, seq, hidden]`.
    pub(crate) fn forward(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        let [_, length] = ids.dims();
        let words = embedding(self.words.val(), ids);
        let positions = self.positions.val().narrow(0, 0, length).unsqueeze::<3>();
        let segment = self.segments.val().narrow(0, 0, 1).unsqueeze::<3>();
        self.norm.forward(words + positions + segment)
    }
}
