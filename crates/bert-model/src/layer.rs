use burn::{
    module::Module,
    nn::{LayerNorm, Linear},
    tensor::{Device, Int, Tensor, activation::softmax},
};

use crate::{
    BertConfig, BertModelError, MlpHook, NoHook, Site, TensorSource, TokenSet,
    gelu::gelu,
    parts::{NamedTensors, back_through_norm, load_linear, load_norm, save_linear, save_norm},
};

/// One encoder layer: self-attention, then the MLP, LayerNorm after each (post-LN).
#[derive(Module, Debug)]
pub(crate) struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attention_output: Linear,
    attention_norm: LayerNorm,
    intermediate: Linear,
    output: Linear,
    output_norm: LayerNorm,
    #[module(skip)]
    heads: usize,
}

/// What a layer computes on its way: `[batch, seq, _]`, or `[1, _]` at one position.
pub(crate) struct Steps<const D: usize> {
    /// What the LayerNorm after the attention reads.
    attention_sum: Tensor<D>,
    /// The neurons' activations, as the hook left them.
    post: Tensor<D>,
    /// What the LayerNorm after the MLP reads: the MLP's output and the stream that passes by it.
    output_sum: Tensor<D>,
}

impl Steps<3> {
    /// The steps at one position of a batch of one row.
    pub(crate) fn at(self, position: usize) -> Steps<2> {
        let at = |steps: Tensor<3>| steps.narrow(1, position, 1).squeeze_dim(1);
        Steps {
            attention_sum: at(self.attention_sum),
            post: at(self.post),
            output_sum: at(self.output_sum),
        }
    }
}

/// The names of a layer's parts after `bert.encoder.layer.{index}.`.
const QUERY: &str = "attention.self.query";
const KEY: &str = "attention.self.key";
const VALUE: &str = "attention.self.value";
const ATTENTION_OUTPUT: &str = "attention.output.dense";
const ATTENTION_NORM: &str = "attention.output.LayerNorm";
const INTERMEDIATE: &str = "intermediate.dense";
const OUTPUT: &str = "output.dense";
const OUTPUT_NORM: &str = "output.LayerNorm";

fn full_name(index: usize, part: &str) -> String {
    format!("bert.encoder.layer.{index}.{part}")
}

impl Layer {
    pub(crate) fn load(
        config: &BertConfig,
        index: usize,
        source: &mut impl TensorSource,
        device: &Device,
    ) -> Result<Self, BertModelError> {
        let (hidden, intermediate) = (config.hidden_size, config.intermediate_size);
        let mut linear = |part, shape| load_linear(source, &full_name(index, part), shape, device);
        let query = linear(QUERY, [hidden, hidden])?;
        let key = linear(KEY, [hidden, hidden])?;
        let value = linear(VALUE, [hidden, hidden])?;
        let attention_output = linear(ATTENTION_OUTPUT, [hidden, hidden])?;
        let into = linear(INTERMEDIATE, [hidden, intermediate])?;
        let output = linear(OUTPUT, [intermediate, hidden])?;
        let mut norm = |part| {
            load_norm(source, &full_name(index, part), hidden, config.layer_norm_eps, device)
        };
        Ok(Self {
            query,
            key,
            value,
            attention_output,
            attention_norm: norm(ATTENTION_NORM)?,
            intermediate: into,
            output,
            output_norm: norm(OUTPUT_NORM)?,
            heads: config.num_attention_heads,
        })
    }

    /// A tensor that every layer has; whether a file has it tells whether it has the layer.
    pub(crate) fn first_tensor(index: usize) -> String {
        format!("{}.weight", full_name(index, QUERY))
    }

    pub(crate) fn save(&self, index: usize, out: &mut NamedTensors) {
        for (part, linear) in [
            (QUERY, &self.query),
            (KEY, &self.key),
            (VALUE, &self.value),
            (ATTENTION_OUTPUT, &self.attention_output),
            (INTERMEDIATE, &self.intermediate),
            (OUTPUT, &self.output),
        ] {
            save_linear(linear, &full_name(index, part), out);
        }
        save_norm(&self.attention_norm, &full_name(index, ATTENTION_NORM), out);
        save_norm(&self.output_norm, &full_name(index, OUTPUT_NORM), out);
    }

    /// Attention and the LayerNorm after it: what `tokens` attend to among all of `hidden`,
    /// `[batch, seq, hidden]`, which enters the layer. Returns what the MLP reads.
    pub(crate) fn attend(&self, hidden: Tensor<3>, tokens: TokenSet<'_>) -> Tensor<3> {
        self.attention_norm.forward(self.attention_sum(hidden, tokens))
    }

