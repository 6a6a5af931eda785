use burn::{
    module::{Module, Param},
    nn::Linear,
    tensor::{Int, Tensor},
};

use crate::{
    config::{
        bert_config::BertConfig,
        family_traits::{HeadNames, Names, TransformNames},
        structure::Structure,
    },
    error::BertModelError,
    ops::{activation::Activation, layer_norm::LayerNorm},
    weights::{
        tensor_reader::TensorReader,
        tensor_source::TensorSource,
        tensor_writer::{NamedTensors, save_linear, save_norm},
    },
};

/// The head: dense, activation function, LayerNorm, decoder + bias. A decoder has no dense layer. In models
/// of [`Norms::Pre`](crate::Norms) the last layer's output first passes another LayerNorm.
#[derive(Module, Debug)]
pub(crate) struct MlmHead {
    final_norm: Option<LayerNorm>,
    transform: Option<Transform>,
    /// `[vocabulary, width of the embeddings]`; `None` if the decoder is the token embedding matrix.
    decoder: Option<Param<Tensor<2>>>,
    /// `[vocabulary]`.
    bias: Option<Param<Tensor<1>>>,
}

/// The part of a head before its decoder: dense, activation function, LayerNorm.
#[derive(Module, Debug)]
struct Transform {
    dense: Linear,
    norm: LayerNorm,
    #[module(skip)]
    activation: Activation,
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
        let Structure { biases, head_activation, .. } = &config.structure;
        let final_norm = match reader.names.final_norm {
            Some(norm) => Some(reader.norm(&reader.names.full(norm), hidden, config)?),
            None => None,
        };
        let names = &reader.names.head;
        let transform = match &names.transform {
            Some(TransformNames { dense, norm }) => Some(Transform {
                dense: reader.linear(dense, [hidden, width], biases.transform)?,
                norm: reader.norm(norm, width, config)?,
                activation: *head_activation,
            }),
            None => None,
        };
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
        let bias = if biases.decoder { Some(reader.vector(names.bias, vocabulary)?) } else { None };
        Ok(Self { final_norm, transform, decoder, bias })
    }

    pub(crate) fn save(&self, names: &Names, tensors: &mut NamedTensors) {
        let HeadNames { transform, decoder, bias, .. } = &names.head;
        if let (Some(part), Some(norm)) = (names.final_norm, &self.final_norm) {
            save_norm(norm, &names.full(part), tensors);
        }
        if let (Some(names), Some(part)) = (transform, &self.transform) {
            save_linear(&part.dense, names.dense, tensors);
            save_norm(&part.norm, names.norm, tensors);
        }
        if let Some(matrix) = &self.decoder {
            tensors.push(((*decoder).to_owned(), matrix.val().into_data()));
        }
        if let Some(vector) = &self.bias {
            tensors.push(((*bias).to_owned(), vector.val().into_data()));
        }
    }

    /// `hidden`: `[n, hidden]`, `words`: the token embeddings. Returns `[n, vocabulary]`.
    pub(crate) fn forward(&self, hidden: Tensor<2>, words: Tensor<2>) -> Tensor<2> {
        let decoder = self.decoder(words);
        let logits = self.transformed(hidden).matmul(decoder.transpose());
        match &self.bias {
            Some(bias) => logits + bias.val().unsqueeze::<2>(),
            None => logits,
        }
    }

    /// [`MlmHead::forward`] for a few tokens only: `[n, tokens]`.
    pub(crate) fn forward_of(
        &self,
        hidden: Tensor<2>,
        words: Tensor<2>,
        tokens: Tensor<1, Int>,
    ) -> Tensor<2> {
        let rows = self.decoder_rows(words, tokens.clone());
        let logits = self.transformed(hidden).matmul(rows.transpose());
        match &self.bias {
            Some(bias) => logits + bias.val().select(0, tokens).unsqueeze::<2>(),
            None => logits,
        }
    }

    /// Input of the decoder.
    fn transformed(&self, hidden: Tensor<2>) -> Tensor<2> {
        let normalised = self.normalised(hidden);
        match &self.transform {
            Some(transform) => transform.forward(normalised),
            None => normalised,
        }
    }

    /// Input of the dense layer.
    fn normalised(&self, hidden: Tensor<2>) -> Tensor<2> {
        match &self.final_norm {
            Some(norm) => norm.forward(hidden),
            None => hidden,
        }
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
    /// `clean`, `[1, hidden]`, are the scales of LayerNorms and the factor `f(z) / z` of the activation
    /// function, which is `Phi(z)` for GELU.
    pub(crate) fn pull_back(&self, clean: &Tensor<2>, directions: Tensor<2>) -> Tensor<2> {
        let at_dense = match &self.transform {
            Some(transform) => transform.pull_back(self.normalised(clean.clone()), directions),
            None => directions,
        };
        match &self.final_norm {
            Some(norm) => norm.pull_back(clean, at_dense),
            None => at_dense,
        }
    }

    /// Takes `directions` of the head's input on to the decoder's input: the transpose of
    /// [`MlmHead::pull_back`].
    pub(crate) fn carry(&self, clean: &Tensor<2>, directions: Tensor<2>) -> Tensor<2> {
        let directions = match &self.final_norm {
            Some(norm) => norm.carry(clean, directions),
            None => directions,
        };
        match &self.transform {
            Some(transform) => transform.carry(self.normalised(clean.clone()), directions),
            None => directions,
        }
    }

    /// `directions` of the head's input, times the weights of its dense layer, if it has one.
    pub(crate) fn weigh(&self, directions: Tensor<2>) -> Tensor<2> {
        match &self.transform {
            Some(transform) => directions.matmul(transform.dense.weight.val()),
            None => directions,
        }
    }

    /// The gradient at `hidden`, `[n, hidden]`, from the one at the decoder's input, `[n, width of the
    /// embeddings]`.
    pub(crate) fn backward(&self, hidden: Tensor<2>, gradient: Tensor<2>) -> Tensor<2> {
        let at_dense = match &self.transform {
            Some(transform) => transform.backward(self.normalised(hidden.clone()), gradient),
            None => gradient,
        };
        match &self.final_norm {
            Some(norm) => norm.backward(hidden, at_dense),
            None => at_dense,
        }
    }
}

