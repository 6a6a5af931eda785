use std::ops::Range;

use burn::{
    module::Module,
    tensor::{DType, Device, Int, Tensor, TensorData},
};
use safetensors::{Dtype, SafeTensorError, tensor::TensorView};

use crate::{
    config::{bert_config::BertConfig, config_error::ConfigError, family_traits::Names},
    error::BertModelError,
    model::{
        embeddings::Embeddings,
        layer::Layer,
        mlm_head::MlmHead,
        mlp_hook::{MlpHook, TokenSet},
        token_batch::TokenBatch,
    },
    ops::{cpu::freed_memory::keep_freed_memory, dot_product_attention::Projections},
    weights::{
        tensor_reader::TensorReader, tensor_source::TensorSource, tensor_writer::NamedTensors,
    },
};

/// The bytes of a `model.safetensors` with tensors of `dtype`.
fn serialise(tensors: &NamedTensors, dtype: Dtype) -> Result<Vec<u8>, BertModelError> {
    let views = tensors.iter().map(|(name, data)| {
        Ok((name, TensorView::new(dtype, data.shape().to_vec(), data.as_bytes())?))
    });
    // `transformers` asks for the format.
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    let bytes = views
        .collect::<Result<Vec<_>, SafeTensorError>>()
        .and_then(|views| safetensors::serialize(views, Some(metadata)));
    bytes.map_err(|error| BertModelError::Container {
        file: "model.safetensors".to_owned(),
        message: error.to_string(),
    })
}

/// A language model: Hugging Face's `BertForMaskedLM`, and those of [`Family`](crate::Family), which differ
/// from it in a few parts.
#[derive(Module, Debug)]
pub struct LanguageModel {
    pub(crate) embeddings: Embeddings,
    pub(crate) layers: Vec<Layer>,
    pub(crate) head: MlmHead,
    #[module(skip)]
    config: BertConfig,
}

impl LanguageModel {
    /// Builds the model from every tensor that `config` implies.
    ///
    /// # Errors
    /// If a tensor is missing, has another shape or another dtype, or the weights have more layers
    /// than `config`; the error names the tensor.
    pub fn load(
        config: &BertConfig,
        source: &mut impl TensorSource,
        device: &Device,
    ) -> Result<Self, BertModelError> {
        keep_freed_memory();
        let names = config.model_type.names();
        let mut reader = TensorReader { names, source, device };
        let embeddings = Embeddings::load(config, &mut reader)?;
        let mut layers: Vec<Layer> = Vec::new();
        for index in 0..config.num_hidden_layers {
            layers.push(match layers.first() {
                Some(first) if names.are_layers_shared => first.clone(),
                _ => Layer::load(config, index, &mut reader)?,
            });
        }
        let head = MlmHead::load(config, embeddings.words.val(), &mut reader)?;
        let next = names.first_tensor(stored_layers(names, config.num_hidden_layers));
        if reader.contains(&next)? {
            return Err(BertModelError::Config(ConfigError::MoreLayers {
                key: config.model_type.traits().key("num_hidden_layers"),
                layers: config.num_hidden_layers,
                tensor: next,
            }));
        }
        Ok(Self { embeddings, layers, head, config: config.clone() })
    }

    /// Every tensor of the model under its Hugging Face name and in its layout, so that
    /// `transformers` reads them unchanged. The counterpart of [`LanguageModel::load`].
    #[must_use]
    pub fn tensors(&self) -> Vec<(String, TensorData)> {
        let names = self.config.model_type.names();
        let mut tensors = Vec::new();
        self.embeddings.save(names, &mut tensors);
        let stored = stored_layers(names, self.layers.len());
        for (index, layer) in self.layers.iter().take(stored).enumerate() {
            layer.save(index, names, &mut tensors);
        }
        self.head.save(names, &mut tensors);
        tensors
    }

