use burn::{
    module::{Module, Param},
    nn::Linear,
    tensor::{Int, Tensor},
};

use crate::{
    config::{
        bert_config::BertConfig,
        family::{HeadNames, Names},
    },
    error::BertModelError,
    ops::{
        gelu::{gelu, gelu_derivative, normal_cdf},
        layer_norm::LayerNorm,
    },
    weights::{
        tensor_reader::TensorReader,
        tensor_source::TensorSource,
        tensor_writer::{NamedTensors, save_linear, save_norm},
    },
};

/// The masked-language-model head: dense, GELU, LayerNorm, decoder + bias.
#[derive(Module, Debug)]
pub(crate) struct MlmHead {
    transform: Linear,
    norm: LayerNorm,
    /// `[vocabulary, width of the embeddings]`; `None` if the decoder is the token embedding matrix.
    decoder: Option<Param<Tensor<2>>>,
    /// `[vocabulary]`.
    bias: Param<Tensor<1>>,
}

impl MlmHead {
    /// `words`: the token embeddings, `[vocabulary, width of the embeddings]`.
    pub(crate) fn load(
        config: &BertConfig,
        words: Tensor<2>,
        reader: &mut TensorReader<'_, impl TensorSource>,
    ) -> Result<Self, BertModelError> {
        let hidden = config.hidden_size;
        let width = config.embedding_width();
        let vocabulary = config.vocab_size;
        let names = &reader.names.head;
        let transform = reader.linear(names.transform, [hidden, width])?;
        let norm = reader.norm(names.norm, width, config.layer_norm_eps)?;
        // A decoder in the file is used even if the configuration says `tied`, as transformers does
        // since version 5: a file that has both may hold different matrices. Mostly they are the
        // same, and then one is enough.
        let tied = config.tie_word_embeddings;
        let mut decoder = None;
        if !tied || reader.contains(names.decoder)? {
            let stored = reader.matrix(names.decoder, [vocabulary, width])?;
            if !(tied && have_same_values(stored.val(), words)) {
                decoder = Some(stored);
            }
        }
        let bias = reader.vector(names.bias, vocabulary)?;
        Ok(Self { transform, norm, decoder, bias })
    }

    pub(crate) fn save(&self, names: &Names, tensors: &mut NamedTensors) {
        let HeadNames { transform, norm, decoder, bias, .. } = &names.head;
        save_linear(&self.transform, transform, tensors);
        save_norm(&self.norm, norm, tensors);
        if let Some(matrix) = &self.decoder {
            tensors.push(((*decoder).to_owned(), matrix.val().into_data()));
        }
        tensors.push(((*bias).to_owned(), self.bias.val().into_data()));
    }

    /// `hidden`: `[n, hidden]`, `words`: the token embeddings. Returns `[n, vocabulary]`.
    pub(crate) fn forward(&self, hidden: Tensor<2>, words: Tensor<2>) -> Tensor<2> {
        let decoder = self.decoder(words);
        self.transformed(hidden).matmul(decoder.transpose()) + self.bias.val().unsqueeze::<2>()
    }

    /// [`MlmHead::forward`] for a few tokens only: `[n, tokens]`.
    pub(crate) fn forward_of(
        &self,
        hidden: Tensor<2>,
        words: Tensor<2>,
        tokens: Tensor<1, Int>,
    ) -> Tensor<2> {
        let bias = self.bias.val().select(0, tokens.clone());
        let rows = self.decoder_rows(words, tokens);
        self.transformed(hidden).matmul(rows.transpose()) + bias.unsqueeze::<2>()
    }

    /// Input of the decoder.
    fn transformed(&self, hidden: Tensor<2>) -> Tensor<2> {
        self.norm.forward(gelu(self.transform.forward(hidden)))
    }

    /// The decoder, `[vocabulary, width of the embeddings]`.
    pub(crate) fn decoder(&self, words: Tensor<2>) -> Tensor<2> {
        self.decoder.as_ref().map_or(words, Param::val)
    }

    /// The decoder's rows of `tokens`, `[tokens, width of the embeddings]`.
    pub(crate) fn decoder_rows(&self, words: Tensor<2>, tokens: Tensor<1, Int>) -> Tensor<2> {
        self.decoder(words).select(0, tokens)
    }

    /// The drops of the logits of the decoder's `rows`, `[tokens, width of the embeddings]`, if each
    /// of `changed`, `[n, hidden]`, replaces `clean`, `[1, hidden]`. Returns `[tokens, n]`.
    pub(crate) fn logit_drops(
        &self,
        rows: Tensor<2>,
        clean: Tensor<2>,
        changed: Tensor<2>,
    ) -> Tensor<2> {
        // The bias is in both logits.
        let difference = self.transformed(clean) - self.transformed(changed);
        rows.matmul(difference.transpose())
    }

    /// Takes `directions` of the decoder's input back to the head's input. Frozen at their values for
    /// `clean`, `[1, hidden]`, are the LayerNorm's scale and the factor `Phi(z)` of
    /// `GELU(z) = z * Phi(z)`.
    pub(crate) fn pull_back(&self, clean: Tensor<2>, directions: Tensor<2>) -> Tensor<2> {
        let z = self.transform.forward(clean);
        let before_norm = self.norm.pull_back(gelu(z.clone()), directions);
        (before_norm * normal_cdf(z)).matmul(self.transform.weight.val().transpose())
    }

    /// Takes `directions` of the head's input on to the decoder's input: the transpose of
    /// [`MlmHead::pull_back`].
    pub(crate) fn carry(&self, clean: Tensor<2>, directions: Tensor<2>) -> Tensor<2> {
        let z = self.transform.forward(clean);
        let before_norm = directions.matmul(self.transform.weight.val()) * normal_cdf(z.clone());
        self.norm.carry(gelu(z), before_norm)
    }

    /// `directions` of the head's input, times the weights of its dense layer.
    pub(crate) fn weigh(&self, directions: Tensor<2>) -> Tensor<2> {
        directions.matmul(self.transform.weight.val())
    }

    /// The gradient at `hidden`, `[n, hidden]`, from the one at the decoder's input, `[n, width of the
    /// embeddings]`.
    pub(crate) fn backward(&self, hidden: Tensor<2>, gradient: Tensor<2>) -> Tensor<2> {
        let z = self.transform.forward(hidden);
        let before_norm = self.norm.backward(gelu(z.clone()), gradient);
        (before_norm * gelu_derivative(z)).matmul(self.transform.weight.val().transpose())
    }
}

/// Whether two matrices of one shape hold the same values.
fn have_same_values(a: Tensor<2>, b: Tensor<2>) -> bool {
    a.equal(b).all().into_scalar()
}
