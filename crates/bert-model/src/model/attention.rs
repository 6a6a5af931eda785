use burn::{
    module::Module,
    nn::Linear,
    tensor::{Tensor, activation::softmax},
};

use crate::{
    config::{
        bert_config::BertConfig,
        family_traits::{LayerNames, Names, ProjectionNames},
        structure::AttentionKind,
    },
    error::BertModelError,
    ops::{
        dot_product_attention::{
            Projections, attention_by_one, attention_from, dot_product_attention,
            dot_product_attention_backward,
        },
        head_counts::HeadCounts,
        layer_norm::LayerNorm,
        linear::{add_linear, linear, linear_backward},
        reach::Reach,
        rotary::{Positions, Rotary, RotaryPositions, Turn},
    },
    weights::{
        tensor_reader::TensorReader,
        tensor_source::TensorSource,
        tensor_writer::{NamedTensors, save_linears, save_linears_by_block, save_norm},
    },
};

/// Multi-head scaled dot-product self-attention.
#[derive(Module, Debug)]
pub(crate) struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    /// Norms of each head of queries and of keys.
    head_norms: Option<[LayerNorm; 2]>,
    #[module(skip)]
    heads: HeadCounts,
    #[module(skip)]
    reach: Reach,
    #[module(skip)]
    rotary: Option<Rotary>,
    /// A factor of the queries, if scores are divided by anything else than the root of a head's size.
    #[module(skip)]
    query_factor: Option<f64>,
}

/// Rotary positions with the frequencies of the file, if it has some.
fn load_rotary(
    positions: &RotaryPositions,
    size: usize,
    reader: &mut TensorReader<'_, impl TensorSource>,
) -> Result<Rotary, BertModelError> {
    let names = reader.names;
    for name in names.rotary_frequencies.iter().map(|name| names.full(name)) {
        if reader.contains(&name)? {
            let frequencies = reader.values(&name, positions.turned(size) / 2)?;
            return Ok(Rotary::with_frequencies(frequencies, size));
        }
    }
    Ok(Rotary::new(positions, size))
}

impl Attention {
    pub(crate) fn load(
        config: &BertConfig,
        index: usize,
        reader: &mut TensorReader<'_, impl TensorSource>,
    ) -> Result<Self, BertModelError> {
        let hidden = config.hidden_size;
        let size = config.head_size();
        let heads = HeadCounts {
            queries: config.num_attention_heads,
            key_values: config.key_value_heads(),
        };
        let of_queries = [hidden, heads.queries.saturating_mul(size)];
        let of_key_values = [hidden, heads.key_values.saturating_mul(size)];
        let biases = config.structure.biases;
        let names = reader.names;
        let LayerNames { projections, attention_output, head_norms, .. } = names.layer;
        let output = names.in_layer(index, attention_output);
        let [query, key, value] = match projections {
            ProjectionNames::Separate(parts) => {
                let [query, key, value] = parts.map(|part| names.in_layer(index, part));
                reader.prepare([query.clone(), key.clone(), value.clone(), output.clone()])?;
                [
                    reader.linear_in_layer(&query, of_queries, biases.attention)?,
                    reader.linear_in_layer(&key, of_key_values, biases.attention)?,
                    reader.linear_in_layer(&value, of_key_values, biases.attention)?,
                ]
            }
            ProjectionNames::Joint(joint) => {
                let joint = names.in_layer(index, joint);
                reader.prepare([joint.clone(), output.clone()])?;
                reader.joint_in_layer(&joint, of_queries, biases.attention)?
            }
            ProjectionNames::JointByHead(joint) => {
                let joint = names.in_layer(index, joint);
                reader.prepare([joint.clone(), output.clone()])?;
                reader.joint_by_block_in_layer(&joint, of_queries, size, biases.attention)?
            }
        };
        let head_norms = match head_norms {
            Some([queries, keys]) => Some([
                reader.norm(&names.in_layer(index, queries), size, config)?,
                reader.norm(&names.in_layer(index, keys), size, config)?,
            ]),
            None => None,
        };
        let AttentionKind { reach, rotary } = config.structure.attention(index);
        let rotary = match rotary {
            Some(positions) => Some(load_rotary(&positions, size, reader)?),
            None => None,
        };
        let [hidden, width] = of_queries;
        Ok(Self {
            query,
            key,
            value,
            output: reader.linear_in_layer(&output, [width, hidden], biases.attention_output)?,
            head_norms,
            heads,
            reach,
            rotary,
            query_factor: config.structure.scores.query_factor(index, size),
        })
    }

