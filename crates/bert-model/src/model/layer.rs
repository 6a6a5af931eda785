use burn::{module::Module, nn::Linear, tensor::Tensor};

use crate::{
    config::{bert_config::BertConfig, family::Names},
    error::BertModelError,
    model::{
        attention::Attention,
        mlp_hook::{MlpHook, NoHook, Site, TokenSet},
    },
    ops::{
        gelu::gelu,
        layer_norm::LayerNorm,
        linear::{add_linear, linear},
    },
    weights::{
        tensor_reader::TensorReader,
        tensor_source::TensorSource,
        tensor_writer::{NamedTensors, save_linear, save_norm},
    },
};

/// One encoder layer: self-attention, then the MLP, LayerNorm after each (post-LN).
#[derive(Module, Debug)]
pub(crate) struct Layer {
    pub(crate) attention: Attention,
    intermediate: Linear,
    output: Linear,
    output_norm: LayerNorm,
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

impl Layer {
    pub(crate) fn load(
        config: &BertConfig,
        index: usize,
        reader: &mut TensorReader<'_, impl TensorSource>,
    ) -> Result<Self, BertModelError> {
        let (hidden, neurons) = (config.hidden_size, config.intermediate_size);
        let names = reader.names;
        let full = |part| names.in_layer(index, part);
        let attention = Attention::load(config, index, reader)?;
        reader.prepare([names.layer.intermediate, names.layer.output].map(full))?;
        let intermediate = reader.linear(&full(names.layer.intermediate), [hidden, neurons])?;
        let output = reader.linear(&full(names.layer.output), [neurons, hidden])?;
        let norm = full(names.layer.output_norm);
        let output_norm = reader.norm(&norm, hidden, config.layer_norm_eps)?;
        Ok(Self { attention, intermediate, output, output_norm })
    }

    /// A tensor that every layer has; whether a file has it tells whether it has the layer.
    pub(crate) fn first_tensor(index: usize, names: &Names) -> String {
        names.in_layer(index, names.layer.query) + ".weight"
    }

    pub(crate) fn save(&self, index: usize, names: &Names, out: &mut NamedTensors) {
        self.attention.save(index, names, out);
        for (part, linear) in
            [(names.layer.intermediate, &self.intermediate), (names.layer.output, &self.output)]
        {
            save_linear(linear, &names.in_layer(index, part), out);
        }
        save_norm(&self.output_norm, &names.in_layer(index, names.layer.output_norm), out);
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
        self.output_norm.forward(add_linear(&self.output, post, attended))
    }

    /// What each `LayerNorm` reads and the neurons give in a plain pass of all tokens.
    pub(crate) fn steps(&self, index: usize, hidden: Tensor<3>) -> Steps<3> {
        let attention_sum = self.attention.sum(hidden);
        let attended = self.attention.norm.forward(attention_sum.clone());
        let post = self.post(index, attended.clone(), TokenSet::All, &mut NoHook);
        let output_sum = add_linear(&self.output, post.clone(), attended);
        Steps { attention_sum, post, output_sum }
    }

    /// The activations after GELU.
    fn post(
        &self,
        index: usize,
        attended: Tensor<3>,
        tokens: TokenSet<'_>,
        hook: &mut dyn MlpHook,
    ) -> Tensor<3> {
        let pre = linear(&self.intermediate, attended);
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
    pub(crate) fn written_along(&self, clean: Steps<2>, directions: Tensor<2>) -> Tensor<2> {
        let back = self.output_norm.back(clean.output_sum, directions);
        back.matmul(self.output.weight.val().transpose()) * clean.post
    }

    /// Takes `directions` from what leaves the layer back to what enters it, past its attention and
    /// its MLP, through the LayerNorm after each with its scale frozen.
    pub(crate) fn back_past(&self, clean: Steps<2>, directions: Tensor<2>) -> Tensor<2> {
        let back = self.output_norm.back(clean.output_sum, directions);
        self.attention.norm.back(clean.attention_sum, back)
    }
}
