use burn::{
    module::Module,
    nn::Linear,
    tensor::{Int, Tensor},
};

use crate::{
    config::{
        bert_config::BertConfig,
        family::{LayerNames, Names},
    },
    error::BertModelError,
    model::{
        attention::Attention,
        mlp_hook::{MlpHook, Site, TokenSet},
    },
    ops::{
        gelu::{gelu, gelu_derivative},
        layer_norm::LayerNorm,
        linear::{add_linear, linear, linear_backward},
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

/// Intermediate results of a layer: `[batch, seq, _]`, or `[1, _]` at one position.
pub(crate) struct Steps<const D: usize> {
    /// Input of the LayerNorm after the attention.
    attention_sum: Tensor<D>,
    /// The neurons' activations before GELU, as the hook returned them.
    pre: Tensor<D>,
    /// The neurons' activations after GELU, as the hook returned them.
    post: Tensor<D>,
    /// Input of the LayerNorm after the MLP: the MLP's output and the residual stream.
    output_sum: Tensor<D>,
}

/// Gradients in one layer, `[batch, seq, _]`.
pub(crate) struct LayerGradients {
    /// At the activations before GELU.
    pub(crate) pre: Tensor<3>,
    /// At the activations after GELU.
    pub(crate) post: Tensor<3>,
    /// At the layer's input.
    pub(crate) hidden: Tensor<3>,
}

impl Steps<3> {
    /// The steps at one position of a batch of one row.
    pub(crate) fn at(self, position: usize) -> Steps<2> {
        let at = |steps: Tensor<3>| steps.narrow(1, position, 1).squeeze_dim(1);
        Steps {
            attention_sum: at(self.attention_sum),
            pre: at(self.pre),
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
        let hidden = config.hidden_size;
        let neurons = config.intermediate_size;
        let names = reader.names;
        let LayerNames { intermediate, output, output_norm, .. } = names.layer;
        let full_name = |part| names.in_layer(index, part);
        let attention = Attention::load(config, index, reader)?;
        reader.prepare([intermediate, output].map(full_name))?;
        Ok(Self {
            attention,
            intermediate: reader.linear(&full_name(intermediate), [hidden, neurons])?,
            output: reader.linear(&full_name(output), [neurons, hidden])?,
            output_norm: reader.norm(&full_name(output_norm), hidden, config.layer_norm_eps)?,
        })
    }

    /// Name of a tensor that every layer has. If a file has it, it has the layer.
    pub(crate) fn first_tensor(index: usize, names: &Names) -> String {
        names.in_layer(index, names.layer.query) + ".weight"
    }

    pub(crate) fn save(&self, index: usize, names: &Names, tensors: &mut NamedTensors) {
        self.attention.save(index, names, tensors);
        let LayerNames { intermediate, output, output_norm, .. } = names.layer;
        save_linear(&self.intermediate, &names.in_layer(index, intermediate), tensors);
        save_linear(&self.output, &names.in_layer(index, output), tensors);
        save_norm(&self.output_norm, &names.in_layer(index, output_norm), tensors);
    }

    /// The MLP and the LayerNorm after it. `attended` is the result of [`Attention::forward`] for
    /// `tokens`; returns the layer's output for them.
    pub(crate) fn mlp(
        &self,
        index: usize,
        attended: Tensor<3>,
        tokens: TokenSet<'_>,
        hook: &mut dyn MlpHook,
    ) -> Tensor<3> {
        let pre = self.pre(index, attended.clone(), tokens, hook);
        let post = hook.visit(index, Site::Post, tokens, gelu(pre));
        self.output_norm.forward(add_linear(&self.output, post, attended))
    }

    /// The Euclidean norm of each neuron's output weights.
    pub(crate) fn output_norms(&self) -> Vec<f32> {
        let weights = self.output.weight.val();
        let norms = (weights.clone() * weights).sum_dim(1).sqrt().into_data();
        norms.iter::<f32>().collect()
    }

    /// The steps of a pass of all tokens.
    pub(crate) fn steps(
        &self,
        index: usize,
        hidden: Tensor<3>,
        hook: &mut dyn MlpHook,
    ) -> Steps<3> {
        let attention_sum = self.attention.sum(hidden);
        let attended = self.attention.norm.forward(attention_sum.clone());
        let pre = self.pre(index, attended.clone(), TokenSet::All, hook);
        let post = hook.visit(index, Site::Post, TokenSet::All, gelu(pre.clone()));
        let output_sum = add_linear(&self.output, post.clone(), attended);
        Steps { attention_sum, pre, post, output_sum }
    }

    /// The layer's output in these steps.
    pub(crate) fn output(&self, steps: &Steps<3>) -> Tensor<3> {
        self.output_norm.forward(steps.output_sum.clone())
    }

    /// The activations before GELU, as the hook returned them.
    fn pre(
        &self,
        index: usize,
        attended: Tensor<3>,
        tokens: TokenSet<'_>,
        hook: &mut dyn MlpHook,
    ) -> Tensor<3> {
        let pre = linear(&self.intermediate, attended);
        hook.visit(index, Site::Pre, tokens, pre)
    }

    /// The layer's output at a position without the contribution of each neuron in turn:
    /// `[intermediate, hidden]`.
    pub(crate) fn without_each_neuron(&self, clean: Steps<2>) -> Tensor<2> {
        let written = clean.post.transpose() * self.output.weight.val();
        self.output_norm.forward(clean.output_sum - written)
    }

    /// [`Layer::without_each_neuron`] for some neurons, `[neurons, hidden]`.
    pub(crate) fn without_neurons(&self, clean: Steps<2>, neurons: Tensor<1, Int>) -> Tensor<2> {
        let written = self.written(&clean, neurons);
        self.output_norm.forward(clean.output_sum - written)
    }

    /// The contribution of some neurons to the layer's output, with the LayerNorm's scale frozen:
    /// `[neurons, hidden]`.
    pub(crate) fn written_by(&self, clean: Steps<2>, neurons: Tensor<1, Int>) -> Tensor<2> {
        let written = self.written(&clean, neurons);
        self.output_norm.carry(clean.output_sum, written)
    }

    /// The contribution of some neurons to the residual stream, `[neurons, hidden]`.
    fn written(&self, clean: &Steps<2>, neurons: Tensor<1, Int>) -> Tensor<2> {
        let post = clean.post.clone().transpose().select(0, neurons.clone());
        post * self.output_columns(neurons)
    }

    /// The contribution of some neurons to the residual stream per unit of activation, `[neurons, hidden]`.
    pub(crate) fn output_columns(&self, neurons: Tensor<1, Int>) -> Tensor<2> {
        self.output.weight.val().select(0, neurons)
    }

    /// The contribution of each neuron along `directions`, `[n, hidden]`, of the layer's output, with
    /// the LayerNorm's scale frozen: `[n, intermediate]`.
    pub(crate) fn written_along(&self, clean: Steps<2>, directions: Tensor<2>) -> Tensor<2> {
        let before_norm = self.output_norm.pull_back(clean.output_sum, directions);
        before_norm.matmul(self.output.weight.val().transpose()) * clean.post
    }

    /// Takes `directions` of the layer's output back to its input, along the residual stream and
    /// through each LayerNorm with its scale frozen.
    pub(crate) fn pull_back(&self, clean: Steps<2>, directions: Tensor<2>) -> Tensor<2> {
        let before_mlp = self.output_norm.pull_back(clean.output_sum, directions);
        self.attention.norm.pull_back(clean.attention_sum, before_mlp)
    }

    /// Takes `directions` of the layer's input on to its output: the transpose of [`Layer::pull_back`].
    pub(crate) fn carry(&self, clean: Steps<2>, directions: Tensor<2>) -> Tensor<2> {
        let after_attention = self.attention.norm.carry(clean.attention_sum, directions);
        self.output_norm.carry(clean.output_sum, after_attention)
    }

    /// The gradients at the activations and at the layer's input, `hidden`, from the one at its output.
    /// `steps` are those of the pass. All are `[batch, seq, _]`.
    pub(crate) fn backward(
        &self,
        hidden: Tensor<3>,
        steps: Steps<3>,
        gradient: Tensor<3>,
    ) -> LayerGradients {
        let at_output_sum = self.output_norm.backward(steps.output_sum, gradient);
        let post = linear_backward(&self.output, at_output_sum.clone());
        let pre = post.clone() * gelu_derivative(steps.pre);
        let at_attended = at_output_sum + linear_backward(&self.intermediate, pre.clone());
        let at_attention_sum = self.attention.norm.backward(steps.attention_sum, at_attended);
        let at_input = at_attention_sum.clone() + self.attention.backward(hidden, at_attention_sum);
        LayerGradients { pre, post, hidden: at_input }
    }
}