    pub(crate) fn save(&self, index: usize, names: &Names, tensors: &mut NamedTensors) {
        let linears = [&self.query, &self.key, &self.value];
        match names.layer.projections {
            ProjectionNames::Separate(parts) => {
                for (part, linear) in parts.into_iter().zip(linears) {
                    save_linears(&[linear], &names.in_layer(index, part), names.layout, tensors);
                }
            }
            ProjectionNames::Joint(joint) => {
                save_linears(&linears, &names.in_layer(index, joint), names.layout, tensors);
            }
            ProjectionNames::JointByHead(joint) => {
                let joint = names.in_layer(index, joint);
                let [_, width] = self.query.weight.dims();
                let size = width / self.heads.queries;
                save_linears_by_block(&linears, size, &joint, names.layout, tensors);
            }
        }
        if let (Some(parts), Some(norms)) = (names.layer.head_norms, &self.head_norms) {
            for (part, norm) in parts.into_iter().zip(norms) {
                save_norm(norm, &names.in_layer(index, part), tensors);
            }
        }
        let output = names.in_layer(index, names.layer.attention_output);
        save_linears(&[&self.output], &output, names.layout, tensors);
    }

    /// Adds the attention of all tokens, whose projections these are, to `stream`, `[batch, seq, hidden]`.
    pub(crate) fn add(&self, projections: Projections, stream: Tensor<3>) -> Tensor<3> {
        let turned = self.turned(projections, Positions::Counted);
        let attended = dot_product_attention(turned, self.heads, self.reach);
        add_linear(&self.output, attended, stream)
    }

    /// Adds the attention of one token of each row, `asking` `[batch, 1, hidden]` at `positions`, to all of
    /// `input`, `[batch, seq, hidden]`, to `stream`, `[batch, 1, hidden]`.
    pub(crate) fn add_by_one(
        &self,
        asking: Tensor<3>,
        input: Tensor<3>,
        positions: &[usize],
        stream: Tensor<3>,
    ) -> Tensor<3> {
        let [_, length, _] = input.dims();
        let has_own_keys = self.heads.group() == 1 && self.head_norms.is_none();
        if self.rotary.is_none() && has_own_keys && self.reach.is_all_of(length) {
            return add_linear(&self.output, self.attend_by_one(asking, input), stream);
        }
        let projections = Projections {
            queries: self.queries(asking),
            keys: self.normed(1, linear(&self.key, input.clone())),
            values: linear(&self.value, input),
        };
        self.add_projected_by_one(projections, positions, stream)
    }

    /// [`Attention::add_by_one`] from projections: queries `[batch, 1, hidden]`, keys and values `[batch, seq,
    /// hidden]`.
    pub(crate) fn add_projected_by_one(
        &self,
        projections: Projections,
        positions: &[usize],
        stream: Tensor<3>,
    ) -> Tensor<3> {
        let turned = self.turned(projections, Positions::OneEach(positions));
        let attended = attention_by_one(turned, self.heads, self.reach, positions);
        add_linear(&self.output, attended, stream)
    }

    /// [`Attention::add`] for the tokens of each row from `first` on, from their queries and the keys and values of
    /// all. `stream` is `[batch, tokens, hidden]`.
    pub(crate) fn add_projected_from(
        &self,
        projections: Projections,
        first: usize,
        stream: Tensor<3>,
    ) -> Tensor<3> {
        let turned = self.turned(projections, Positions::From(first));
        let attended = attention_from(turned, self.heads, self.reach, first);
        add_linear(&self.output, attended, stream)
    }

    /// The gradient at the input, `[batch, seq, hidden]`, from the one at what [`Attention::add`] adds.
    pub(crate) fn backward(&self, input: Tensor<3>, gradient: Tensor<3>) -> Tensor<3> {
        let at_attended = linear_backward(&self.output, gradient);
        let turned = self.turned(self.project(input.clone()), Positions::Counted);
        let mut at = dot_product_attention_backward(turned, self.heads, self.reach, at_attended);
        if let Some(rotary) = &self.rotary {
            at.queries = rotary.turn(at.queries, Positions::Counted, Turn::Back);
            at.keys = rotary.turn(at.keys, Positions::Counted, Turn::Back);
        }
        at.queries = self.with_factor(at.queries);
        if self.head_norms.is_some() {
            at.queries = self.normed_backward(0, linear(&self.query, input.clone()), at.queries);
            at.keys = self.normed_backward(1, linear(&self.key, input), at.keys);
        }
        linear_backward(&self.query, at.queries)
            + linear_backward(&self.key, at.keys)
            + linear_backward(&self.value, at.values)
    }