    /// These tensors as the bytes of a `model.safetensors`, which [`Weights::from_bytes`] reads.
    ///
    /// # Errors
    /// If the file cannot hold them ([`BertModelError::Container`]).
    ///
    /// [`Weights::from_bytes`]: crate::Weights::from_bytes
    pub fn to_safetensors(&self) -> Result<Vec<u8>, BertModelError> {
        serialise(&self.tensors(), Dtype::F32)
    }

    /// The same file with every value rounded to f16, which takes half the space.
    ///
    /// # Errors
    /// If the file cannot hold the tensors ([`BertModelError::Container`]).
    pub fn to_f16_safetensors(&self) -> Result<Vec<u8>, BertModelError> {
        let tensors = self.tensors().into_iter();
        let halves: NamedTensors =
            tensors.map(|(name, data)| (name, data.convert_dtype(DType::F16))).collect();
        serialise(&halves, Dtype::F16)
    }

    /// The configuration of the model.
    #[must_use]
    pub fn config(&self) -> &BertConfig {
        &self.config
    }

    /// Runs the whole encoder. Returns the last hidden states, `[batch, seq, hidden]`.
    ///
    /// # Errors
    /// If a sequence is too long or has an id outside the vocabulary.
    pub fn forward(
        &self,
        batch: &TokenBatch,
        hook: &mut dyn MlpHook,
    ) -> Result<Tensor<3>, BertModelError> {
        let hidden = self.embed(batch)?;
        self.run_layers(0..self.layers.len(), hidden, hook)
    }

    /// The input of layer 0, `[batch, seq, hidden]`.
    ///
    /// # Errors
    /// If a sequence is too long or has an id outside the vocabulary.
    pub fn embed(&self, batch: &TokenBatch) -> Result<Tensor<3>, BertModelError> {
        let device = self.embeddings.words.device();
        Ok(self.embeddings.forward(batch.ids(&self.config, &device)?))
    }

    /// Runs only the layers in `layers`. `hidden`, `[batch, seq, hidden]`, is the input of the first
    /// of them, and the output of the last is returned. An empty range returns `hidden`.
    ///
    /// # Errors
    /// If the range ends behind the last layer ([`BertModelError::NoSuchLayer`]).
    ///
    /// # Panics
    /// If `hidden` has another width than the model.
    pub fn run_layers(
        &self,
        layers: Range<usize>,
        mut hidden: Tensor<3>,
        hook: &mut dyn MlpHook,
    ) -> Result<Tensor<3>, BertModelError> {
        let count = self.layers.len();
        if layers.end > count {
            return Err(BertModelError::NoSuchLayer { layer: layers.end - 1, layers: count });
        }
        for index in layers {
            let attended = self.layers[index].attend(hidden, TokenSet::All);
            hidden = self.layers[index].run_mlp(index, attended, TokenSet::All, hook);
        }
        Ok(hidden)
    }

    /// Runs the whole encoder for one token of each row. Returns its last hidden states,
    /// `[batch, hidden]`. The last layer computes only these tokens, and a hook sees only them there.
    ///
    /// # Errors
    /// If a sequence is too long or has an id outside the vocabulary, or there is not exactly one
    /// position per row, inside the row.
    pub fn forward_at(
        &self,
        batch: &TokenBatch,
        positions: &[usize],
        hook: &mut dyn MlpHook,
    ) -> Result<Tensor<2>, BertModelError> {
        let last = self.layers.len() - 1;
        let hidden = self.run_layers(0..last, self.embed(batch)?, hook)?;
        let tokens = TokenSet::OneEach(positions);
        let attended = self.attend(last, hidden, tokens)?;
        Ok(self.mlp(last, attended, tokens, hook)?.squeeze_dim(1))
    }

