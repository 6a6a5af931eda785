use burn::tensor::{Int, Tensor};

use crate::{
    error::BertModelError,
    model::{language_model::LanguageModel, mlp_hook::NoHook},
};

impl LanguageModel {
    /// The direct effect of each MLP neuron of `layer`, at the token `position`, on the logits of
    /// `tokens` at that position: how far the logit falls if the neuron's contribution is removed from
    /// the residual stream and no later attention or MLP reacts. Returns `[tokens, intermediate]`.
    ///
    /// `entering` is the clean pass of one sentence: the input of each layer and then the output of
    /// the last one, each `[1, seq, hidden]`.
    ///
    /// A neuron contributes its activation (after GELU) times its column of `output.dense`, which is
    /// added to the input of the layer's last LayerNorm.
    ///
    /// - In the **last layer** the effect is **exact**: that LayerNorm and the whole head are computed
    ///   again without the neuron, as if it were zeroed.
    /// - In **lower layers** it is **linearised**. On the way to the logit every LayerNorm (the
    ///   layer's last, both of every later layer, the head's) divides by its divisor in the clean
    ///   pass, and the head's `GELU(z) = z * Phi(z)` keeps the `Phi(z)` of the clean pass. With these
    ///   **frozen** the path is linear, so the effects of several neurons add up. The result differs
    ///   from that of zeroing the neuron.
    ///
    /// # Errors
    /// If `layer` or `position` does not exist ([`BertModelError::NoSuchLayer`],
    /// [`BertModelError::NoSuchPosition`]), `entering` has another number of tensors or other shapes
    /// ([`BertModelError::CleanPass`]), a token is outside the vocabulary
    /// ([`BertModelError::TokenId`]), or there is no token ([`BertModelError::EmptyBatch`]).
    pub fn direct_effects(
        &self,
        entering: &[Tensor<3>],
        layer: usize,
        position: usize,
        tokens: &[u32],
    ) -> Result<Tensor<2>, BertModelError> {
        self.check_direct_effects(entering, layer, position, tokens)?;
        let words = self.embeddings.words.val();
        let ids: Vec<_> = tokens.iter().map(|&id| i64::from(id)).collect();
        let ids = Tensor::<1, Int>::from_data(ids.as_slice(), &words.device());
        let rows = self.head.decoder_rows(words, ids);

        let layers = self.layers.len();
        let leaving = entering[layers].clone().narrow(1, position, 1).squeeze_dim(1);
        let clean = |index: usize| {
            self.layers[index].steps(index, entering[index].clone(), &mut NoHook).at(position)
        };
        if layer + 1 == layers {
            let changed = self.layers[layer].without_each_neuron(clean(layer));
            return Ok(self.head.logit_drops(rows, leaving, changed));
        }
        let mut directions = self.head.pull_back(&leaving, rows);
        for later in (layer + 1..layers).rev() {
            directions = self.layers[later].pull_back(&clean(later), directions);
        }
        Ok(self.layers[layer].written_along(clean(layer), directions))
    }

    /// The direct effects of some neurons on the logits of the whole vocabulary,
    /// `[neurons, vocabulary]`: [`LanguageModel::direct_effects`] of every word, computed forwards
    /// from the neurons, which is cheaper for a few of them.
    ///
    /// # Errors
    /// If [`LanguageModel::direct_effects`] fails, or a neuron does not exist
    /// ([`BertModelError::NoSuchNeuron`]).
    pub fn words_written(
        &self,
        entering: &[Tensor<3>],
        layer: usize,
        position: usize,
        neurons: &[usize],
    ) -> Result<Tensor<2>, BertModelError> {
        self.check_clean_pass(entering, layer, position)?;
        let indices = self.neuron_indices(neurons)?;
        let layers = self.layers.len();
        let leaving = entering[layers].clone().narrow(1, position, 1).squeeze_dim(1);
        let clean = |index: usize| {
            self.layers[index].steps(index, entering[index].clone(), &mut NoHook).at(position)
        };
        let decoder = self.head.decoder(self.embeddings.words.val());
        if layer + 1 == layers {
            let changed = self.layers[layer].without_neurons(clean(layer), indices);
            return Ok(self.head.logit_drops(decoder, leaving, changed).transpose());
        }
        let mut written = self.layers[layer].written_by(&clean(layer), indices);
        for later in layer + 1..layers {
            written = self.layers[later].carry(&clean(later), written);
        }
        Ok(self.head.carry(&leaving, written).matmul(decoder.transpose()))
    }