impl Transform {
    fn forward(&self, hidden: Tensor<2>) -> Tensor<2> {
        self.norm.forward(self.activation.forward(self.dense.forward(hidden)))
    }

    /// [`MlmHead::pull_back`] through this part. `clean` is its input, `[1, hidden]`.
    fn pull_back(&self, clean: Tensor<2>, directions: Tensor<2>) -> Tensor<2> {
        let z = self.dense.forward(clean);
        let before_norm = self.norm.pull_back(&self.activation.forward(z.clone()), directions);
        let before_factor = before_norm * self.activation.factor(z);
        before_factor.matmul(self.dense.weight.val().transpose())
    }

    /// [`MlmHead::carry`] through this part. `clean` is its input, `[1, hidden]`.
    fn carry(&self, clean: Tensor<2>, directions: Tensor<2>) -> Tensor<2> {
        let z = self.dense.forward(clean);
        let at_activation = directions.matmul(self.dense.weight.val());
        let before_norm = at_activation * self.activation.factor(z.clone());
        self.norm.carry(&self.activation.forward(z), before_norm)
    }

    /// The gradient at the input, `[n, hidden]`, from the one at the output.
    fn backward(&self, hidden: Tensor<2>, gradient: Tensor<2>) -> Tensor<2> {
        let z = self.dense.forward(hidden);
        let before_norm = self.norm.backward(self.activation.forward(z.clone()), gradient);
        let at_z = before_norm * self.activation.derivative(z);
        at_z.matmul(self.dense.weight.val().transpose())
    }
}

/// Whether two matrices of one shape hold the same values.
fn have_same_values(a: Tensor<2>, b: Tensor<2>) -> bool {
    a.equal(b).all().into_scalar()
}
