use std::ops::Range;

use burn::{
    module::Module,
    tensor::{Device, Int, Tensor, TensorData},
};

use crate::{
    BertConfig, BertModelError, MlpHook, TensorSource, TokenBatch, embeddings::Embeddings,
    head::MlmHead, layer::Layer,
};

/// Hugging Face's `BertForMaskedLM`.
#[derive(Module, Debug)]
pub struct BertForMaskedLm {
    pub(crate) embeddings: Embeddings,
    pub(crate) layers: Vec<Layer>,
    pub(crate) head: MlmHead,
    #[module(skip)]
    config: BertConfig,
}

impl BertForMaskedLm {
    /// Builds the model from every tensor that `config` implies.
    ///
    /// # Errors
    /// Where a tensor is missing, has another shape or another dtype; the error names it.
    pub fn load(
        config: &BertConfig,
        source: &mut impl TensorSource,
        device: &Device,
    ) -> Result<Self, BertModelError> {
        let embeddings = Embeddings::load(config, source, device)?;
        let layers = (0..config.num_hidden_layers)
            .map(|index| Layer::load(config, index, source, device))
            .collect::<Result<_, _>>()?;
        let head = MlmHead::load(config, source, device)?;
        let next = Layer::first_tensor(config.num_hidden_layers);
        if source.contains(&next)? {
            let layers = config.num_hidden_layers;
            let reason =
                format!("`num_hidden_layers` is {layers}, but the weights have `{next}` too");
            return Err(BertModelError::Config { reason });
        }
        Ok(Self { embeddings, layers, head, config: config.clone() })
    }

    /// Every tensor of the model under its Hugging Face name and in its layout, so that
    /// `transformers` reads them unchanged. The counterpart of [`BertForMaskedLm::load`].
    #[must_use]
    pub fn tensors(&self) -> Vec<(String, TensorData)> {
        let mut out = Vec::new();
        self.embeddings.save(&mut out);
        for (index, layer) in self.layers.iter().enumerate() {
            layer.save(index, &mut out);
        }
        self.head.save(&mut out);
        out
    }

    /// The configuration that the model was built with.
    #[must_use]
    pub fn config(&self) -> &BertConfig {
        &self.config
    }

    /// The whole encoder. Returns the last hidden states, `[batch, seq, hidden]`.
    ///
    /// # Errors
    /// Where a sequence is too long or has an id outside the vocabulary.
    pub fn forward(
        &self,
        batch: &TokenBatch,
        hook: &mut dyn MlpHook,
    ) -> Result<Tensor<3>, BertModelError> {
        let hidden = self.embed(batch)?;
        self.run_layers(0..self.layers.len(), hidden, hook)
    }

    /// The hidden states that enter layer 0, `[batch, seq, hidden]`.
    ///
    /// # Errors
    /// Where a sequence is too long or has an id outside the vocabulary.
    pub fn embed(&self, batch: &TokenBatch) -> Result<Tensor<3>, BertModelError> {
        let device = self.embeddings.words.device();
        Ok(self.embeddings.forward(batch.ids(&self.config, &device)?))
    }

    /// Runs only the layers in `layers`: `hidden`, `[batch, seq, hidden]`, enters the first of
    /// them, and what leaves the last is returned. An empty range returns `hidden`.
    ///
    /// # Errors
    /// [`BertModelError::NoSuchLayer`] where the range ends behind the last layer.
    ///
    /// # Panics
    /// Where `hidden` has another width than the model.
    pub fn run_layers(
        &self,
        layers: Range<usize>,
        hidden: Tensor<3>,
        hook: &mut dyn MlpHook,
    ) -> Result<Tensor<3>, BertModelError> {
        let count = self.layers.len();
        if layers.end > count {
            return Err(BertModelError::NoSuchLayer { layer: layers.end - 1, layers: count });
        }
        let mut hidden = hidden;
        for index in layers {
            hidden = self.layers[index].forward(index, hidden, hook);
        }
        Ok(hidden)
    }

    /// Logits over the vocabulary at `places`, (row, position) pairs of `hidden`, the last hidden
    /// states `[batch, seq, hidden]`. Returns `[places, vocabulary]`.
    ///
    /// # Errors
    /// [`BertModelError::NoSuchPosition`] for a place outside `hidden`, and
    /// [`BertModelError::EmptyBatch`] for no place at all.
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
        Ok(self.head.forward(hidden, self.embeddings.words.val()))
    }
}