    /// The MLP and the LayerNorm after it. `attended` is what [`Layer::attend`] gave for `tokens`;
    /// returns what leaves the layer there.
    pub(crate) fn mlp(
        &self,
        index: usize,
        attended: Tensor<3>,
        tokens: TokenSet<'_>,
        hook: &mut dyn MlpHook,
    ) -> Tensor<3> {
        let post = self.post(index, attended.clone(), tokens, hook);
        self.output_norm.forward(self.output.forward(post) + attended)
    }

    /// What each `LayerNorm` reads and the neurons give in a plain pass of all tokens.
    pub(crate) fn steps(&self, index: usize, hidden: Tensor<3>) -> Steps<3> {
        let attention_sum = self.attention_sum(hidden, TokenSet::All);
        let attended = self.attention_norm.forward(attention_sum.clone());
        let post = self.post(index, attended.clone(), TokenSet::All, &mut NoHook);
        let output_sum = self.output.forward(post.clone()) + attended;
        Steps { attention_sum, post, output_sum }
    }

    fn attention_sum(&self, hidden: Tensor<3>, tokens: TokenSet<'_>) -> Tensor<3> {
        let asking = tokens.of(hidden.clone());
        self.attention_output.forward(self.context(asking.clone(), hidden)) + asking
    }

    /// The activations after GELU.
    fn post(
        &self,
        index: usize,
        attended: Tensor<3>,
        tokens: TokenSet<'_>,
        hook: &mut dyn MlpHook,
    ) -> Tensor<3> {
        let pre = self.intermediate.forward(attended);
        let pre = hook.visit(index, Site::Pre, tokens, pre);
        hook.visit(index, Site::Post, tokens, gelu(pre))
    }

    /// What leaves the layer at a position when what one neuron writes there is taken away, for
    /// each neuron: `[intermediate, hidden]`.
    pub(crate) fn without_each_neuron(&self, clean: Steps<2>) -> Tensor<2> {
        let written = clean.post.transpose() * self.output.weight.val();
        self.output_norm.forward(clean.output_sum - written)
    }

    /// Takes `directions` from what leaves the layer back to what its neurons write, with the
    /// LayerNorm's scale frozen, and returns what each neuron writes along them:
    /// `[n, intermediate]`.
    pub(crate) fn written_along(
        &self,
        clean: Steps<2>,
        directions: Tensor<2>,
        epsilon: f64,
    ) -> Tensor<2> {
        let back = back_through_norm(&self.output_norm, epsilon, clean.output_sum, directions);
        back.matmul(self.output.weight.val().transpose()) * clean.post
    }

    /// Takes `directions` from what leaves the layer back to what enters it, past its attention and
    /// its MLP, through the LayerNorm after each with its scale frozen.
    pub(crate) fn back_past(
        &self,
        clean: Steps<2>,
        directions: Tensor<2>,
        epsilon: f64,
    ) -> Tensor<2> {
        let back = back_through_norm(&self.output_norm, epsilon, clean.output_sum, directions);
        back_through_norm(&self.attention_norm, epsilon, clean.attention_sum, back)
    }

    /// Multi-head scaled dot-product attention of the tokens `asking` to all of `hidden`.
    fn context(&self, asking: Tensor<3>, hidden: Tensor<3>) -> Tensor<3> {
        let [batch, count, width] = asking.dims();
        let head_size = width / self.heads;
        let split = |projected: Tensor<3>| {
            let [_, count, _] = projected.dims();
            let heads = projected.reshape([batch, count, self.heads, head_size]);
            heads.swap_dims(1, 2) // [batch, heads, seq, head size]
        };
        let query = split(self.query.forward(asking));
        let key = split(self.key.forward(hidden.clone()));
        let value = split(self.value.forward(hidden));
        let scores = query.matmul(key.swap_dims(2, 3)) / (head_size as f64).sqrt();
        let context = softmax(scores, 3).matmul(value);
        context.swap_dims(1, 2).reshape([batch, count, width])
    }
}

impl TokenSet<'_> {
    /// These tokens of `[batch, seq, width]`: all of it, or `[batch, 1, width]`.
    ///
    /// # Panics
    /// Where there is not one position of each row, inside it.
    #[must_use]
    pub fn of(self, tensor: Tensor<3>) -> Tensor<3> {
        let Self::OneEach(positions) = self else { return tensor };
        let [batch, length, width] = tensor.dims();
        let rows = positions.iter().enumerate();
        let rows: Vec<i64> = rows.map(|(row, at)| (row * length + at) as i64).collect();
        let rows = Tensor::<1, Int>::from_data(rows.as_slice(), &tensor.device());
        tensor.reshape([batch * length, width]).select(0, rows).reshape([batch, 1, width])
    }
}
