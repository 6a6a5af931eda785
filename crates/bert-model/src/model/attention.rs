use burn::{
    module::Module,
    nn::Linear,
    tensor::{Tensor, activation::softmax},
};

use crate::{
    config::{
        bert_config::BertConfig,
        family::{LayerNames, Names},
    },
    error::BertModelError,
    model::mlp_hook::TokenSet,
    ops::{
        dot_product_attention::{
            Projections, dot_product_attention, dot_product_attention_backward,
        },
        layer_norm::LayerNorm,
        linear::{add_linear, linear, linear_backward},
    },
    weights::{
        tensor_reader::TensorReader,
        tensor_source::TensorSource,
        tensor_writer::{NamedTensors, save_linear, save_norm},
    },
};

/// Multi-head scaled dot-product self-attention, and the LayerNorm after it.
#[derive(Module, Debug)]
pub(crate) struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    pub(crate) norm: LayerNorm,
    #[module(skip)]
    heads: usize,
}

impl Attention {
    pub(crate) fn load(
        config: &BertConfig,
        index: usize,
        reader: &mut TensorReader<'_, impl TensorSource>,
    ) -> Result<Self, BertModelError> {
        let hidden = config.hidden_size;
        let names = reader.names;
        let LayerNames { query, key, value, attention_output, attention_norm, .. } = names.layer;
        let full_name = |part| names.in_layer(index, part);
        reader.prepare([query, key, value, attention_output].map(full_name))?;
        Ok(Self {
            query: reader.linear(&full_name(query), [hidden, hidden])?,
            key: reader.linear(&full_name(key), [hidden, hidden])?,
            value: reader.linear(&full_name(value), [hidden, hidden])?,
            output: reader.linear(&full_name(attention_output), [hidden, hidden])?,
            norm: reader.norm(&full_name(attention_norm), hidden, config.layer_norm_eps)?,
            heads: config.num_attention_heads,
        })
    }

    pub(crate) fn save(&self, index: usize, names: &Names, tensors: &mut NamedTensors) {
        let LayerNames { query, key, value, attention_output, attention_norm, .. } = names.layer;
        for (part, linear) in [
            (query, &self.query),
            (key, &self.key),
            (value, &self.value),
            (attention_output, &self.output),
        ] {
            save_linear(linear, &names.in_layer(index, part), tensors);
        }
        save_norm(&self.norm, &names.in_layer(index, attention_norm), tensors);
    }

    /// Attention of `tokens` to all of `hidden`, `[batch, seq, hidden]`, the input of the layer.
    /// Returns the input of the MLP.
    pub(crate) fn forward(&self, hidden: Tensor<3>, tokens: TokenSet<'_>) -> Tensor<3> {
        self.norm.forward(match tokens {
            TokenSet::All => self.sum(hidden),
            TokenSet::OneEach(_) => {
                let asking = tokens.of(hidden.clone());
                let attended = self.attend_by_one(asking.clone(), hidden);
                add_linear(&self.output, attended, asking)
            }
        })
    }

    /// [`Attention::forward`] of all tokens, from their projections.
    pub(crate) fn forward_projected(
        &self,
        hidden: Tensor<3>,
        projections: Projections,
    ) -> Tensor<3> {
        let attended = dot_product_attention(projections, self.heads);
        self.norm.forward(add_linear(&self.output, attended, hidden))
    }

    /// The input of the LayerNorm: attention's output and the residual stream.
    pub(crate) fn sum(&self, hidden: Tensor<3>) -> Tensor<3> {
        let attended = dot_product_attention(self.project(hidden.clone()), self.heads);
        add_linear(&self.output, attended, hidden)
    }

    /// The gradient at `hidden`, the input of the layer, through the attention only, from the one at
    /// [`Attention::sum`]. All are `[batch, seq, hidden]`.
    pub(crate) fn backward(&self, hidden: Tensor<3>, gradient: Tensor<3>) -> Tensor<3> {
        let at_attended = linear_backward(&self.output, gradient);
        let at = dot_product_attention_backward(self.project(hidden), self.heads, at_attended);
        linear_backward(&self.query, at.queries)
            + linear_backward(&self.key, at.keys)
            + linear_backward(&self.value, at.values)
    }

    /// Queries, keys and values of `hidden`, `[batch, seq, hidden]`.
    pub(crate) fn project(&self, hidden: Tensor<3>) -> Projections {
        Projections {
            queries: linear(&self.query, hidden.clone()),
            keys: linear(&self.key, hidden.clone()),
            values: linear(&self.value, hidden),
        }
    }

    /// Dot-product attention of one token per row, `asking` `[batch, 1, hidden]`, to all of `hidden`,
    /// without the keys and values of every token. Returns `[batch, 1, hidden]`.
    ///
    /// A score is `q·(K h + b) = (Kᵀ q)·h + q·b`, where the last term is the same for all tokens, so
    /// that softmax drops it. And as the weights `a` of attention sum to 1, their mean of the values
    /// is `Σ a (V h + b) = V (Σ a h) + b`.
    fn attend_by_one(&self, asking: Tensor<3>, hidden: Tensor<3>) -> Tensor<3> {
        let [batch, _, width] = asking.dims();
        let size = width / self.heads;
        let split = |tensor: Tensor<3>, count| {
            tensor.reshape([count, self.heads, size]).swap_dims(0, 1) // [heads, count, size]
        };
        let split_weight = |linear: &Linear| split(linear.weight.val().unsqueeze::<3>(), width);
        let queries = split(self.query.forward(asking), batch);
        // [batch, heads, hidden]
        let sought = queries.matmul(split_weight(&self.key).swap_dims(1, 2)).swap_dims(0, 1);
        // [batch, heads, seq]
        let scores = sought.matmul(hidden.clone().swap_dims(1, 2)) / (size as f64).sqrt();
        // [heads, batch, hidden]
        let found = softmax(scores, 2).matmul(hidden).swap_dims(0, 1);
        let values = found.matmul(split_weight(&self.value)).swap_dims(0, 1);
        let values = values.reshape([batch, 1, width]);
        match &self.value.bias {
            Some(bias) => values + bias.val().unsqueeze::<3>(),
            None => values,
        }
    }
}