    /// The weights of some neurons towards each word, `[neurons, vocabulary]`: a
    /// neuron's column of `output.dense`, times the weights of the head's dense layer, times the
    /// decoder's row of the word. It is per unit of activation after GELU, and leaves out biases,
    /// activation functions and layer normalisations; so it is the same in every sentence, and not in
    /// units of logits.
    ///
    /// # Errors
    /// If `layer` or a neuron does not exist ([`BertModelError::NoSuchLayer`],
    /// [`BertModelError::NoSuchNeuron`]), or there is no neuron ([`BertModelError::EmptyBatch`]).
    pub fn word_weights(
        &self,
        layer: usize,
        neurons: &[usize],
    ) -> Result<Tensor<2>, BertModelError> {
        let layers = self.layers.len();
        if layer >= layers {
            return Err(BertModelError::NoSuchLayer { layer, layers });
        }
        let columns = self.layers[layer].mlp.output_columns(self.neuron_indices(neurons)?);
        let decoder = self.head.decoder(self.embeddings.words.val());
        Ok(self.head.weigh(columns).matmul(decoder.transpose()))
    }

    /// The indices of neurons on the device.
    fn neuron_indices(&self, neurons: &[usize]) -> Result<Tensor<1, Int>, BertModelError> {
        let count = self.config().intermediate_size;
        if neurons.is_empty() {
            return Err(BertModelError::EmptyBatch);
        }
        let mut indices = Vec::with_capacity(neurons.len());
        for &neuron in neurons {
            if neuron >= count {
                return Err(BertModelError::NoSuchNeuron { neuron, neurons: count });
            }
            indices.push(neuron as i64);
        }
        let device = self.embeddings.words.val().device();
        Ok(Tensor::from_data(indices.as_slice(), &device))
    }

    fn check_direct_effects(
        &self,
        entering: &[Tensor<3>],
        layer: usize,
        position: usize,
        tokens: &[u32],
    ) -> Result<(), BertModelError> {
        self.check_clean_pass(entering, layer, position)?;
        if tokens.is_empty() {
            return Err(BertModelError::EmptyBatch);
        }
        let vocabulary = self.config().vocab_size;
        match tokens.iter().find(|&&id| id as usize >= vocabulary) {
            Some(&id) => Err(BertModelError::TokenId { id, vocabulary }),
            None => Ok(()),
        }
    }

    /// Checks that the layer and the position exist in the clean pass of one sentence.
    fn check_clean_pass(
        &self,
        entering: &[Tensor<3>],
        layer: usize,
        position: usize,
    ) -> Result<(), BertModelError> {
        let layers = self.layers.len();
        let width = self.config().hidden_size;
        if layer >= layers {
            return Err(BertModelError::NoSuchLayer { layer, layers });
        }
        let found: Vec<_> = entering.iter().map(Tensor::dims).collect();
        let length = found.first().map_or(0, |&[_, length, _]| length);
        if found.len() != layers + 1 || found.iter().any(|&shape| shape != [1, length, width]) {
            return Err(BertModelError::CleanPass { expected: layers + 1, width, found });
        }
        if position >= length {
            return Err(BertModelError::NoSuchPosition { row: 0, position, rows: 1, length });
        }
        Ok(())
    }
}
