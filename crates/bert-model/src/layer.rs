use burn::{
    module::Module,
    nn::{LayerNorm, Linear},
    tensor::{
        Device, Tensor,
        activation::{gelu, softmax},
    },
};

use crate::{
    BertConfig, BertModelError, MlpHook, Site, TensorSource,
    parts::{NamedTensors, load_linear, load_norm, save_linear, save_norm},
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

    /// `hidden`: `[batch, seq, hidden]`, the residual stream that enters this layer, number
    /// `index`; returns what leaves it.
    pub(crate) fn forward(
        &self,
        index: usize,
        hidden: Tensor<3>,
        hook: &mut dyn MlpHook,
    ) -> Tensor<3> {
        let attended = self.attention_output.forward(self.attend(&hidden));
        let hidden = self.attention_norm.forward(attended + hidden);

        let pre = self.intermediate.forward(hidden.clone());
        let pre = hook.visit(index, Site::Pre, pre);
        let post = hook.visit(index, Site::Post, gelu(pre));
        self.output_norm.forward(self.output.forward(post) + hidden)
    }

    /// Multi-head scaled dot-product attention, every token to every token.
    fn attend(&self, hidden: &Tensor<3>) -> Tensor<3> {
        let [batch, length, width] = hidden.dims();
        let head_size = width / self.heads;
        let split = |linear: &Linear| {
            linear
                .forward(hidden.clone())
                .reshape([batch, length, self.heads, head_size])
                .swap_dims(1, 2) // [batch, heads, seq, head size]
        };
        let scale = (head_size as f64).sqrt();
        let scores = split(&self.query).matmul(split(&self.key).swap_dims(2, 3)) / scale;
        let context = softmax(scores, 3).matmul(split(&self.value));
        context.swap_dims(1, 2).reshape([batch, length, width])
    }
}