    /// Queries, keys and values of the input, `[batch, seq, hidden]`, without rotary positions.
    pub(crate) fn project(&self, input: Tensor<3>) -> Projections {
        Projections {
            queries: self.queries(input.clone()),
            keys: self.normed(1, linear(&self.key, input.clone())),
            values: linear(&self.value, input),
        }
    }

    /// The queries of the input, `[batch, seq, hidden]`, without rotary positions.
    fn queries(&self, input: Tensor<3>) -> Tensor<3> {
        self.with_factor(self.normed(0, linear(&self.query, input)))
    }

    /// Queries, or the gradient at them, with the factor of queries.
    fn with_factor(&self, queries: Tensor<3>) -> Tensor<3> {
        match self.query_factor {
            Some(factor) => queries * factor,
            None => queries,
        }
    }

    /// Queries, or keys with `part` 1, after the norm of each head, if the layer has them.
    fn normed(&self, part: usize, projected: Tensor<3>) -> Tensor<3> {
        let Some(norms) = &self.head_norms else { return projected };
        let shape = projected.dims();
        norms[part].forward(by_head(&norms[part], projected)).reshape(shape)
    }

    /// The gradient at what [`Attention::normed`] receives, from the one at what it returns.
    fn normed_backward(&self, part: usize, projected: Tensor<3>, gradient: Tensor<3>) -> Tensor<3> {
        let Some(norms) = &self.head_norms else { return gradient };
        let norm = &norms[part];
        let shape = projected.dims();
        norm.backward(by_head(norm, projected), by_head(norm, gradient)).reshape(shape)
    }

    /// The projections with rotary positions, if the layer has them. The keys are those of all tokens.
    fn turned(&self, projections: Projections, of_queries: Positions<'_>) -> Projections {
        let Some(rotary) = &self.rotary else { return projections };
        Projections {
            queries: rotary.turn(projections.queries, of_queries, Turn::Forward),
            keys: rotary.turn(projections.keys, Positions::Counted, Turn::Forward),
            values: projections.values,
        }
    }

    /// Dot-product attention of one token per row, `asking` `[batch, 1, hidden]`, to all of `input`, without
    /// rotary positions, with a head of keys for each of queries, and without the keys and values of every token. Returns `[batch, 1, hidden]`.
    ///
    /// A score is `q·(K h + b) = (Kᵀ q)·h + q·b`, where the last term is the same for all tokens, so
    /// that softmax drops it. And as the weights `a` of attention sum to 1, their mean of the values
    /// is `Σ a (V h + b) = V (Σ a h) + b`.
    fn attend_by_one(&self, asking: Tensor<3>, input: Tensor<3>) -> Tensor<3> {
        let [batch, _, hidden] = asking.dims();
        let [_, width] = self.query.weight.dims();
        let heads = self.heads.queries;
        let size = width / heads;
        let split = |tensor: Tensor<3>, count| {
            tensor.reshape([count, heads, size]).swap_dims(0, 1) // [heads, count, size]
        };
        let split_weight = |linear: &Linear| split(linear.weight.val().unsqueeze::<3>(), hidden);
        let queries = split(self.with_factor(self.query.forward(asking)), batch);
        // [batch, heads, hidden]
        let sought = queries.matmul(split_weight(&self.key).swap_dims(1, 2)).swap_dims(0, 1);
        // [batch, heads, seq]
        let scores = sought.matmul(input.clone().swap_dims(1, 2)) / (size as f64).sqrt();
        // [heads, batch, hidden]
        let found = softmax(scores, 2).matmul(input).swap_dims(0, 1);
        let values = found.matmul(split_weight(&self.value)).swap_dims(0, 1);
        let values = values.reshape([batch, 1, width]);
        match &self.value.bias {
            Some(bias) => values + bias.val().unsqueeze::<3>(),
            None => values,
        }
    }
}

/// Projected tokens with the values of each head in a row of its own, as its norm takes them.
fn by_head(norm: &LayerNorm, projected: Tensor<3>) -> Tensor<3> {
    let [batch, tokens, width] = projected.dims();
    let [size] = norm.gamma.dims();
    projected.reshape([batch, tokens * (width / size), size])
}