    /// Runs the first half of a layer: attention, and the LayerNorm that belongs to it. `hidden`,
    /// `[batch, seq, hidden]`, is the input of the layer. Returns the residual stream between the halves
    /// at `tokens`, which [`LanguageModel::mlp`] reads.
    ///
    /// # Errors
    /// If there is no such layer ([`BertModelError::NoSuchLayer`]), or not exactly one position per
    /// row, inside the row ([`BertModelError::NoSuchPosition`]).
    pub fn attend(
        &self,
        layer: usize,
        hidden: Tensor<3>,
        tokens: TokenSet<'_>,
    ) -> Result<Tensor<3>, BertModelError> {
        let [rows, length, _] = hidden.dims();
        match tokens {
            TokenSet::All => (),
            TokenSet::OneEach(positions) => check_positions(positions, hidden.dims())?,
            TokenSet::From(position) if position < length => (),
            TokenSet::From(position) => {
                return Err(BertModelError::NoSuchPosition { row: 0, position, rows, length });
            }
        }
        Ok(self.layer(layer)?.attend(hidden, tokens))
    }

    /// The queries, keys and values of `hidden`, `[batch, seq, hidden]`, the input of the layer. Those of
    /// a token depend on nothing else.
    ///
    /// # Errors
    /// If there is no such layer ([`BertModelError::NoSuchLayer`]).
    pub fn project(&self, layer: usize, hidden: Tensor<3>) -> Result<Projections, BertModelError> {
        Ok(self.layer(layer)?.project(hidden))
    }

    /// [`LanguageModel::attend`] of all tokens, from the result of [`LanguageModel::project`].
    ///
    /// # Errors
    /// If there is no such layer ([`BertModelError::NoSuchLayer`]).
    ///
    /// # Panics
    /// If `projections` have another shape than `hidden`.
    pub fn attend_projected(
        &self,
        layer: usize,
        hidden: Tensor<3>,
        projections: Projections,
    ) -> Result<Tensor<3>, BertModelError> {
        Ok(self.layer(layer)?.attend_projected(hidden, projections))
    }

    /// [`LanguageModel::attend`] of one token of each row, from the queries of these tokens, `[batch, 1,
    /// hidden]`, and the keys and values of all, `[batch, seq, hidden]`. `hidden`, `[batch, 1, hidden]`, is the
    /// input of the layer at these tokens.
    ///
    /// # Errors
    /// If there is no such layer ([`BertModelError::NoSuchLayer`]), or not exactly one position per row,
    /// inside the row ([`BertModelError::NoSuchPosition`]).
    ///
    /// # Panics
    /// If `projections` have other shapes.
    pub fn attend_projected_at(
        &self,
        layer: usize,
        hidden: Tensor<3>,
        projections: Projections,
        positions: &[usize],
    ) -> Result<Tensor<3>, BertModelError> {
        check_positions(positions, projections.keys.dims())?;
        Ok(self.layer(layer)?.attend_projected_at(hidden, projections, positions))
    }

    /// [`LanguageModel::attend`] of the tokens of each row from `first` on, from the queries of these tokens and
    /// the keys and values of all. `hidden`, `[batch, tokens, hidden]`, is the input of the layer at these tokens.
    ///
    /// # Errors
    /// If there is no such layer ([`BertModelError::NoSuchLayer`]), or the row does not have these tokens
    /// ([`BertModelError::NoSuchPosition`]).
    ///
    /// # Panics
    /// If `projections` have other shapes.
    pub fn attend_projected_from(
        &self,
        layer: usize,
        hidden: Tensor<3>,
        projections: Projections,
        first: usize,
    ) -> Result<Tensor<3>, BertModelError> {
        let [rows, length, _] = projections.keys.dims();
        let [_, tokens, _] = hidden.dims();
        if first + tokens > length {
            let position = first + tokens - 1;
            return Err(BertModelError::NoSuchPosition { row: 0, position, rows, length });
        }
        Ok(self.layer(layer)?.attend_projected_from(hidden, projections, first))
    }

    /// Runs the second half of a layer: its MLP, and the LayerNorm that belongs to it. `attended` is the result
    /// of [`LanguageModel::attend`] for `tokens`. Returns the layer's output for them.
    ///
    /// # Errors
    /// If there is no such layer ([`BertModelError::NoSuchLayer`]).
    pub fn mlp(
        &self,
        layer: usize,
        attended: Tensor<3>,
        tokens: TokenSet<'_>,
        hook: &mut dyn MlpHook,
    ) -> Result<Tensor<3>, BertModelError> {
        Ok(self.layer(layer)?.run_mlp(layer, attended, tokens, hook))
    }

