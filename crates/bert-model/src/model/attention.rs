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
        dot_product_attention::{Projections, dot_product_attention},
        layer_norm::LayerNorm,
        linear::{add_linear, linear},
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
        let (hidden, names) = (config.hidden_size, reader.names);
        let full = |part| names.in_layer(index, part);
        let LayerNames { query, key, value, attention_output, .. } = names.layer;
        reader.prepare([query, key, value, attention_output].map(full))?;
        let mut linear = |part| reader.linear(&full(part), [hidden, hidden]);
        let (query, key) = (linear(names.layer.query)?, linear(names.layer.key)?);
        let value = linear(names.layer.value)?;
        let output = linear(names.layer.attention_output)?;
        let norm = full(names.layer.attention_norm);
        let norm = reader.norm(&norm, hidden, config.layer_norm_eps)?;
        Ok(Self { query, key, value, output, norm, heads: config.num_attention_heads })
    }

    pub(crate) fn save(&self, index: usize, names: &Names, out: &mut NamedTensors) {
        let LayerNames { query, key, value, attention_output, attention_norm, .. } = names.layer;
        for (part, linear) in [
            (query, &self.query),
            (key, &self.key),
            (value, &self.value),
            (attention_output, &self.output),
        ] {
            save_linear(linear, &names.in_layer(index, part), out);
        }
        save_norm(&self.norm, &names.in_layer(index, attention_norm), out);
    }

    /// What `tokens` attend to among all of `hidden`, `[batch, seq, hidden]`, which enters the
    /// layer. Returns what the MLP reads.
    pub(crate) fn forward(&self, hidden: Tensor<3>, tokens: TokenSet<'_>) -> Tensor<3> {
        self.norm.forward(match tokens {
            TokenSet::All => self.sum(hidden),
            TokenSet::OneEach(_) => {
                let asking = tokens.of(hidden.clone());
                add_linear(&self.output, self.context_of_one(asking.clone(), hidden), asking)
            }
        })
    }

    /// The same for all tokens, where their projections are known.
    pub(crate) fn forward_projected(
        &self,
        hidden: Tensor<3>,
        projections: Projections,
    ) -> Tensor<3> {
        let attended = dot_product_attention(projections, self.heads);
        self.norm.forward(add_linear(&self.output, attended, hidden))
    }

    /// What the LayerNorm reads: attention's output and the stream that passes by it.
    pub(crate) fn sum(&self, hidden: Tensor<3>) -> Tensor<3> {
        let attended = dot_product_attention(self.project(hidden.clone()), self.heads);
        add_linear(&self.output, attended, hidden)
    }

    /// Queries, keys and values of `hidden`, `[batch, seq, hidden]`.
    pub(crate) fn project(&self, hidden: Tensor<3>) -> Projections {
        Projections {
            queries: linear(&self.query, hidden.clone()),
            keys: linear(&self.key, hidden.clone()),
            values: linear(&self.value, hidden),
        }
    }

    /// What one token of each row, `[batch, 1, hidden]`, attends to among all of `hidden`, without
    /// the keys and values of every token.
    ///
    /// A score is `q·(K h + b) = (Kᵀ q)·h + q·b`, where the last term is the same for all tokens,
    /// so that softmax drops it. And as attention sums to 1, what is attended to is
    /// `Σ a (V h + b) = V (Σ a h) + b`.
    fn context_of_one(&self, asking: Tensor<3>, hidden: Tensor<3>) -> Tensor<3> {
        let [batch, _, width] = asking.dims();
        let size = width / self.heads;
        let split = |tensor: Tensor<3>, count| {
            tensor.reshape([count, self.heads, size]).swap_dims(0, 1) // [heads, count, size]
        };
        let weight = |linear: &Linear| split(linear.weight.val().unsqueeze::<3>(), width);
        let queries = split(self.query.forward(asking), batch);
        let sought = queries.matmul(weight(&self.key).swap_dims(1, 2)).swap_dims(0, 1);
        // [batch, heads, seq]
        let scores = sought.matmul(hidden.clone().swap_dims(1, 2)) / (size as f64).sqrt();
        let found = softmax(scores, 2).matmul(hidden).swap_dims(0, 1);
        let values = found.matmul(weight(&self.value)).swap_dims(0, 1).reshape([batch, 1, width]);
        match &self.value.bias {
            Some(bias) => values + bias.val().unsqueeze::<3>(),
            None => values,
        }
    }
}