    fn layer(&self, layer: usize) -> Result<&Layer, BertModelError> {
        let layers = self.layers.len();
        self.layers.get(layer).ok_or(BertModelError::NoSuchLayer { layer, layers })
    }

    /// The Euclidean norm of the column of `output.dense` of each neuron of `layer`: how far the
    /// neuron moves the residual stream per unit of its activation after GELU.
    ///
    /// # Errors
    /// If there is no such layer ([`BertModelError::NoSuchLayer`]).
    pub fn output_norms(&self, layer: usize) -> Result<Vec<f32>, BertModelError> {
        Ok(self.layer(layer)?.mlp.output_norms())
    }

    /// Logits over the vocabulary, `[n, vocabulary]`, of last hidden states `[n, hidden]`.
    #[must_use]
    pub fn logits(&self, hidden: Tensor<2>) -> Tensor<2> {
        self.head.forward(hidden, self.embeddings.words.val())
    }

    /// Logits of a few tokens, `[n, tokens]`, of last hidden states `[n, hidden]`.
    ///
    /// # Errors
    /// If an id is outside the vocabulary ([`BertModelError::TokenId`]).
    pub fn logits_of(
        &self,
        hidden: Tensor<2>,
        tokens: &[u32],
    ) -> Result<Tensor<2>, BertModelError> {
        let vocabulary = self.config.vocab_size;
        if let Some(&id) = tokens.iter().find(|&&id| id as usize >= vocabulary) {
            return Err(BertModelError::TokenId { id, vocabulary });
        }
        let ids: Vec<i64> = tokens.iter().map(|&id| i64::from(id)).collect();
        let ids = Tensor::<1, Int>::from_data(ids.as_slice(), &hidden.device());
        Ok(self.head.forward_of(hidden, self.embeddings.words.val(), ids))
    }

    /// Logits over the vocabulary at `places`, (row, position) pairs of `hidden`, the last hidden
    /// states `[batch, seq, hidden]`. Returns `[places, vocabulary]`.
    ///
    /// # Errors
    /// If a place is outside `hidden` ([`BertModelError::NoSuchPosition`]), or there is no place
    /// ([`BertModelError::EmptyBatch`]).
    pub fn logits_at(
        &self,
        hidden: Tensor<3>,
        places: &[(usize, usize)],
    ) -> Result<Tensor<2>, BertModelError> {
        let [rows, length, width] = hidden.dims();
        if places.is_empty() {
            return Err(BertModelError::EmptyBatch);
        }
        let mut flat = Vec::with_capacity(places.len());
        for &(row, position) in places {
            if row >= rows || position >= length {
                return Err(BertModelError::NoSuchPosition { row, position, rows, length });
            }
            flat.push((row * length + position) as i64);
        }
        let places = Tensor::<1, Int>::from_data(flat.as_slice(), &hidden.device());
        let hidden = hidden.reshape([rows * length, width]).select(0, places);
        Ok(self.logits(hidden))
    }
}

/// Number of layers that have weights of their own.
fn stored_layers(names: &Names, layers: usize) -> usize {
    if names.are_layers_shared { layers.min(1) } else { layers }
}

/// Checks that there is one position per row of a batch of this shape, inside the row.
pub(crate) fn check_positions(
    positions: &[usize],
    [rows, length, _]: [usize; 3],
) -> Result<(), BertModelError> {
    for (row, &position) in positions.iter().enumerate() {
        if position >= length {
            return Err(BertModelError::NoSuchPosition { row, position, rows, length });
        }
    }
    if positions.len() != rows {
        let row = positions.len();
        return Err(BertModelError::NoSuchPosition { row, position: 0, rows, length });
    }
    Ok(())
}
